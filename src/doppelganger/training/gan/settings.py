"""How a generator and its detective are trained."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from doppelganger.generators.stylegan2 import Shape

SMALL = "small"
NETWORKS = (SMALL, "auto", "config-e", "config-f", "stylegan2", "paper256", "paper512", "paper1024")
"""What ``shape_named`` knows: a network for a processor, and the published settings."""
LARGEST_SMALL = 64
"""Side in pixels up to which the small network is the default."""


def shape_named(name: str, resolution: int) -> Shape:
    """The network's size. ``small``: 64 channels at full size, at most 128, w of 128, two mapping layers: minutes on a processor
    where the published ones take days. Raises ValueError for another name or side.
    """
    if name != SMALL:
        return Shape.of(name, resolution)
    return Shape(resolution, 64 * resolution, 128, z_dim=128, w_dim=128, mapping_layers=2)


@dataclass(frozen=True)
class TrainingSettings:
    """Of one run, fixed when it begins. The constants without a word are those of StyleGAN2-ADA's training script (``auto``)."""

    shape: Shape
    seed: int = 0
    batch: int = 16
    """Pictures a step; a multiple of four, since the detective sees the spread of four."""
    mirrored: bool = True
    """Every other picture is shown as in a mirror, by chance."""
    augmented: bool = True
    """Adaptive discriminator augmentation: for sets of fewer than some ten thousand pictures."""
    tick: int = 64
    """Steps from one checkpoint, picture and line of the history to the next."""
    rate: float = 0.0025
    r1_every: int = 16
    style_mixing: float = 0.9
    """Share of batches in which two w make one picture (Karras et al. 2019, section 3.1)."""

    @property
    def r1_weight(self) -> float:
        """γ of the gradient penalty: 0.0002 · side² / batch."""
        return 0.0002 * self.shape.resolution**2 / self.batch

    def memory(self, seen: int) -> float:
        """Share of the running mean of the generator's weights that stays at a step: half of it after 312 batches, or after a
        twentieth of what was seen while that is less."""
        half = min(self.batch * 10_000 / 32, 0.05 * seen)
        return 0.0 if half == 0 else float(0.5 ** (self.batch / half))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "TrainingSettings":
        """The inverse of ``to_json``. Raises TypeError or ValueError."""
        return cls(**{**values, "shape": Shape.from_json(json.dumps(values["shape"]))})
