"""The learnt directions: loaded from the package, added to a latent.

>>> known = load()
>>> w_plus = apply(w, {"smile": 1.0, "yaw": -15.0})
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load as load_tensors

from doppelganger.errors import DoppelgangerError
from doppelganger.generators.mobile_stylegan import S_ROWS, W_DIM, W_ROWS
from doppelganger.generators.protocol import Latent

VECTORS, SCORES = "directions.safetensors", "directions.json"
Range = tuple[float, float]


class DirectionError(DoppelgangerError):
    """A direction was asked for that there is not, or with a strength or latent that cannot be used."""

    exit_code = 2


@dataclass(frozen=True)
class Direction:
    """One direction. A strength is a number of ``unit``s; 0 changes nothing."""

    name: str
    says: str
    """What it does, in a few words."""
    attribute: str
    """The attribute of `reading.ATTRIBUTES` that it moves."""
    sign: int
    """−1 where a positive strength makes the attribute smaller."""
    unit: str
    """"degrees", "years" or "population deviations"."""
    vector: NDArray[np.float32]
    """[16, 512]: what strength 1 adds to w+."""
    valid_range: Range
    """Strengths between which a face stays a face, and the attribute still follows."""
    identity_range: Range
    """Strengths between which verifiers take the face for the same person."""
    scores: Mapping[str, Any]
    """How it did on faces it had not seen; docs/directions.md explains each number."""

    @property
    def weak(self) -> bool:
        """Moves its attribute little or unreliably."""
        return bool(self.scores.get("weak", False))


class Directions(Mapping[str, Direction]):
    """All directions by name, in a fixed order."""

    def __init__(self, members: Mapping[str, Direction], about: Mapping[str, Any]) -> None:
        self._members = dict(members)
        self.about = about
        """Seeds, counts, population deviations, the matrix of side effects: the whole score file."""

    def __getitem__(self, name: str) -> Direction:
        if name not in self._members:
            raise DirectionError(f"There is no direction {name!r}; choose from {', '.join(self._members)}.")
        return self._members[name]

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    @property
    def names(self) -> tuple[str, ...]:
        """In the order of the table."""
        return tuple(self._members)

    @property
    def vectors(self) -> Mapping[str, NDArray[np.float32]]:
        """Name → [16, 512]."""
        return {name: direction.vector for name, direction in self._members.items()}

    @property
    def units(self) -> Mapping[str, str]:
        """Name → unit of strength."""
        return {name: direction.unit for name, direction in self._members.items()}

    @property
    def ranges(self) -> Mapping[str, Range]:
        """Name → strengths between which the face stays valid; `Direction.identity_range` is the narrower one."""
        return {name: direction.valid_range for name, direction in self._members.items()}

    @property
    def scores(self) -> Mapping[str, Mapping[str, Any]]:
        """Name → scores."""
        return {name: direction.scores for name, direction in self._members.items()}

    def apply(self, w: Latent, strengths: Mapping[str, float]) -> Latent:
        """w [512] or w+ [16, 512] → w+ float32 [16, 512] with every direction added at its strength. A latent in StyleSpace,
        [39, 512], keeps its offsets.

        Strengths are not clipped to the ranges: the sum is linear, and undone by the opposite strengths.
        """
        latent = np.asarray(w, np.float32)
        if latent.shape not in ((W_DIM,), (W_ROWS, W_DIM), (S_ROWS, W_DIM)):
            raise DirectionError(
                f"A latent must have the shape [{W_DIM}], [{W_ROWS}, {W_DIM}] or [{S_ROWS}, {W_DIM}], not "
                f"{list(latent.shape)}."
            )
        rows = S_ROWS if len(latent) == S_ROWS else W_ROWS
        changed = np.array(np.broadcast_to(latent, (rows, W_DIM)), np.float32)
        for name, strength in strengths.items():
            direction = self[name]
            if not np.isfinite(strength):
                raise DirectionError(f"The strength of {name!r} must be a number, not {strength}.")
            changed[:W_ROWS] += np.float32(strength) * direction.vector
        return changed


@cache
def load() -> Directions:
    """The directions that travel with the package."""
    folder = resources.files("doppelganger.directions")
    about = json.loads(folder.joinpath(SCORES).read_text("utf-8"))
    vectors = load_tensors(folder.joinpath(VECTORS).read_bytes())["vectors"].astype(np.float32)
    members = {}
    for row, vector in zip(about["directions"], vectors, strict=True):
        vector.flags.writeable = False
        members[row["name"]] = Direction(
            row["name"],
            row["says"],
            row["attribute"],
            row["sign"],
            row["unit"],
            vector,
            (row["valid_range"][0], row["valid_range"][1]),
            (row["identity_range"][0], row["identity_range"][1]),
            row["scores"],
        )
    return Directions(members, about)


def apply(w: Latent, strengths: Mapping[str, float]) -> Latent:
    """`Directions.apply` of the package's own directions."""
    return load().apply(w, strengths)
