"""Faces of nobody: drawn from the generator once, they are look-alikes to choose from, distractors and the measure of realism."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from doppelganger.images import resize_area
from doppelganger.networks import Networks

SEED = 77
"""Other draws than the thresholds were calibrated on."""
CHUNK = 20
"""Faces of one task."""
SMALL = 256


@dataclass(frozen=True)
class Bank:
    """``w``: [N, 512] at truncation 1. ``pictures``: uint8 [N, 256, 256, 3]. ``embeddings``: verifier → [N, D], NaN for a
    face that the detector does not find."""

    w: NDArray[np.float32]
    pictures: NDArray[np.uint8]
    embeddings: dict[str, NDArray[np.float32]]

    def __len__(self) -> int:
        return len(self.w)

    def to_bytes(self) -> bytes:
        """As safetensors."""
        arrays: dict[str, NDArray[Any]] = {"w": self.w, "pictures": self.pictures}
        return save({**arrays, **{f"embedding {name}": rows for name, rows in self.embeddings.items()}})

    @classmethod
    def of_chunks(cls, chunks: list[bytes]) -> "Bank":
        """All chunks, in order, as one."""
        loaded = [load(chunk) for chunk in chunks]
        whole = {name: np.concatenate([arrays[name] for arrays in loaded]) for name in loaded[0]}
        embeddings = {n.removeprefix("embedding "): rows for n, rows in whole.items() if n.startswith("embedding ")}
        return cls(whole["w"], whole["pictures"], embeddings)


def draw(first: int, count: int, networks: Networks) -> Bank:
    """Faces ``first`` … ``first + count`` of the bank."""
    w = networks.generator.sample(first + count, SEED)[first:]
    members = networks.panel.members
    pictures = []
    rows: dict[str, list[NDArray[np.float32] | None]] = {member.name: [] for member in members}
    for latent in w:
        image = networks.generator.synthesise(latent)
        faces = networks.detector.detect(image)
        for member in members:
            rows[member.name].append(member.embed(image, faces[0]) if faces else None)
        pictures.append(resize_area(image, SMALL, SMALL))
    return Bank(w, np.stack(pictures), {name: _stack(found) for name, found in rows.items()})


def _stack(rows: list[NDArray[np.float32] | None]) -> NDArray[np.float32]:
    width = next((row.size for row in rows if row is not None), 1)
    return np.stack([np.full(width, np.nan, np.float32) if row is None else row for row in rows])
