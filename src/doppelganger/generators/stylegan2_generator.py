"""A StyleGAN2 network, trained here or published, as a generator of the project; and the file in which one trained here is kept."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from doppelganger.errors import WeightsError, WeightsUnavailableError
from doppelganger.generators.protocol import Latent
from doppelganger.generators.stylegan2 import Shape, StyleGAN2Network, rebuilt
from doppelganger.generators.stylegan2_gradients import at_side
from doppelganger.weights.files import sha256_of
from doppelganger.weights.stylegan_pickle import read_stylegan_pickle

HEADER = "doppelganger.stylegan2"
"""The key of a file's header under which its shape stands."""
RECENT = 24
"""Faces kept, as of the built-in generator."""

CONSENT = "doppelganger.consent"
"""And what was said of whose pictures it learnt from, where something was."""


class StyleGAN2:
    """Pictures of any StyleGAN2 network. Noise is the network's own, so that a latent has one picture."""

    def __init__(
        self, network: StyleGAN2Network, name: str, sha256: str, device: torch.device, least_side: int = 0
    ) -> None:
        """``least_side``: to which smaller pictures are enlarged."""
        self.name, self.sha256 = name, sha256
        self.network = network.to(device).eval().requires_grad_(False)
        self.resolution = max(network.shape.resolution, least_side)
        self.w_rows = network.shape.rows
        self.s_rows = self.w_rows
        self.w_dim = network.shape.w_dim
        self._device = device
        self._recent: dict[bytes, NDArray[np.uint8]] = {}

    def at_least(self, side: int) -> "StyleGAN2":
        """The same generator with pictures of at least ``side``² pixels: smaller ones are enlarged."""
        return StyleGAN2(self.network, self.name, self.sha256, self._device, side)

    @property
    def licence(self) -> str:
        """What a person has to look up before they use the pictures."""
        if Path(self.name).suffix == ".safetensors":
            return "that of the pictures it learnt from"
        return "its publisher's; NVIDIA's own networks are not for commercial use"

    @classmethod
    def of_file(cls, file: Path, device: torch.device) -> "StyleGAN2":
        """From a published pickle or from a file of ``generator_file``. Raises WeightsError with one sentence."""
        if not file.is_file():
            raise WeightsUnavailableError(f"There is no file {file}; check the path of the generator.")
        try:
            network = rebuilt(*(_read(file) if file.suffix == ".safetensors" else read_stylegan_pickle(file)))
        except ValueError as error:
            raise WeightsError(f"{file.name} is not a StyleGAN2 network that this program can use: {error}.") from error
        return cls(network, file.name, sha256_of(file), device)

    @property
    def w_mean(self) -> Latent:
        """The running mean of W from training, [w_dim]."""
        mean: Latent = self.network.mapping.w_avg.cpu().numpy()
        return mean

    def map(self, z: Latent) -> Latent:
        """Standard normal z, [B, z_dim], → w, float32 [B, w_dim]."""
        with torch.inference_mode():
            w: Latent = self.network.mapping(self._tensor(z)).cpu().numpy()
        return w

    def sample(self, count: int, seed: int) -> Latent:
        """``count`` draws from W (truncation 1), float32 [count, w_dim]."""
        size = (count, self.network.shape.z_dim)
        return self.map(np.random.default_rng(seed).standard_normal(size, np.float32))

    def synthesise_float(self, w: Latent) -> NDArray[np.float32]:
        """w [w_dim] or w+ [w_rows, w_dim] → [3, resolution, resolution] in about [−1, 1]."""
        rows = np.broadcast_to(np.asarray(w, np.float32), (self.w_rows, self.w_dim))
        with torch.inference_mode():
            own = self.network.synthesis(self._tensor(rows)[None])
            picture: NDArray[np.float32] = at_side(own, self.resolution)[0].cpu().numpy()
        return picture

    def synthesise(self, w: Latent) -> NDArray[np.uint8]:
        """w or w+ → uint8 [resolution, resolution, 3] RGB. The last faces are kept: a run asks for some of them again."""
        key = np.asarray(w, np.float32).tobytes()
        if key not in self._recent:
            levels = np.clip(self.synthesise_float(w) * 127.5 + 128, 0, 255).astype(np.uint8)
            self._recent[key] = np.ascontiguousarray(levels.transpose(1, 2, 0))
            if len(self._recent) > RECENT:
                self._recent.pop(next(iter(self._recent)))
        return self._recent[key].copy()

    def load(self) -> None:
        """Nothing waits."""

    def forget(self) -> None:
        """Let go of the last faces."""
        self._recent.clear()

    def _tensor(self, values: Latent) -> Tensor:
        return torch.from_numpy(np.array(values, np.float32)).to(self._device)


def generator_file(network: StyleGAN2Network, consent: str = "") -> bytes:
    """The bytes of a safetensors file that ``StyleGAN2.of_file`` reads. ``consent``: what its header says of whose pictures
    it learnt from."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    return save(tensors, {HEADER: network.shape.to_json(), **({CONSENT: consent} if consent else {})})


def _read(file: Path) -> tuple[Shape, dict[str, Tensor]]:
    try:
        with safe_open(file, "pt") as content:
            header = (content.metadata() or {}).get(HEADER)
            if header is None:
                raise WeightsError(f"{file.name} is not a generator's file, as `doppelganger gan train` writes it.")
            return Shape.from_json(header), {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, TypeError) as error:
        raise WeightsError(f"{file.name} is damaged or no generator's file; use a whole copy.") from error
