"""A driver who keeps moving, and what they see."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from drawn import ROW, moved

from doppelganger.images import RGB
from doppelganger.live.remote.client import RemoteReenactor
from doppelganger.puppet.motion import Motion

PATIENCE = 120.0
"""Seconds for anything to happen; a slow machine may need them, a quick one never waits that long."""


@dataclass(frozen=True)
class Seen:
    """What was shown. ``asked``: pixels right of rest that the driver was. ``at``: seconds, monotonic."""

    image: RGB
    asked: float
    at: float

    @property
    def shown(self) -> float | None:
        """Pixels right of rest that the avatar is; None for the still."""
        return moved(self.image)


def to_the_right(motion: Motion, pixels: float) -> Motion:
    return replace(motion, points=motion.points + np.array([pixels, 0, 0], np.float32))


class Driver:
    """Goes from side to side, 25 times a second."""

    def __init__(self, remote: RemoteReenactor, at_rest: Motion) -> None:
        self.remote, self._at_rest = remote, at_rest
        self._step = 0
        remote.calibrate(at_rest)

    def drive(self, seconds: float) -> list[Seen]:
        """For so long."""
        end = time.monotonic() + seconds
        return list(self._until(lambda seen: seen.at >= end))

    def drive_until(self, wanted: Callable[[Seen], bool]) -> list[Seen]:
        """Until a frame is as wanted, which comes last."""
        end = time.monotonic() + PATIENCE
        seen = list(self._until(lambda one: wanted(one) or one.at > end))
        assert wanted(seen[-1]), f"it never happened: {self.remote.trouble}"
        return seen

    def drive_until_fresh(self) -> list[Seen]:
        """Until the avatar does something that the driver did since this was called."""
        begun = self._step

        def fresh(one: Seen) -> bool:
            shown = one.shown
            return shown is not None and any(
                abs(shown - pixels_at(step)) < 0.75 for step in range(begun + 1, self._step + 1)
            )

        return self.drive_until(fresh)

    def _until(self, over: Callable[[Seen], bool]) -> Iterator[Seen]:
        while True:
            self._step += 1
            pixels = pixels_at(self._step)
            begun = time.monotonic()
            image = self.remote.render(to_the_right(self._at_rest, pixels), self._step / 25)
            seen = Seen(image, pixels, time.monotonic())
            yield seen
            if over(seen):
                return
            time.sleep(max(0.0, 0.04 - (time.monotonic() - begun)))


def pixels_at(step: int) -> float:
    """A different place at every step of 16 seconds, between −200 and 200."""
    return float(step % 400 - 200)


def is_avatar(image: RGB, still: RGB) -> bool:
    """Whether it is this still but for the square's row and what JPEG does to it."""
    below = ROW + 20
    return image.shape == still.shape and float(np.abs(image[below:].astype(int) - still[below:]).mean()) < 4
