"""Sex as `faces.attributes` guesses it, with gradients: for a search that has to hold it."""

import torch
from torch import Tensor, nn

from doppelganger.faces.attributes import MEANS, SEX_SIDE
from doppelganger.onnx_torch.network import OnnxNetwork
from doppelganger.weights import Store

SURE = 4.0
"""Log-odds from which on a guess is simply sure (98 %); beyond them the network's numbers grow without meaning."""


class ApparentSex(nn.Module):
    """Face chips (`attributes.chip_transform`), float32 [B, 3, 32, 32] RGB in [−1, 1] → log-odds of a woman, [B], at most `SURE`
    either way."""

    side = SEX_SIDE

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._network = OnnxNetwork(store.path("gender"))
        self._means: Tensor
        self.register_buffer("_means", torch.tensor(MEANS)[:, None, None])

    def forward(self, chips: Tensor) -> Tensor:
        """See the class."""
        shares = self._network(((chips + 1) * 127.5 - self._means) / 256)
        female, male = shares.clamp(min=1e-9).log().unbind(1)
        odds: Tensor = (female - male).clamp(-SURE, SURE)
        return odds
