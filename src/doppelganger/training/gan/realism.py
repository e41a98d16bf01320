"""How far the fakes lie from the set while a run goes: FID and KID by Inception-v3's features.

Neither touches the training: the fakes are of latents that are always the same, from a source of their own.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from doppelganger.evaluation.realism import frechet_distance, kernel_distance
from doppelganger.generators.stylegan2 import StyleGAN2Network
from doppelganger.images import RGB, write_atomically
from doppelganger.training.gan.picture_set import PictureSet

COUNT = 1000
"""Pictures on either side, where nobody says how many."""
CHUNK = 32
Features = Callable[[Iterable[RGB]], NDArray[np.float32]]
"""Pictures → a row of features each."""


class Realism:
    """Measures a network against a set every so many pictures of its training."""

    def __init__(self, pictures: PictureSet, features: Features, every: int, count: int = COUNT) -> None:
        """``every``: pictures shown from one measurement to the next. ``count``: pictures on either side, at most the set's."""
        self.every, self.count = every, min(count, len(pictures.pictures))
        self._set, self._features = pictures, features
        self._of_set: NDArray[np.float32] | None = None

    def due(self, before: int, after: int) -> bool:
        """Whether it is time, when a tick took the pictures shown from ``before`` to ``after``."""
        return before // self.every < after // self.every

    def of(self, network: StyleGAN2Network, kept: Path) -> dict[str, float]:
        """FID and KID, and of how many pictures on either side. The set's own features are kept in the folder ``kept``.

        FID is biased by few pictures, each count in another way; KID is not.
        """
        if self._of_set is None:
            self._of_set = self._kept(kept / f"set-features-{self.count}.npy")
        of_fakes = self._features(generated(network, self.count))
        fid, kid = frechet_distance(of_fakes, self._of_set), kernel_distance(of_fakes, self._of_set)
        return {"FID": fid, "KID": kid, "n": self.count}

    def _kept(self, file: Path) -> NDArray[np.float32]:
        try:
            kept = np.load(file, allow_pickle=False)
        except (OSError, ValueError):
            kept = np.empty(0)
        if kept.ndim == 2 and len(kept) == self.count:
            return np.asarray(kept, np.float32)
        chosen = np.sort(np.random.default_rng(0).permutation(len(self._set.pictures))[: self.count])
        made = self._features(np.asarray(self._set.pictures[i]) for i in chosen)
        buffer = io.BytesIO()
        np.save(buffer, made)
        write_atomically(file, buffer.getvalue())
        return made


def generated(network: StyleGAN2Network, count: int) -> Iterator[RGB]:
    """Pictures of fixed latents at truncation 1, by the layers' own noise."""
    device = next(network.parameters()).device
    latents = torch.randn(count, network.shape.z_dim, generator=torch.Generator().manual_seed(1))
    for some in torch.split(latents, CHUNK):
        with torch.inference_mode():
            levels = (network(some.to(device)) * 127.5 + 128).clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
        yield from levels
