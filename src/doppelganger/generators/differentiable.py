"""The differentiable form of the embedded generator: the whole network at 1024², 512² and 256², and a cheap preview of it."""

from importlib import resources

import torch
import torch.nn.functional as F
from safetensors.torch import load
from torch import Tensor

from doppelganger.arithmetic import channels_last, has_bfloat16
from doppelganger.generators.mobile_stylegan import S_ROWS, W_DIM, W_ROWS, SynthesisNetwork
from doppelganger.generators.preview import BLOCKS_BEFORE, PreviewHead
from doppelganger.memory import keep_freed_pages
from doppelganger.weights import Store

WHOLE_BLOCKS = 2
"""What comes before is small, and float32 in the searches, too."""


class DifferentiableMobileStyleGAN:
    """MobileStyleGAN-FFHQ with gradients to w+. Agrees with the OpenVINO form to 1e-4 at 1024²; frozen weights."""

    w_rows = W_ROWS
    s_rows = S_ROWS

    def __init__(self, store: Store, device: torch.device) -> None:
        keep_freed_pages()
        self.device = device
        self._network = SynthesisNetwork.of_store(store).eval()
        channels_last(self._network.to(device))
        head = PreviewHead(self._network.block(BLOCKS_BEFORE))
        trained = load(resources.files("doppelganger.generators").joinpath("preview.safetensors").read_bytes())
        head.load_state_dict({name: tensor.float() for name, tensor in trained.items()})
        self._head = head.to(device).eval().requires_grad_(False)
        # What the searches follow: in bfloat16, where the device multiplies that itself, it takes half of the time.
        self._searched = self._network
        if has_bfloat16(device):
            self._searched = self._network.halved(WHOLE_BLOCKS)
            self._head = head.halved(self._searched.block(BLOCKS_BEFORE))
        channels_last(self._head)

    def scales_of(self, w: Tensor) -> Tensor:
        """w [N, 512] for every layer → the scales that each modulation makes of it, [23, N, 512], 0 where it has fewer channels."""
        scales = w.new_zeros(S_ROWS - W_ROWS, len(w), W_DIM)
        for modulation in self._network.modulations():
            scales[modulation.number, :, : len(modulation.weight)] = F.linear(w, modulation.weight, modulation.bias)
        return scales

    def synthesise(self, w: Tensor, resolution: int) -> Tensor:
        """w+ [B, 16 or 39, 512] → faces [B, 3, resolution, resolution] in about [−1, 1], the 1024² picture reduced by area.

        At 512² and below the last wavelet transform is left out: its low band is that mean.
        """
        if resolution == 1024:
            whole: Tensor = self._network(w)
            return whole
        half = self.wavelets(w)[:, :3] / 2
        return half if resolution == 512 else F.interpolate(half, (resolution, resolution), mode="area")

    def wavelets(self, w: Tensor) -> Tensor:
        """w+ [B, 16 or 39, 512] → the 1024² faces' finest Haar coefficients [B, 12, 512, 512]: three low bands, nine of details."""
        coefficients: Tensor = self._network.wavelets(w)
        return coefficients

    def preview(self, w: Tensor) -> Tensor:
        """Like ``synthesise`` at 256², predicted by the early exit: approximate, for a quarter to a third of the work."""
        return self.preview_of(self.features(w), w)

    def features(self, w: Tensor) -> Tensor:
        """w+ [B, 16 or 39, 512] → [B, 512, 64, 64]: where the preview leaves the network."""
        return self._searched.features(w, BLOCKS_BEFORE)

    def preview_of(self, features: Tensor, w: Tensor) -> Tensor:
        """The preview, from its features."""
        predicted: Tensor = self._head(features, w)
        return predicted

    def wavelets_of(self, features: Tensor, w: Tensor) -> Tensor:
        """``wavelets``, from the features; in bfloat16 on the way where the device multiplies it itself."""
        coefficients: Tensor = self._searched.wavelets_of(features, w, BLOCKS_BEFORE)
        return coefficients

    def glance(self, w: Tensor) -> Tensor:
        """Like ``synthesise`` at 256², in a search's precision and without gradients."""
        with torch.no_grad():
            return F.interpolate(self.wavelets_of(self.features(w), w)[:, :3] / 2, (256, 256), mode="area")
