"""What a person sees of themselves: the camera's picture with the avatar over it and the points that are followed."""

import cv2
import numpy as np

from doppelganger.images import RGB
from doppelganger.puppet.motion import Motion

_POINT = (111, 193, 245)


def draw_preview(view: RGB, target: RGB, opacity: float, motion: Motion | None, mirrored: bool) -> RGB:
    """A new picture, [H, W, 3] as ``view``. ``target``: square, laid in the middle with ``opacity`` 0–1, as high as the view.
    ``motion``: whose points are drawn, in pixels of ``view``; None for none. The last step mirrors."""
    out = view.copy()
    if opacity > 0:
        height, width = view.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        square = out[top : top + side, left : left + side]
        over = np.asarray(cv2.resize(target, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
        square[:] = cv2.addWeighted(over, opacity, np.ascontiguousarray(square), 1 - opacity, 0)
    if motion is not None:
        for x, y in motion.points[:, :2].round().astype(int):
            cv2.circle(out, (int(x), int(y)), 1, _POINT, -1)
    return np.ascontiguousarray(out[:, ::-1]) if mirrored else out
