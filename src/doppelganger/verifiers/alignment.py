"""Similarity transforms that bring a face into the crop that a recogniser was trained on."""

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.images import RGB
from doppelganger.verifiers.protocol import Transform

ARCFACE_POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float64
)
"""Eyes, nose tip, mouth corners in a 112² crop (InsightFace ``face_align.py``; OpenCV ``face_recognize.cpp``)."""
ARCFACE_SIZE = 112


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """The rotation, scale and shift that bring ``source`` nearest to ``target`` in least squares, as [2, 3].

    Both [N, 2], N ≥ 2. Umeyama 1991, "Least-squares estimation of transformation parameters between two point
    patterns", equations 40–43. In the plane it needs no SVD: with centred points as complex numbers s and t the optimum
    is the one complex factor Σ s̄·t / Σ |s|², which cannot mirror.
    """
    s, t = (points.astype(np.float64) @ np.array([1, 1j]) for points in (source, target))
    factor = np.vdot(s - s.mean(), t - t.mean()) / np.vdot(s - s.mean(), s - s.mean()).real
    shift = t.mean() - factor * s.mean()
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])


def arcface_transform(points: NDArray[np.floating]) -> Transform:
    """The usual 112² alignment from a face's five points [5, 2]."""
    return similarity(points, ARCFACE_POINTS).astype(np.float32)


def crop(image: RGB, transform: Transform, size: int) -> RGB:
    """uint8 [size, size, 3] by bilinear interpolation, black outside: as OpenCV's and InsightFace's own alignments do.

    Like theirs it does not smooth before it shrinks.
    """
    return np.asarray(cv2.warpAffine(image, transform, (size, size), flags=cv2.INTER_LINEAR), np.uint8)
