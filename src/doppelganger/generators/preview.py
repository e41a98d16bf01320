"""An early exit of MobileStyleGAN: its picture at 256² from the features at 64², for the search.

What comes after the exit costs three to five times what comes before (docs/experiments.md: the gradient). Here a small
network stands in for it. It starts as the fifth block does (up-sampling and depthwise filter with their own modulation, so those
rows of w+ and of StyleSpace act exactly) and goes on with few channels, modulated by the rows of w+ that act after it. This
project trained it (``tools/train_preview.py`` holds data, seed and loss), on its value and on its gradient: a search follows the
gradient.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from doppelganger.generators.mobile_stylegan import LEAK, W_DIM, W_ROWS, Block, inverse_haar, sums_of

BLOCKS_BEFORE = 4
FIRST_ROW = 1 + 2 * BLOCKS_BEFORE
"""First row of w+ that acts after the exit."""
MODULATIONS_BEFORE = 3 * BLOCKS_BEFORE + 3
"""The first convolution's, the blocks' and the first two of the fifth: their scales act on a preview as they do on the picture.
The others make texture; searched, they find a weave of a few pixels that no loss minds and every eye sees."""
SIDE = 128
"""Side of the feature maps; the picture's is twice that."""
CHANNELS = (96, 64, 64)
RANK = 96


class PreviewHead(nn.Module):
    """Features [B, 512, 64, 64] after four blocks, and w+ → picture [B, 3, 256, 256] in about [−1, 1]."""

    def __init__(self, fifth: Block) -> None:
        super().__init__()
        self._fifth = (fifth,)  # in a tuple: its weights are the generator's, not ours
        first, second, third = CHANNELS
        channels = len(fifth.first.depthwise)
        self.squeeze = nn.Linear((W_ROWS - FIRST_ROW) * W_DIM, RANK)
        self.scales = nn.Linear(RANK, sum(CHANNELS))
        self.mix = nn.ModuleList(
            [nn.Conv2d(channels, first, 1), nn.Conv2d(first, second, 1), nn.Conv2d(second, third, 1)]
        )
        self.filters = nn.ModuleList([nn.Conv2d(c, c, 3, padding=1, groups=c, bias=False) for c in (first, second)])
        self.noise = nn.ParameterList([nn.Parameter(torch.zeros(1, 1, SIDE, SIDE)) for _ in range(2)])
        self.strengths = nn.ParameterList([nn.Parameter(torch.full((1, c, 1, 1), 0.1)) for c in (first, second)])
        self.wavelet = nn.Conv2d(third, 12, 1)
        nn.init.zeros_(self.scales.weight)
        nn.init.zeros_(self.scales.bias)

    def forward(self, features: Tensor, w: Tensor, corners: list[tuple[int, int]] | None = None) -> Tensor:
        """``corners``: for training on patches, the top and left of each in the 64² features."""
        scales = (1 + self.scales(self.squeeze(w[:, FIRST_ROW:W_ROWS].flatten(1))))[:, :, None, None].split(CHANNELS, 1)
        (fifth,) = self._fifth
        x = sums_of(fifth.up(features.to(fifth.first.depthwise.dtype), w, 0.5))
        x = F.conv2d(fifth.first.modulation(x, w), fifth.first.depthwise, padding=1, groups=x.shape[1])
        for k, filters in enumerate((*self.filters, None)):
            x = self.mix[k](x)
            if filters is not None:
                x = x + (self._noise(k, x.shape[-1], corners) * self.strengths[k]).to(x.dtype)
            x = F.leaky_relu(x, LEAK) * scales[k].to(x.dtype)
            if filters is not None:
                x = filters(x)
        return inverse_haar(self.wavelet(x).float())

    def halved(self, fifth: Block) -> "PreviewHead":
        """A copy whose convolutions compute in bfloat16, as those of ``fifth`` do; scales and noise stay float32."""
        copied = PreviewHead(fifth)
        copied.load_state_dict(self.state_dict())
        for convolution in (*copied.mix, *copied.filters, copied.wavelet):
            convolution.bfloat16()
        return copied.requires_grad_(False)

    def _noise(self, k: int, side: int, corners: list[tuple[int, int]] | None) -> Tensor:
        noise: Tensor = self.noise[k]
        if corners is None:
            return noise
        return torch.cat([noise[..., 2 * t : 2 * t + side, 2 * left : 2 * left + side] for t, left in corners])
