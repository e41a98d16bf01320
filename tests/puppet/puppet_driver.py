"""A driver for tests of the puppet."""

from dataclasses import dataclass

from doppelganger.images import RGB
from doppelganger.puppet.motion import Motion


@dataclass(frozen=True)
class Driver:
    """A face of nobody doing things: what → frame [512, 512, 3], and what a tracker sees in it."""

    frames: dict[str, RGB]
    motions: dict[str, Motion]
