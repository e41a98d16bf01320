"""The FFHQ geometry: where eyes and mouth lie in the pictures that the generator was trained on.

Recipe: Karras, Laine and Aila 2019, "A Style-Based Generator Architecture for GANs", appendix A, and the code of the
FFHQ dataset. Its 68 points of dlib are stood in for by MediaPipe's (see `_RIGHT_EYE` …).
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.errors import ProfileFaceError
from doppelganger.faces.landmarks import Landmarks
from doppelganger.images import RGB, resize

Floats = NDArray[np.float32]

MAX_YAW = 45.0
"""Degrees. `choose` refuses most of what lies beyond by five loose points; this is the measured angle."""

# Six eyelid points an eye and the outer mouth corners, at the places of dlib's 36–41, 42–47, 48 and 54.
_RIGHT_EYE = (33, 160, 158, 133, 153, 144)
_LEFT_EYE = (362, 385, 387, 263, 373, 380)
_MOUTH_CORNERS = (61, 291)
# MediaPipe's points span a little less than dlib's. Measured on 48 faces of the generator (truncation 0.7), which stand
# in the FFHQ geometry already: aligned again without this factor they came out 1.2 % larger (s.d. 1.4 %), by the eyes
# as much as by the mouth, turned by -0.3° (0.4°) and shifted by (1.0, 0.5) of 1,024 pixels (2): the size is mended.
_SPAN = 1.0115


@dataclass(frozen=True)
class AlignedPortrait:
    """``image``: uint8 [size, size, 3]; ``transform``: float32 [2, 3], photo pixel (x, y) → aligned pixel."""

    image: RGB
    transform: Floats


def align(image: RGB, landmarks: Landmarks, size: int = 1024) -> AlignedPortrait:
    """Crop a uint8 [H, W, 3] photo to the FFHQ geometry. What lies outside the photo is mirrored and blurred.

    Raises ProfileFaceError for a face turned further than 45°, where the geometry and the generator end.
    """
    turned = abs(landmarks.turned)
    if turned > MAX_YAW:
        raise ProfileFaceError(f"The face is turned {turned:.0f}° to the side; use a photo that shows both cheeks.")
    transform = ffhq_transform(landmarks.points, size)
    return AlignedPortrait(_warp_with_soft_border(image, transform, size), transform)


def ffhq_transform(points: Floats, size: int = 1024) -> Floats:
    """float32 [2, 3]: photo pixel → aligned pixel, from 478 MediaPipe points [478, 2] in photo pixels.

    The square stands upright on the line from the eyes to the mouth; its half side is the larger of 2 eye distances
    and 1.8 eye-to-mouth distances; its centre lies a tenth of the way from the eyes to the mouth.
    """
    right_eye, left_eye = points[list(_RIGHT_EYE)].mean(0), points[list(_LEFT_EYE)].mean(0)
    eyes, mouth = (right_eye + left_eye) / 2, points[list(_MOUTH_CORNERS)].mean(0)
    across, down = left_eye - right_eye, mouth - eyes
    # the picture's horizontal: the mean of the eye line and of the perpendicular to the eye-mouth line
    axis = across + np.array([down[1], -down[0]])
    axis /= np.hypot(*axis)
    half = _SPAN * max(2.0 * np.hypot(*across), 1.8 * np.hypot(*down))
    centre = eyes + 0.1 * down
    linear = size / (2 * half) * np.array([[axis[0], axis[1]], [-axis[1], axis[0]]])
    # the square's edges are edges of pixels, whose centres have whole coordinates: hence the half pixel
    return np.hstack([linear, (size / 2 - 0.5 - linear @ centre)[:, None]]).astype(np.float32)


def warp(image: NDArray[Any], transform: Floats, width: int, height: int, border: int = cv2.BORDER_CONSTANT) -> Any:
    """Resample uint8 [H, W, C] through ``transform`` (source pixel → result pixel) without aliasing.

    Where the transform shrinks, the source is first resized to the result's scale with Lanczos; what is left is a
    turn and a shift at scale one or an enlargement, for which bicubic interpolation is enough.
    """
    scale = float(np.sqrt(abs(np.linalg.det(transform[:, :2]))))
    if scale < 1:
        source_height, source_width = image.shape[:2]
        new = (max(1, round(source_width * scale)), max(1, round(source_height * scale)))
        factor = np.array([new[0] / source_width, new[1] / source_height])
        image = resize(image, *new)
        # source = (small + 0.5) / factor − 0.5
        linear = transform[:, :2] / factor
        transform = np.hstack([linear, (transform[:, 2] + transform[:, :2] @ (0.5 / factor - 0.5))[:, None]])
    return cv2.warpAffine(image, transform, (width, height), flags=cv2.INTER_CUBIC, borderMode=border)


def _warp_with_soft_border(image: RGB, transform: Floats, size: int) -> RGB:
    """Warp; where the square reaches beyond the photo, mirror it and blur the mirrored part, as the recipe does."""
    height, width = image.shape[:2]
    back = cv2.invertAffineTransform(transform)
    corners = np.array([[-0.5, -0.5], [size - 0.5, -0.5], [size - 0.5, size - 0.5], [-0.5, size - 0.5]])
    corners = corners @ back[:, :2].T + back[:, 2]
    side = float(np.linalg.norm(corners[1] - corners[0]))
    beyond = np.concatenate([-corners.min(0), corners.max(0) - [width - 1, height - 1]])
    aligned = warp(image, transform, size, size, cv2.BORDER_REFLECT_101)
    if beyond.max() <= 0:
        return np.asarray(aligned)
    # How far each pixel lies beyond the photo, 0 on its edge and 1 where the recipe's padding would end: on the way out
    # the blur grows from a third of that distance inside, and the median colour takes over from the edge on.
    xs, ys = np.meshgrid(np.arange(size, dtype=np.float32), np.arange(size, dtype=np.float32))
    source_x, source_y = (xs * row[0] + ys * row[1] + row[2] for row in back)
    left, top, right, bottom = np.maximum(beyond + 0.1 * side, 0.3 * side)
    outside = np.maximum.reduce(
        [-source_x / left, -source_y / top, (source_x - width + 1) / right, (source_y - height + 1) / bottom]
    )[:, :, None]
    picture = aligned.astype(np.float32)
    blurred = cv2.GaussianBlur(picture, (0, 0), 0.02 * size, borderType=cv2.BORDER_REFLECT)
    picture += (blurred - picture) * np.clip(outside * 3 + 1, 0, 1)
    picture += (np.median(picture, axis=(0, 1)) - picture) * np.clip(outside, 0, 1)
    return np.asarray(np.clip(picture.round(), 0, 255), np.uint8)
