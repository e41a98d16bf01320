"""What tests of the swap share."""

from dataclasses import dataclass

from doppelganger.images import RGB
from doppelganger.training.swap.presets import Preset

A_SEED, B_SEED = 3, 7
CONSENT = "An invented face, which belongs to nobody."
TINY = Preset("tiny", 32, 16, 64, 4, 1e-3)
POSES = (
    {"yaw": 0.0, "smile": -1.0, "mouth_open": -1.0},
    {"yaw": -8.0, "smile": -1.0, "mouth_open": 0.0},
    {"yaw": 0.0, "smile": 1.5, "mouth_open": 1.0},
    {"yaw": -10.0, "smile": 0.0, "mouth_open": 3.0},
    {"yaw": 15.0, "smile": 0.5, "mouth_open": 0.0},
)


@dataclass(frozen=True)
class People:
    """``a``, ``b``: the same poses, each [320, 320, 3]."""

    a: list[RGB]
    b: list[RGB]
