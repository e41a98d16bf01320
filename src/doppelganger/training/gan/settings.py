"""How a generator and its detective are trained."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from doppelganger.generators.stylegan2 import Shape
from doppelganger.training.gan import path_length

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


def batch_for(network: str, resolution: int, processes: int) -> int:
    """Pictures a step where nobody says how many: 16 for the small network, else as StyleGAN2-ADA's ``auto`` for so many devices;
    a multiple of four a device, since the detective sees the spread of four.
    """
    whole = 16 if network == SMALL else min(processes * min(4096 // resolution, 32), 64)
    return max(whole // (4 * processes), 1) * 4 * processes


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
    path_weight: float = 0.0
    """Of the path length's penalty; 0 leaves it out."""
    mixed: bool = False
    """The largest sides are computed in bfloat16."""

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


@dataclass(frozen=True)
class Wishes:
    """What somebody may leave open: then a run that goes on keeps its own, and a new one takes what its side suggests."""

    network: str | None = None
    batch: int | None = None
    path_length: bool | None = None
    mixed: bool | None = None

    def settings(self, resolution: int, processes: int, begun: TrainingSettings | None) -> TrainingSettings:
        """For pictures of a side, in so many processes. ``begun``: of the run that goes on. Raises ValueError for another network.

        The path length's penalty is there as in StyleGAN2 and all of StyleGAN2-ADA's settings but its smallest (``cifar``).
        """
        name = self.network or (SMALL if resolution <= LARGEST_SMALL else "auto")
        batch = batch_for(name, resolution, processes)
        weight = 0.0 if name == SMALL else path_length.WEIGHT
        settings = begun or TrainingSettings(shape_named(name, resolution), batch=batch, path_weight=weight)
        if self.network is not None:
            settings = replace(settings, shape=shape_named(self.network, resolution))
        if self.batch is not None:
            settings = replace(settings, batch=self.batch)
        if self.path_length is not None:
            settings = replace(settings, path_weight=path_length.WEIGHT if self.path_length else 0.0)
        return settings if self.mixed is None else replace(settings, mixed=self.mixed)
