"""What must not bring the person back: the picture as it is, and after each thing that uploads and copies do to it."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from doppelganger.images import RGB
from doppelganger.verifiers.disturbances import ROTATION_DEGREES, blur, crop, half_and_double, jpeg, rotate

CLEAN = "clean"
REQUIRED = "half and jpeg 75"
"""The view for which a rate is asked beside the clean one."""
SCREEN = 0.7
"""Size at which a screenshot shows the picture."""
GAMMA = 1.06
"""How a second screen's tone curve differs."""


def screenshot(image: RGB) -> RGB:
    """Shown smaller on a screen, sharpened by the viewer, photographed off it by the system and sent on as JPEG 80."""
    height, width = image.shape[:2]
    shown = cv2.resize(image, (round(width * SCREEN), round(height * SCREEN)), interpolation=cv2.INTER_CUBIC)
    sharp = cv2.addWeighted(shown, 1.4, cv2.GaussianBlur(shown, (0, 0), 1.2), -0.4, 0)
    toned = np.round(255 * (sharp / 255.0) ** GAMMA).astype(np.uint8)
    return jpeg(toned, 80)


@dataclass(frozen=True)
class View:
    """``apply``: uint8 [H, W, 3] → uint8 RGB. ``keeps_place``: every pixel stays where it was."""

    name: str
    apply: Callable[[RGB], RGB]
    keeps_place: bool = True


VIEWS: tuple[View, ...] = (
    View(CLEAN, lambda image: image),
    View("jpeg 90", lambda image: jpeg(image, 90)),
    View("jpeg 75", lambda image: jpeg(image, 75)),
    View("jpeg 50", lambda image: jpeg(image, 50)),
    View("half and double", half_and_double),
    View(REQUIRED, lambda image: jpeg(half_and_double(image), 75)),
    View("crop 5 %", crop, keeps_place=False),
    View("rotate 3°", lambda image: rotate(image, ROTATION_DEGREES), keeps_place=False),
    View("blur", blur),
    View("screenshot", screenshot, keeps_place=False),
)
"""The first is the picture itself."""
