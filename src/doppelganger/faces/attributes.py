"""Age and sex as a network guesses them: two small residual networks by Cydral, published with dlib's models (CC0).

Both read dlib's "face chip": five points laid on their mean places in a square with a fifth of padding. MediaPipe's
points stand in for dlib's (within 3 % of the eye distance of them on 32 faces).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from doppelganger.faces.alignment import warp
from doppelganger.faces.landmarks import Landmarks
from doppelganger.images import RGB
from doppelganger.weights import Store

# Where dlib's get_face_chip_details (image_transforms/interpolation.h) puts the outer and inner corner of the person's
# left eye, of the right eye, and the base of the nose, in sides of the unpadded square; and MediaPipe's points there.
_CHIP = np.array(
    [
        [0.8595674595992, 0.2134981538014],
        [0.6460604764104, 0.2289674387677],
        [0.1205750620789, 0.2137274526848],
        [0.3340850613712, 0.2290642403242],
        [0.4901123135679, 0.6277975316475],
    ]
)
_POINTS = [263, 362, 33, 133, 2]
_PADDING = 0.2
_AGE_SIDE, SEX_SIDE = 64, 32
MEANS = np.array([122.782, 117.001, 104.298], np.float32)  # of RGB; then / 256, as dlib's input layer does
_YEARS = np.array([0.25, *range(1, 81)], np.float32)  # what the 81 age classes stand for


@dataclass(frozen=True)
class Attributes:
    """``age`` in years, 0.25–80, the mean over the network's classes; ``female``: probability, 0–1."""

    age: float
    female: float


class AgeSexEstimator:
    """Both networks on the CPU; the store delivers them on first use."""

    def __init__(self, store: Store, threads: int = 1) -> None:
        core = openvino.Core()
        settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
        self._age = core.compile_model(str(store.path("age")), "CPU", settings)
        self._sex = core.compile_model(str(store.path("gender")), "CPU", settings)

    def estimate(self, image: RGB, landmarks: Landmarks) -> Attributes:
        """Of the face whose landmarks were measured in this uint8 [H, W, 3] picture."""
        age = _run(self._age, _face_chip(image, landmarks, _AGE_SIDE))
        sex = _run(self._sex, _face_chip(image, landmarks, SEX_SIDE))
        return Attributes(float(age @ _YEARS), float(sex[0]))


def _run(network: Any, chip: RGB) -> NDArray[np.float32]:
    pixels = (chip.astype(np.float32) - MEANS) / 256
    return np.asarray(network(pixels.transpose(2, 0, 1)[None])[0][0], np.float32)


def _face_chip(image: RGB, landmarks: Landmarks, side: int) -> RGB:
    """uint8 [side, side, 3]."""
    return np.asarray(warp(image, chip_transform(landmarks, side), side, side), np.uint8)


def chip_transform(landmarks: Landmarks, side: int) -> NDArray[np.float32]:
    """[2, 3], picture → chip: the similarity that lays the chip's five points on the face's with least squares."""
    chip = (_PADDING + _CHIP) / (2 * _PADDING + 1) * side @ [1, 1j]  # as complex numbers a similarity is a z + b
    face = landmarks.points[_POINTS].astype(np.float64) @ [1, 1j]
    spread = chip - chip.mean()
    a = (spread.conj() @ (face - face.mean())) / (spread.conj() @ spread).real
    inverse, offset = 1 / a, chip.mean() - face.mean() / a
    return np.array([[inverse.real, -inverse.imag, offset.real], [inverse.imag, inverse.real, offset.imag]], np.float32)
