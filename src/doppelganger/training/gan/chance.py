"""All chance of a training: one source, whose state is all that must be kept to go on."""

import torch
from torch import Tensor

from doppelganger.training.gan.ranks import ALONE, Ranks


class Chance:
    """Draws for a batch. Of several processes each draws for all and keeps its share, so that all stay in step."""

    def __init__(self, random: torch.Generator, ranks: Ranks = ALONE) -> None:
        self.random, self._ranks = random, ranks

    def normal(self, rows: int, *size: int) -> Tensor:
        """Standard normal [rows, …]; ``rows``: of this process."""
        whole = torch.randn(rows * self._ranks.count, *size, generator=self.random, device=self.random.device)
        return self._ranks.share(whole)

    def uniform(self, rows: int) -> Tensor:
        """[rows] in [0, 1)."""
        whole = torch.rand(rows * self._ranks.count, generator=self.random, device=self.random.device)
        return self._ranks.share(whole)

    def one(self) -> float:
        """A number in [0, 1), the same for all processes."""
        return float(torch.rand((), generator=self.random, device=self.random.device))

    def noise(self, features: Tensor) -> Tensor:
        """New noise for features [B, C, H, W]: [B, 1, H, W], of their type."""
        return self.normal(len(features), 1, *features.shape[2:]).to(features.dtype)
