"""The detective: StyleGAN2's residual discriminator (Karras et al. 2020, section 4.1), which says how real a picture looks.

Its next to last layer also sees how much the pictures of a batch differ (Karras et al. 2018, "Progressive Growing of
GANs", section 3): a generator that makes one picture over and over is found out by that.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from doppelganger.generators.stylegan2 import EPSILON, Dense, Shape, blur, leaky

GROUP = 4
"""Pictures whose spread is measured together."""
HALF = math.sqrt(0.5)
"""Keeps the variance of a sum of two."""


class Convolution(nn.Module):
    """k×k with equalised learning rate; ``down`` halves the side, after the low-pass filter."""

    def __init__(
        self, inputs: int, outputs: int, size: int, down: bool = False, active: bool = True, clamp: float | None = None
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.zeros(outputs)) if active else None
        self._gain = 1 / math.sqrt(inputs * size**2)
        self._down, self._active, self._clamp = down, active, clamp

    def forward(self, x: Tensor, gain: float = 1.0) -> Tensor:
        """[B, inputs, H, W] → [B, outputs, H, W], or half as large."""
        weight = (self.weight * self._gain).to(x.dtype)
        bias = None if self.bias is None else self.bias.to(x.dtype)
        size = weight.shape[-1]
        if not self._down:
            x = F.conv2d(x, weight, bias, padding=size // 2)
        elif size == 1:
            x = F.conv2d(blur(x, padding=1, stride=2), weight, bias)
        else:
            x = F.conv2d(blur(x, padding=2), weight, bias, stride=2)
        return leaky(x, self._clamp, gain) if self._active else x * gain


class ResidualBlock(nn.Module):
    """Two convolutions, the second to half the side, added to a 1×1 short cut."""

    def __init__(self, shape: Shape, side: int) -> None:
        super().__init__()
        here, below = shape.channels(side), shape.channels(side // 2)
        self.conv0 = Convolution(here, here, 3, clamp=shape.clamp)
        self.conv1 = Convolution(here, below, 3, down=True, clamp=shape.clamp)
        self.skip = Convolution(here, below, 1, down=True, active=False)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] → half the side."""
        summed: Tensor = self.skip(x, HALF) + self.conv1(self.conv0(x), HALF)
        return summed


def with_spread(x: Tensor, group: int = GROUP) -> Tensor:
    """[B, C, H, W] → [B, C + 1, H, W]: the last channel is the mean deviation of features within a group of pictures.

    B is a multiple of ``group``, or smaller. Picture i is of group i mod (B / group).
    """
    batch, _, height, width = x.shape
    group = min(group, batch)
    y = x.reshape(group, -1, *x.shape[1:])
    deviation = ((y - y.mean(0)).square().mean(0) + EPSILON).sqrt().mean((1, 2, 3))
    return torch.cat([x, deviation.repeat(group)[:, None, None, None].expand(batch, 1, height, width)], 1)


class Discriminator(nn.Module):
    """Pictures [B, 3, side, side] in [−1, 1] → logits [B]: above 0 it takes them for real."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        channels = shape.channels(4)
        self.half_from: int | None = None
        """Down to this side features are bfloat16; None: of no side."""
        self.fromrgb = Convolution(3, shape.channels(shape.resolution), 1, clamp=shape.clamp)
        self.blocks = nn.Sequential(*(ResidualBlock(shape, side) for side in reversed(shape.sides[1:])))
        self.conv = Convolution(channels + 1, channels, 3, clamp=shape.clamp)
        self.fc = Dense(channels * 16, channels, active=True)
        self.out = Dense(channels, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """How real each looks."""
        side = pictures.shape[-1]
        x = self.fromrgb(pictures if self.half_from is None or side < self.half_from else pictures.to(torch.bfloat16))
        for block in self.blocks:
            if self.half_from is not None and side < self.half_from:
                x = x.to(pictures.dtype)
            x, side = block(x), side // 2
        x = self.conv(with_spread(x.to(pictures.dtype)))
        logits: Tensor = self.out(self.fc(x.flatten(1)))[:, 0]
        return logits
