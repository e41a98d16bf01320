"""Small colour heads that let the trunk of MobileStyleGAN exit early: the same picture at 256² and 128², for the search.

The published network keeps only the head of its last block. These two were trained by this project
(``tools/train_heads.py`` holds data, seed and loss) to give what the whole network gives, reduced to their size, from the
features at half that size. The rows of w+ that act after the exit still act: they modulate the head.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from doppelganger.generators.mobile_stylegan import LEAK, W_DIM, W_ROWS, inverse_haar

HIDDEN, RANK = 64, 32
BLOCKS_BEFORE = {256: 5, 128: 4}
"""Resolution of the picture → blocks of the trunk before its head."""


class EarlyHead(nn.Module):
    """Features [B, C, S, S] and w+ [B, 16, 512] → picture [B, 3, 2S, 2S] in about [−1, 1]."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        self.blocks = blocks
        self.first_row = 1 + 2 * blocks
        late_rows = W_ROWS - self.first_row
        self.squeeze = nn.Linear(late_rows * W_DIM, RANK)
        self.scales = nn.Linear(RANK, channels + HIDDEN)
        self.point = nn.Conv2d(channels, HIDDEN, 1)
        self.wavelet = nn.Conv2d(HIDDEN, 12, 3, padding=1)
        nn.init.zeros_(self.scales.weight)
        nn.init.zeros_(self.scales.bias)

    def forward(self, features: Tensor, w: Tensor) -> Tensor:
        late = self.scales(self.squeeze(w[:, self.first_row :].flatten(1)))[:, :, None, None]
        before, after = (1 + late).split([features.shape[1], HIDDEN], 1)
        x = F.leaky_relu(self.point(features * before) * after, LEAK)
        return inverse_haar(self.wavelet(x))


def new_heads() -> nn.ModuleDict:
    """Untrained heads by resolution: "256" after five blocks (256 channels at 128²), "128" after four (512 at 64²)."""
    return nn.ModuleDict({"256": EarlyHead(256, BLOCKS_BEFORE[256]), "128": EarlyHead(512, BLOCKS_BEFORE[128])})


__all__ = ["EarlyHead", "new_heads"]
