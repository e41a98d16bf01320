"""The three sizes of a swap."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """``side``: of the pictures, a power of two from 32. ``width``: channels of the first convolution, doubled at every halving up
    to 512. ``code``: numbers in the narrowest place. ``batch``: pictures of each person a step. ``rate``: Adam's learning rate.
    ``mixed``: bfloat16 where the device computes with it. ``levels``: how often the side of what was learnt first is doubled."""

    name: str
    side: int
    width: int
    code: int
    batch: int
    rate: float
    mixed: bool = True
    levels: int = 0

    @property
    def first_side(self) -> int:
        """The side that the network without its finer levels sees and draws."""
        return self.side >> self.levels


PRESETS = {
    "quick": Preset("quick", 64, 24, 256, 8, 2e-4),
    "standard": Preset("standard", 128, 24, 256, 8, 2e-4, levels=1),
    "high": Preset("high", 256, 48, 1024, 16, 5e-5),
}
"""`quick` is for a first result on two CPU cores. `standard` is `quick` and a finer level, so it can go on from what a `quick` run
has learnt. `high`, wider, is for a GPU."""
