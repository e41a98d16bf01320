"""The differentiable form of any StyleGAN2. It has no preview: every gradient goes through the whole network."""

import torch
import torch.nn.functional as F
from torch import Tensor

from doppelganger.generators.mobile_stylegan import haar
from doppelganger.generators.stylegan2 import StyleGAN2Network
from doppelganger.memory import keep_freed_pages

PREVIEW = 256
"""Side at which the searches compare pictures."""


class DifferentiableStyleGAN2:
    """A `generators.protocol.DifferentiableGenerator` without scales of StyleSpace: its latents are w+ alone."""

    def __init__(self, network: StyleGAN2Network) -> None:
        keep_freed_pages()
        self._network = network
        self.w_rows = self.s_rows = network.shape.rows

    def synthesise(self, w: Tensor, resolution: int) -> Tensor:
        """w+ [B, w_rows, w_dim] → faces [B, 3, resolution, resolution] in about [−1, 1]."""
        return at_side(self._network.synthesis(w), resolution)

    def preview(self, w: Tensor) -> Tensor:
        """The whole network's picture at 256²."""
        return self.synthesise(w, PREVIEW)

    def glance(self, w: Tensor) -> Tensor:
        """The same without gradients."""
        with torch.no_grad():
            return self.preview(w)

    def wavelets(self, w: Tensor) -> Tensor:
        """The pictures' finest Haar coefficients, [B, 12, side / 2, side / 2]."""
        coefficients: Tensor = haar(self._network.synthesis(w))
        return coefficients

    def scales_of(self, w: Tensor) -> Tensor:
        """None: [0, N, w_dim]."""
        return w.new_zeros(0, *w.shape)


def at_side(picture: Tensor, side: int) -> Tensor:
    """[B, 3, S, S] → [B, 3, side, side]: the mean of the covered area, or enlarged between the pixels."""
    if picture.shape[-1] >= side:
        return F.interpolate(picture, (side, side), mode="area")
    return F.interpolate(picture, (side, side), mode="bilinear", align_corners=False)
