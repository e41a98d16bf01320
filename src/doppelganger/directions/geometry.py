"""Expression, gaze and proportions, from the mesh and its 52 coefficients.

Lengths are taken in three dimensions between points of the mesh and divided by the distance of the outer eye corners, so that
turning the head or coming nearer changes them little.
"""

from collections.abc import Mapping

import numpy as np

from doppelganger.directions.regions import Floats
from doppelganger.faces.landmarks import Landmarks

_EYES = (33, 263)
_LIDS = ((159, 145), (386, 374), (160, 144), (158, 153), (385, 380), (387, 373))
_EYE_CORNERS = ((33, 133), (263, 362))


def expression(shapes: Mapping[str, float]) -> dict[str, float]:
    """From the coefficients by ARKit name, 0–1."""

    def mean(*names: str) -> float:
        return float(np.mean([shapes[name] for name in names]))

    raised = mean("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
    return {
        "smile": mean("mouthSmileLeft", "mouthSmileRight"),
        "brow_raise": raised - mean("browDownLeft", "browDownRight"),
        "gaze_side": mean("eyeLookOutLeft", "eyeLookInRight") - mean("eyeLookInLeft", "eyeLookOutRight"),
        "gaze_up": mean("eyeLookUpLeft", "eyeLookUpRight") - mean("eyeLookDownLeft", "eyeLookDownRight"),
        "squint": mean("eyeSquintLeft", "eyeSquintRight"),
        "pucker": mean("mouthPucker"),
    }


def proportions(points: Floats) -> dict[str, float]:
    """From float32 [478, 3] points with a depth of the same scale."""

    def length(a: int, b: int) -> float:
        return float(np.linalg.norm(points[a] - points[b]))

    eyes, height = length(*_EYES), length(10, 152)
    width = float(np.mean([length(*pair) for pair in _EYE_CORNERS]))
    return {
        "mouth_open": length(13, 14) / eyes,
        "eyes_open": float(np.mean([length(*pair) for pair in _LIDS])) / width,
        "lip_fullness": (length(0, 13) + length(14, 17)) / eyes,
        "nose_width": length(64, 294) / eyes,
        "nose_length": length(168, 2) / eyes,
        "face_width": length(234, 454) / height,
        "jaw_width": length(172, 397) / length(234, 454),
        "eye_size": width / eyes,
    }


def pose(landmarks: Landmarks) -> dict[str, float]:
    """Degrees."""
    return {"yaw": landmarks.yaw, "pitch": landmarks.pitch, "roll": landmarks.roll}
