"""What every generator of the StyleGAN family offers, whatever network is behind it."""

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

Latent = NDArray[np.float32]
"""W: [512]; W+: [w_rows, 512]; or W+ with offsets of the scales that its rows make (StyleSpace): [s_rows, 512]."""


class Generator(Protocol):
    """Latents → faces, fast and without gradients. The differentiable twin is :class:`DifferentiableGenerator`."""

    name: str
    resolution: int
    """Side of the square picture in pixels."""
    w_rows: int
    """Rows of W+: how many of the network's layers can be given a latent of their own."""
    s_rows: int
    """Rows of a latent in StyleSpace: those of W+, then the offsets of every modulation."""

    @property
    def w_mean(self) -> Latent:
        """The mean of W, float32 [512]: the latent of the mean face."""

    def map(self, z: Latent) -> Latent:
        """Standard normal z, [B, 512], → w, float32 [B, 512]."""

    def synthesise_float(self, w: Latent) -> NDArray[np.float32]:
        """One face, float32 [3, resolution, resolution] in about [−1, 1]."""

    def synthesise(self, w: Latent) -> NDArray[np.uint8]:
        """One face, uint8 [resolution, resolution, 3] RGB, from any latent."""


class Population(Protocol):
    """What faces of nobody are drawn from."""

    @property
    def w_mean(self) -> Latent:
        """The mean of W, float32 [512]."""

    def sample(self, count: int, seed: int) -> Latent:
        """``count`` draws from W (truncation 1), float32 [count, 512]."""


class WholeGenerator(Generator, Population, Protocol):
    """A generator as a run holds it: it knows its people, and keeps its last faces."""

    def load(self) -> None:
        """Make ready now what would be made ready for the first face."""

    def forget(self) -> None:
        """Let go of the last faces."""


class Previewer(Protocol):
    """What a search asks of a generator: pictures of latents [B, w_rows or s_rows, 512] in PyTorch, with gradients to them."""

    w_rows: int
    s_rows: int

    def preview(self, w: torch.Tensor) -> torch.Tensor:
        """Faces [B, 3, 256, 256] in about [−1, 1]; where there is a cheaper way than ``synthesise``, approximately."""

    def glance(self, w: torch.Tensor) -> torch.Tensor:
        """The true picture that ``preview`` approximates, without gradients."""


class DifferentiableGenerator(Previewer, Protocol):
    """The same function of latents as a generator's in PyTorch, with gradients to them."""

    def synthesise(self, w: torch.Tensor, resolution: int) -> torch.Tensor:
        """w+ [B, w_rows, 512] → faces [B, 3, resolution, resolution] in about [−1, 1], reduced by area."""

    def wavelets(self, w: torch.Tensor) -> torch.Tensor:
        """The finest Haar coefficients of the full-size faces, [B, 12, side / 2, side / 2]: three low bands, nine of details."""

    def scales_of(self, w: torch.Tensor) -> torch.Tensor:
        """w [N, 512] → the scales that each modulation makes of it, [s_rows − w_rows, N, 512]."""


class EarlyExitGenerator(DifferentiableGenerator, Protocol):
    """One whose preview leaves the network half-way, so that a look at the whole can share what comes before."""

    def features(self, w: torch.Tensor) -> torch.Tensor:
        """Latents → the features at the exit, [B, C, H, W]."""

    def preview_of(self, features: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        """What ``preview`` gives, from its features."""

    def wavelets_of(self, features: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        """What ``wavelets`` gives, from the same features; in a search's precision."""
