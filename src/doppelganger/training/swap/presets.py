"""The three sizes of a swap."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """``side``: of the pictures, a power of two from 32. ``width``: channels of the first convolution, doubled at every halving up
    to 512. ``code``: numbers in the narrowest place. ``batch``: pictures of each person a step. ``rate``: Adam's learning rate.
    ``mixed``: bfloat16 where the device computes with it."""

    name: str
    side: int
    width: int
    code: int
    batch: int
    rate: float
    mixed: bool = True


PRESETS = {
    "quick": Preset("quick", 64, 24, 256, 8, 2e-4),
    "standard": Preset("standard", 128, 32, 512, 16, 1e-4),
    "high": Preset("high", 256, 48, 1024, 16, 5e-5),
}
"""`quick` is for a first result on two CPU cores, `high` for a GPU."""
