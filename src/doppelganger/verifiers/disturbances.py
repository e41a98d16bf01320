"""What the world does to a picture between one person's camera and another's recogniser, as functions on pictures."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from doppelganger.images import RGB

CROP_FRACTION = 0.05
ROTATION_DEGREES = 3.0
JPEG_QUALITY = 75
BLUR_SIGMA = 2.0
"""Pixels, for a picture whose short side is 1024 (an FFHQ face in it is about 500 wide); scales with it."""


@dataclass(frozen=True)
class Disturbance:
    """``apply``: uint8 [H, W, 3] RGB → uint8 RGB of the same or nearly the same size."""

    name: str
    apply: Callable[[RGB], RGB]


def jpeg(image: RGB, quality: int = JPEG_QUALITY) -> RGB:
    """Through a JPEG of that quality, with the colours at half the resolution as is usual."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), settings)
    return np.asarray(cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)


def half_and_double(image: RGB) -> RGB:
    """Half the size by averaging, then back by bilinear interpolation."""
    height, width = image.shape[:2]
    small = cv2.resize(image, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def crop(image: RGB) -> RGB:
    """Five per cent of the width or height cut off at every side."""
    y, x = (round(CROP_FRACTION * n) for n in image.shape[:2])
    return np.ascontiguousarray(image[y : image.shape[0] - y, x : image.shape[1] - x])


def rotate(image: RGB, degrees: float) -> RGB:
    """Turned about the centre, counter-clockwise for a positive angle; the corners are mirrored."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    return np.asarray(
        cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101),
        np.uint8,
    )


def blur(image: RGB) -> RGB:
    """A light Gaussian blur: σ of 2 pixels for a 1024² picture."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), BLUR_SIGMA * min(image.shape[:2]) / 1024), np.uint8)


DISTURBANCES: tuple[Disturbance, ...] = (
    Disturbance("jpeg 75", jpeg),
    Disturbance("half and double", half_and_double),
    Disturbance("crop 5 %", crop),
    Disturbance("rotate +3°", lambda image: rotate(image, ROTATION_DEGREES)),
    Disturbance("rotate -3°", lambda image: rotate(image, -ROTATION_DEGREES)),
    Disturbance("blur", blur),
)
