"""Pictures fitted into a film's frame."""

import cv2
import numpy as np

from doppelganger.images import RGB

_BARS = 24  # grey level beside a picture of another shape


def contain(image: RGB, width: int, height: int) -> RGB:
    """The whole of uint8 [H, W, 3] in [height, width, 3], as large as it can be, dark bars beside it where the shapes differ."""
    if image.shape[:2] == (height, width):
        return image
    scale = min(width / image.shape[1], height / image.shape[0])
    w, h = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    out = np.full((height, width, 3), _BARS, np.uint8)
    top, left = (height - h) // 2, (width - w) // 2
    out[top : top + h, left : left + w] = cv2.resize(image, (w, h), interpolation=how)
    return out


def beside(left: RGB, right: RGB) -> RGB:
    """Two pictures side by side, the left one scaled to the right one's height: [H, w + W, 3]."""
    height = right.shape[0]
    return np.hstack([contain(left, width_beside(left.shape[1], left.shape[0], height), height), right])


def width_beside(width: int, height: int, new_height: int) -> int:
    """Of a picture of ``width`` × ``height`` that is scaled to ``new_height``."""
    return max(1, round(width * new_height / height))
