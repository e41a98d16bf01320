"""The shape of W: its mean and principal axes, and coordinates in which every axis is about equally long.

Searching in such coordinates moves latents along directions in which the generator's population really varies
(Zhu, Abdal, Qin, Femiani, Wonka, "Improved StyleGAN Embedding: Where are the Good Latents?", 2020, arXiv:2012.09036, whiten
likewise, after undoing the mapping network's last activation).
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

WHITENING = 0.5
"""0: plain w; 1: every principal axis has unit deviation. Measured in docs/how-it-works.md."""


class LatentSpace:
    """Coordinates v ↔ w: w = mean + (v · scale) · axes. v = 0 is the mean face."""

    def __init__(self, samples: NDArray[np.float32], device: torch.device, whitening: float = WHITENING) -> None:
        """``samples``: draws from W, [N, 512] with N > 512."""
        w = torch.from_numpy(samples).to(device)
        self.mean: Tensor = w.mean(0)
        centred = w - self.mean
        variance, vectors = torch.linalg.eigh(centred.T @ centred / len(w))
        deviation = variance.clamp(min=1e-8).sqrt()
        # The mean deviation keeps v's unit the same for every whitening, so learning rates stay comparable.
        scale = deviation**whitening * deviation.mean() ** (1 - whitening)
        self._basis: Tensor = vectors.T * scale[:, None]
        self._relative: Tensor = scale / deviation

    def to_w(self, v: Tensor) -> Tensor:
        """[..., 512] → w of the same shape."""
        w: Tensor = self.mean + v @ self._basis
        return w

    def from_w(self, w: Tensor) -> Tensor:
        """The inverse of ``to_w``: [N, 512] → [N, 512]."""
        v: Tensor = torch.linalg.solve(self._basis.T, (w - self.mean).mT).mT
        return v

    def prior(self, v: Tensor) -> Tensor:
        """Mean squared distance from the mean face in deviations of W: about 1 for a draw from the population."""
        return (v * self._relative).square().mean()
