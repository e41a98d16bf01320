"""The differentiable form of the embedded generator: one trunk, exits at 1024², 256² and 128²."""

from importlib import resources

import torch
from safetensors.torch import load
from torch import Tensor

from doppelganger.generators.heads import BLOCKS_BEFORE, new_heads
from doppelganger.generators.ir_constants import read_constants
from doppelganger.generators.mobile_stylegan import W_ROWS, SynthesisNetwork
from doppelganger.weights import Store


class DifferentiableMobileStyleGAN:
    """MobileStyleGAN-FFHQ with gradients to w+. Agrees with the OpenVINO form to 1e-4 at 1024²; frozen weights."""

    w_rows = W_ROWS
    resolutions: tuple[int, ...] = (128, 256, 1024)

    def __init__(self, store: Store, device: torch.device) -> None:
        paths = (store.path("mobilestylegan-synthesis-xml"), store.path("mobilestylegan-synthesis-bin"))
        constants = {name: torch.from_numpy(array.copy()) for name, array in read_constants(*paths).items()}
        self.device = device
        self._network = SynthesisNetwork(constants).to(device).eval()
        self._heads = new_heads()
        trained = load(resources.files("doppelganger.generators").joinpath("heads.safetensors").read_bytes())
        self._heads.load_state_dict({name: tensor.float() for name, tensor in trained.items()})
        self._heads.to(device).eval().requires_grad_(False)

    def synthesise(self, w: Tensor, resolution: int) -> Tensor:
        """w+ [B, 16, 512] → faces [B, 3, resolution, resolution] in about [−1, 1].

        1024² is the network itself. 256² and 128² are predictions of its picture reduced by area, at a fraction of the work.
        """
        if resolution == 1024:
            picture: Tensor = self._network(w)
            return picture
        if resolution not in self.resolutions:
            raise ValueError(f"resolution is one of {self.resolutions}, not {resolution}")
        head = self._heads[str(resolution)]
        reduced: Tensor = head(self._network.features(w, BLOCKS_BEFORE[resolution]), w)
        return reduced
