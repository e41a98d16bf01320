"""The shape of W and of StyleSpace: coordinates in which every axis is about equally long.

Searching in such coordinates moves latents along directions in which the generator's population really varies
(Zhu, Abdal, Qin, Femiani, Wonka, "Improved StyleGAN Embedding: Where are the Good Latents?", 2020, arXiv:2012.09036, whiten
likewise, after undoing the mapping network's last activation). Offsets of a modulation's scales (StyleSpace) are counted in each
scale's deviation over the population, as Wu et al. 2021 do.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

WHITENING = 0.5
"""0: plain w; 1: every principal axis has unit deviation. Measured in docs/how-it-works.md."""


class LatentSpace:
    """Coordinates v ↔ latent. Of w+: w = mean + (v · scale) · axes; of offsets: v · deviation. v = 0 is the mean face."""

    def __init__(
        self,
        samples: NDArray[np.float32],
        device: torch.device,
        scales_of: Callable[[Tensor], Tensor],
        whitening: float = WHITENING,
    ) -> None:
        """``samples``: draws from W, [N, 512] with N > 512. ``scales_of``: w [N, 512] → the scales of each of M modulations,
        [M, N, 512]."""
        w = torch.from_numpy(samples)
        centred = w - w.mean(0)
        # on the CPU: Apple's devices have no eigendecomposition
        variance, vectors = (part.to(device) for part in torch.linalg.eigh(centred.T @ centred / len(w)))
        self.mean: Tensor = w.mean(0).to(device)
        deviation = variance.clamp(min=1e-8).sqrt()
        # The mean deviation keeps v's unit the same for every whitening, so learning rates stay comparable.
        scale = deviation**whitening * deviation.mean() ** (1 - whitening)
        self._basis: Tensor = vectors.T * scale[:, None]
        self._relative: Tensor = scale / deviation
        # affine maps of w, so a mean over the covariance's axes is exact: rows of the basis, one deviation long
        along = scales_of(vectors.T * deviation[:, None]) - scales_of(torch.zeros_like(vectors))
        self._scale_deviation: Tensor = along.square().sum(1).sqrt()

    def to_w(self, v: Tensor) -> Tensor:
        """[..., 512] → w of the same shape."""
        w: Tensor = self.mean + v @ self._basis
        return w

    def from_w(self, w: Tensor) -> Tensor:
        """The inverse of ``to_w``: [N, 512] → [N, 512]."""
        v: Tensor = torch.linalg.solve(self._basis.T, (w - self.mean).mT).mT
        return v

    def to_s(self, v: Tensor) -> Tensor:
        """[rows + M, 512] → latent of the same shape: rows of w+, then the offsets of M modulations."""
        rows = len(v) - len(self._scale_deviation)
        return torch.cat([self.to_w(v[:rows]), self.to_offsets(v[rows:])])

    def to_offsets(self, v: Tensor) -> Tensor:
        """[M, 512] in deviations → offsets of the scales."""
        return v * self._scale_deviation

    def from_s(self, latent: Tensor) -> Tensor:
        """The inverse of ``to_s``; what drives nothing comes back as 0."""
        rows = len(latent) - len(self._scale_deviation)
        used = self._scale_deviation > 0
        offsets = torch.where(used, latent[rows:] / torch.where(used, self._scale_deviation, 1.0), 0.0)
        return torch.cat([self.from_w(latent[:rows]), offsets])

    def prior(self, v: Tensor) -> Tensor:
        """Mean squared distance from the mean face in deviations of W: about 1 for a draw from the population; v of w+ alone."""
        return (v * self._relative).square().mean()
