"""478 face points, 52 expression coefficients and head pose: the networks of MediaPipe Face Landmarker on OpenVINO.

The bundle is a zip of TFLite networks. OpenVINO reads them directly, so the graph around them (region of interest,
mapping back, head pose) is rebuilt here and the library itself, with its dependencies, is not needed. Nothing here
touches the internet. Against MediaPipe 1.2.2 in video mode (which settles on its own square) on 13 portraits: points
0.7 % of the eye distance apart, expression and pose equal to float precision when given its points. Half of the 0.7 %
is a shift of half an input pixel that its CPU path has and this one has not: with the raw output read as a pixel's
edge, a mirrored picture gives mirrored points (read as its centre they are 0.45 ± 0.02 input pixels off, 72 faces).
Sources: Kartynnik et al. 2019, "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs"; Grishchenko et
al. 2020, "Attention Mesh"; MediaPipe's face_landmarks_detector_graph.cc (which tensors, which rectangle) and
face_blendshapes_graph.cc (which 146 points, which names).
"""

import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino
from numpy.typing import NDArray

from doppelganger.errors import NoFaceError
from doppelganger.faces.detector import Face
from doppelganger.faces.head_pose import CanonicalFace, angles
from doppelganger.images import RGB
from doppelganger.weights import Store

Floats = NDArray[np.float32]

_SIDE = 256  # pixels of the network's square input
_MARGIN = 1.5  # the square's side in sides of the box around the points
_LOOKS = 3  # each after the first is at a square laid around the last one's points, as MediaPipe does over frames
PRESENCE = 0.5
"""How sure the network must be that what it looks at is a face."""
_EYE_CORNERS = (33, 263)  # outer corners of the person's right and left eye: they give the square's rotation


@dataclass(frozen=True)
class Landmarks:
    """``points``: float32 [478, 2] in pixels of the picture; the first 468 are MediaPipe's mesh, then five per iris.
    ``points3d``: float32 [478, 3], the same with a depth of the same scale (smaller is nearer the camera).
    ``blendshapes``: 52 coefficients, 0–1, by ARKit name. ``pose``: float32 [4, 4], canonical face (cm) → camera.
    ``yaw``, ``pitch``, ``roll``: degrees; positive towards the person's left, down, and clockwise in the picture.
    ``turned``: the yaw that the face would have in the middle of a picture, wherever it is in this one.
    """

    points: Floats
    points3d: Floats
    blendshapes: dict[str, float]
    pose: Floats
    yaw: float
    pitch: float
    roll: float
    turned: float


class LandmarkDetector:
    """The two landmark networks on the CPU; the store delivers the bundle on first use."""

    def __init__(self, store: Store, threads: int = 1) -> None:
        with zipfile.ZipFile(store.path("mediapipe-face-landmarker")) as bundle:
            self._mesh = _compile(bundle.read("face_landmarks_detector.tflite"), threads)
            self._expression = _compile(bundle.read("face_blendshapes.tflite"), threads)
            self._canonical = CanonicalFace.parse(bundle.read("geometry_pipeline_metadata_landmarks.binarypb"))

    @property
    def stable(self) -> NDArray[np.float64]:
        """[478]: how much each point counts where heads are compared; 0 for those that move with the expression, and the irises."""
        return np.concatenate([self._canonical.weights, np.zeros(478 - len(self._canonical.weights))])

    def detect(self, image: RGB, face: Face) -> Landmarks:
        """Measure the ``face`` found in a uint8 [H, W, 3] picture. Raises NoFaceError when the network sees none."""
        points = None
        for _ in range(_LOOKS):
            square = _square_around(face) if points is None else _square_of(points)
            points, presence = self._points_in(image, square)
            if presence < PRESENCE:
                raise NoFaceError("A face was found, but its features cannot be made out; use a clearer photo.")
        assert points is not None
        return self._landmarks(image, points)

    def follow(self, image: RGB, points: Floats) -> tuple[Landmarks, float]:
        """One look where a face was in the frame before, at ``points`` [478, 3]: what it does now, and how sure the network is
        that it is still there, 0–1; below `PRESENCE` the landmarks mean nothing."""
        now, presence = self._points_in(image, _square_of(points))
        return self._landmarks(image, now), presence

    def _landmarks(self, image: RGB, points: Floats) -> Landmarks:
        pose = self._canonical.pose(points, image.shape[1], image.shape[0])
        yaw, pitch, roll = angles(pose)
        turned = self._canonical.turned(points)
        return Landmarks(points[:, :2].copy(), points, self._blendshapes(points), pose, yaw, pitch, roll, turned)

    def _points_in(self, image: RGB, square: Floats) -> tuple[Floats, float]:
        """The network's [478, 3] points, in pixels of ``image``, and how sure it is; ``square``: [2, 3], picture → its input."""
        crop = cv2.warpAffine(image, square, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR)
        outputs = self._mesh(crop[None].astype(np.float32) / 255)
        raw = np.asarray(outputs[0], np.float32).reshape(478, 3)
        presence = 1 / (1 + np.exp(-float(np.ravel(outputs[1])[0])))
        back = cv2.invertAffineTransform(square)
        depth = raw[:, 2:] * np.sqrt(abs(np.linalg.det(back[:, :2])))
        points = np.hstack([(raw[:, :2] - 0.5) @ back[:, :2].T + back[:, 2], depth]).astype(np.float32)
        return points, presence

    def _blendshapes(self, points: Floats) -> dict[str, float]:
        values = np.ravel(self._expression(points[None, _EXPRESSION_POINTS, :2])[0])
        return dict(zip(EXPRESSION_NAMES, map(float, values), strict=True))


def _compile(network: bytes, threads: int) -> Any:
    # The TFLite reader takes paths alone; without memory mapping the file may go once it is read (Windows, too).
    core = openvino.Core()
    core.set_property({"ENABLE_MMAP": False})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.tflite"
        path.write_bytes(network)
        model = core.read_model(path)
    model.reshape({model.inputs[0]: [1, *(d.get_length() for d in list(model.inputs[0].partial_shape)[1:])]})
    # f32 hint: the default on recent processors is bfloat16, which moves points by pixels
    return core.compile_model(
        model, "CPU", {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1}
    )


def _square_around(face: Face) -> Floats:
    """The first square, from the detector's box and eyes."""
    x, y, width, height = face.box
    return _square(
        np.array([x + width / 2, y + height / 2]), _MARGIN * max(width, height), face.points[0], face.points[1]
    )


def _square_of(points: Floats) -> Floats:
    """The square around known points: MediaPipe's rectangle for the next frame of a video."""
    right, left = (points[i, :2] for i in _EYE_CORNERS)
    across = (left - right) / max(float(np.linalg.norm(left - right)), 1e-6)
    turn = np.array([across, [-across[1], across[0]]])  # rows: the axes of the upright face
    upright = points[:, :2] @ turn.T
    low, high = upright.min(0), upright.max(0)
    return _square((low + high) / 2 @ turn, _MARGIN * float((high - low).max()), right, left)


def _square(centre: NDArray[Any], side: float, right_eye: NDArray[Any], left_eye: NDArray[Any]) -> Floats:
    """[2, 3]: picture pixels → pixels of the 256² input, the eyes level."""
    angle = np.arctan2(left_eye[1] - right_eye[1], left_eye[0] - right_eye[0])
    scale = _SIDE / max(side, 1e-6)
    linear = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.hstack([linear, (_SIDE / 2 - 0.5 - linear @ centre)[:, None]]).astype(np.float32)


# fmt: off
_EXPRESSION_POINTS = np.array(
    [
        0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70,
        78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149,
        150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195,
        197, 234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300,
        308, 310, 311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375,
        377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454,
        466, *range(468, 478),
    ]
)
EXPRESSION_NAMES = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft",
    "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft",
    "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft",
    "jawOpen", "jawRight", "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft",
    "mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
    "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight",
)
# fmt: on
