"""Following one face through the frames of a camera or a video: one look a frame, and a search only when it is lost."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.errors import NoFaceError
from doppelganger.faces.detector import Face, FaceDetector
from doppelganger.faces.landmarks import PRESENCE, LandmarkDetector
from doppelganger.images import RGB
from doppelganger.puppet.motion import Motion

_SEARCH_SIDE = 320  # pixels of the long side in which faces are looked for
_OTHER = (
    0.04  # area of a second face over the first one's from which somebody else is in the picture: as if thrice as far
)
_RESIZED = 1.6  # factor of the face's size between two frames that no head can do
_NOT_TURNED = 75.0  # degrees of yaw beyond which the mesh is a guess


@dataclass(frozen=True)
class Sight:
    """What was seen in a frame. ``motion``: of the face that is followed; None where there is none to follow. ``others``: how many
    other faces there are, as far as was looked. ``found``: the face was just found anew, so the frames before say nothing."""

    motion: Motion | None
    others: int = 0
    found: bool = False


class Tracker:
    """Follows the largest face until it is lost. One a stream; not for several threads."""

    def __init__(self, detector: FaceDetector, landmarks: LandmarkDetector, search_every: int = 12) -> None:
        """``search_every``: frames after which the whole picture is looked at again for other people; 1 for every frame."""
        self._detector, self._landmarks = detector, landmarks
        self.search_every = search_every
        self._points: NDArray[np.float32] | None = None
        self._others = 0
        self._frames = 0

    def forget(self) -> None:
        """Look for a face anew in the next frame."""
        self._points = None

    def look(self, frame: RGB) -> Sight:
        """See one frame, uint8 [H, W, 3]."""
        self._frames += 1
        if self._points is not None:
            landmarks, presence = self._landmarks.follow(frame, self._points)
            grown = _size(landmarks.points3d) / max(_size(self._points), 1e-6)
            if presence >= PRESENCE and 1 / _RESIZED < grown < _RESIZED and abs(landmarks.yaw) < _NOT_TURNED:
                self._points = landmarks.points3d
                if self._frames % self.search_every == 0:
                    self._others = self._count_others(self._faces(frame), landmarks.points3d)
                return Sight(Motion.of(landmarks, frame.shape[1], frame.shape[0], presence), self._others)
        self._points = None
        faces = self._faces(frame)
        if not faces:
            return Sight(None)
        try:
            landmarks = self._landmarks.detect(frame, faces[0])
        except NoFaceError:
            return Sight(None, len(faces) - 1)
        self._points = landmarks.points3d
        self._others = self._count_others(faces, landmarks.points3d)
        return Sight(Motion.of(landmarks, frame.shape[1], frame.shape[0]), self._others, found=True)

    def _faces(self, frame: RGB) -> list[Face]:
        """All faces, largest first, looked for in a small copy."""
        scale = min(1.0, _SEARCH_SIDE / max(frame.shape[:2]))
        if scale == 1:
            return self._detector.detect(frame)
        small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        factor = frame.shape[1] / small.shape[1]
        out = []
        for face in self._detector.detect(np.asarray(small)):
            x, y, width, height = (n * factor for n in face.box)
            points = np.asarray((face.points + 0.5) * factor - 0.5, np.float32)
            out.append(Face((x, y, width, height), points, face.score))
        return out

    @staticmethod
    def _count_others(faces: list[Face], points: NDArray[np.float32]) -> int:
        low, high = points[:, :2].min(0), points[:, :2].max(0)
        own = float(np.prod(high - low))
        middle = (low + high) / 2

        def is_own(face: Face) -> bool:
            x, y, width, height = face.box
            return bool(x < middle[0] < x + width and y < middle[1] < y + height)

        return sum(not is_own(face) and face.area > _OTHER * own for face in faces)


def _size(points: NDArray[np.float32]) -> float:
    return float(np.hypot(*np.ptp(points[:, :2], axis=0)))
