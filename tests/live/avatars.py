"""Avatars for tests of a call: the smallest honest one, and a real one."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from doppelganger.images import RGB
from doppelganger.live.shelf import Avatar
from doppelganger.puppet.motion import Motion


class PointPuppet:
    """Moves a still as the driver's face moves from its reference, and draws their points on it: never a pixel of theirs."""

    def __init__(self, name: str, still: RGB) -> None:
        self.name = name
        self._still = still
        self.reference: Motion | None = None
        self.rendered = 0

    @property
    def still(self) -> RGB:
        return self._still

    def calibrate(self, reference: Motion) -> None:
        self.reference = reference

    def render(self, motion: Motion, time: float) -> RGB:
        self.rendered += 1
        if self.reference is None:
            self.calibrate(motion)
        assert self.reference is not None
        x, y = (motion.points - self.reference.points)[:, :2].mean(0) * 512 / motion.width
        moved = cv2.warpAffine(
            self._still, np.array([[1, 0, x], [0, 1, y]]), (512, 512), borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(moved, np.uint8)

    def swap(self, frame: RGB, motion: Motion, time: float) -> RGB:
        self.rendered += 1
        out = frame.copy()
        hull = cv2.convexHull(motion.points[:, :2].round().astype(np.int32))
        cv2.fillConvexPoly(out, hull, (200, 150, 120))
        return out


@dataclass(frozen=True)
class Invented:
    """A real avatar. ``place``: the folder in which its rig lies."""

    place: Path
    avatar: Avatar
