"""Which part of the camera's picture is looked at."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from doppelganger.images import RGB

STEP, FINE = 0.05, 0.01
"""Of the side that is seen, as Avatarify zooms."""
MOVE, MOVE_FINE = 0.02, 0.004
"""Of the picture's side: 10 and 2 pixels of 480."""
_LEAST = 0.1


@dataclass(frozen=True)
class Framing:
    """``side``: share of the picture's width and height that is seen, 0.1–1. ``x``, ``y``: where its middle lies, 0–1."""

    side: float = 1.0
    x: float = 0.5
    y: float = 0.5

    def zoomed(self, by: float) -> "Framing":
        """Nearer (``by`` below 0) or further."""
        return replace(self, side=round(min(max(self.side + by, _LEAST), 1.0), 4))._within()

    def moved(self, x: float, y: float) -> "Framing":
        """To the right and down, as far as there is picture."""
        return replace(self, x=self.x + x, y=self.y + y)._within()

    def _within(self) -> "Framing":
        half = self.side / 2
        return replace(self, x=min(max(self.x, half), 1 - half), y=min(max(self.y, half), 1 - half))

    def crop(self, frame: RGB, full_size: bool = False) -> RGB:
        """What is seen of a frame, uint8 [H, W, 3]: a part of it; with ``full_size`` enlarged to [H, W, 3] again."""
        if self.side >= 1:
            return frame
        height, width = frame.shape[:2]
        rows, columns = max(round(height * self.side), 2), max(round(width * self.side), 2)
        top = min(max(round(height * self.y - rows / 2), 0), height - rows)
        left = min(max(round(width * self.x - columns / 2), 0), width - columns)
        part = frame[top : top + rows, left : left + columns]
        if full_size:
            return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
        return np.ascontiguousarray(part)
