"""What a w will look like, guessed without rendering it: one linear function an attribute, learnt by
``tools/learn_foresight.py``."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import load

FILE = "foresight.safetensors"


@dataclass(frozen=True)
class Foresight:
    """``mean``: attribute → its mean among generated faces. ``explained``: share of it that the guess explains, on faces left
    out."""

    slopes: NDArray[np.float32]
    """[A, 512], per unit of w."""
    at: NDArray[np.float32]
    """[512]: the w at which the guess is the mean."""
    mean: Mapping[str, float]
    explained: Mapping[str, float]

    def guess(self, w: NDArray[np.float32], attribute: str) -> NDArray[np.float64]:
        """w [N, 512] → [N]."""
        row = list(self.mean).index(attribute)
        return np.asarray(self.mean[attribute] + (w - self.at) @ self.slopes[row], np.float64)


@cache
def foresight() -> Foresight:
    """The one that travels with the package."""
    file = resources.files("doppelganger.sculpting").joinpath(FILE)
    arrays = load(file.read_bytes())
    with resources.as_file(file) as path, safe_open(path, "numpy") as stored:
        names = stored.metadata()["names"].split(",")
    mean, explained = (dict(zip(names, map(float, arrays[key]), strict=True)) for key in ("mean", "explained"))
    return Foresight(arrays["slopes"], arrays["at"], mean, explained)
