"""Where the faces are: YuNet (Wu, Peng and Yu 2023, "YuNet: A Tiny Millisecond-level Face Detector") through OpenCV."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.errors import FaceIndexError, FaceTooSmallError, NoFaceError, ProfileFaceError
from doppelganger.images import RGB, resize_area
from doppelganger.weights import Store

MIN_EYE_DISTANCE = 32.0
"""Smallest distance between the eyes, in pixels: recognisers look at 112² crops in which it is about 35, so below it
even they would see an enlargement. A 40-pixel face has about 18."""
MAX_TURN = 0.5
"""Largest sideways shift of the nose tip from the middle of the eyes, in eye distances: a yaw of 40° by MediaPipe's
canonical face (20°: 0.22, 30°: 0.35, 50°: 0.72)."""
_LONG_SIDE = 800
_SCORE = 0.7


@dataclass(frozen=True)
class Face:
    """A found face. ``box``: x, y, width, height in pixels. ``points``: float32 [5, 2], the person's right eye, left
    eye, nose tip, right and left mouth corner (so right comes first from the left of the picture). ``score``: 0–1."""

    box: tuple[float, float, float, float]
    points: NDArray[np.float32]
    score: float

    @property
    def area(self) -> float:
        """Pixels of the box."""
        return self.box[2] * self.box[3]

    @property
    def eye_distance(self) -> float:
        """Pixels between the eyes as if seen from the front: the eye-to-mouth distance, about as long, does not
        shrink when the head turns, so the larger of both is taken."""
        eyes = float(np.linalg.norm(self.points[1] - self.points[0]))
        height = float(np.linalg.norm(self.points[3:].mean(0) - self.points[:2].mean(0)))
        return max(eyes, height)

    @property
    def turn(self) -> float:
        """How far the head is turned: the nose's shift along the line through the eyes, in eye distances (0 frontal,
        grows with the tangent of the yaw; positive towards the person's left)."""
        across = self.points[1] - self.points[0]
        shift = self.points[2] - self.points[:2].mean(0)
        return float(shift @ across / max(float(across @ across), 1e-6))


class FaceDetector:
    """YuNet on one CPU thread's worth of work; the store delivers the network on first use."""

    def __init__(self, store: Store) -> None:
        path = str(store.path("yunet"))
        talkative = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # OpenCV 5 warns of its defaults
        try:
            self._net = cv2.FaceDetectorYN.create(path, "", (320, 320), _SCORE, 0.3, 1000)
        finally:
            cv2.utils.logging.setLogLevel(talkative)

    def detect(self, image: RGB) -> list[Face]:
        """All faces of a uint8 [H, W, 3] picture, largest box first; an empty list when there is none.

        The long side is shrunk to 800 pixels first, where YuNet is at its best; with nothing found the picture is
        tried again with a wide margin (a face that fills the frame) and then at 1,600 (small faces in large photos).
        """
        height, width = image.shape[:2]
        fitting = min(1.0, _LONG_SIDE / max(height, width))
        faces = self._detect_at(image, fitting, 0)
        if not faces:
            faces = self._detect_at(image, fitting / 2, round(max(height, width) * fitting / 4))
        if not faces and fitting < 1:
            faces = self._detect_at(image, min(1.0, 2 * fitting), 0)
        return sorted(faces, key=lambda face: -face.area)

    def _detect_at(self, image: RGB, scale: float, margin: int) -> list[Face]:
        """Shrink by ``scale``, put ``margin`` grey pixels around, detect, map back to the picture's pixels."""
        width, height = (max(1, round(n * scale)) for n in (image.shape[1], image.shape[0]))
        small = cv2.cvtColor(resize_area(image, width, height), cv2.COLOR_RGB2BGR)
        if margin:
            small = cv2.copyMakeBorder(
                small, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(114, 114, 114)
            )
        self._net.setInputSize((small.shape[1], small.shape[0]))
        _, rows = self._net.detect(small)
        back = np.array([image.shape[1] / width, image.shape[0] / height], np.float32)
        faces = []
        for row in np.empty((0, 15), np.float32) if rows is None else rows:  # x y w h, 5 × (x y), score
            corner, size = (row[:2] - margin) * back, row[2:4] * back
            # (i + 0.5) · scale − 0.5: centres of pixels, not their corners, map onto each other
            points = (row[4:14].reshape(5, 2) - margin + 0.5) * back - 0.5
            box = (float(corner[0]), float(corner[1]), float(size[0]), float(size[1]))
            faces.append(Face(box, points.astype(np.float32), float(row[14])))
        return faces


def choose(faces: list[Face], index: int | None = None, name: str = "the picture") -> Face:
    """The face to work with: the largest, or the one at ``index`` (0 is the largest), if it can be worked with.

    ``name`` is what errors call the picture. Raises NoFaceError, FaceIndexError, ProfileFaceError, FaceTooSmallError.
    """
    if not faces:
        raise NoFaceError(f"No face was found in {name}; use a photo where one looks at the camera, well lit.")
    index = 0 if index is None else index
    if not 0 <= index < len(faces):
        found = "1 face, number 0" if len(faces) == 1 else f"{len(faces)} faces, numbered 0 to {len(faces) - 1}"
        raise FaceIndexError(f"Face {index} was asked for, but {name} has {found} (the largest first).")
    face = faces[index]
    if abs(face.turn) > MAX_TURN:
        raise ProfileFaceError(f"The face in {name} is turned too far to the side; use one that shows both cheeks.")
    if face.eye_distance < MIN_EYE_DISTANCE:
        raise FaceTooSmallError(
            f"The face in {name} is too small: {face.eye_distance:.0f} pixels between the eyes, "
            f"at least {MIN_EYE_DISTANCE:.0f} are needed; use a larger photo or come closer."
        )
    return face
