"""What a verifier is: a recogniser with its own crop, its own distance and thresholds that say where they come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from doppelganger.faces.detector import Face
from doppelganger.images import RGB

if TYPE_CHECKING:
    from torch import nn

Embedding = NDArray[np.float32]
"""[D], as the network gives it: not normalised."""
Transform = NDArray[np.float32]
"""[2, 3], image pixel (x, y, 1) → crop pixel."""
Metric = Literal["cosine", "euclidean"]


class OperatingPoint(StrEnum):
    """Which question the threshold answers."""

    PRIVACY = "privacy"
    """Says *same* readily: the published threshold or the one at FAR 1e-3, whichever forgives more."""
    IDENTITY = "identity"
    """Strict: the published threshold or the one at FAR 1e-4, whichever is harder to meet."""


@dataclass(frozen=True)
class Threshold:
    """Distances above ``value`` mean *different*. ``far``: the rate at which strangers are then taken for the same
    person on the calibration's faces, None where it was not measured. ``source``: where the value comes from."""

    value: float
    far: float | None
    source: str


class Verifier(Protocol):
    """A face-recognition network with thresholds. Making one reads no file; the networks load when first used, or by ``load``."""

    name: str
    licence: str
    crop_size: int
    """Side of its square crop in pixels."""
    metric: Metric

    @property
    def thresholds(self) -> Mapping[OperatingPoint, Threshold]:
        """Both operating points."""

    def load(self) -> None:
        """Load what ``embed`` needs now."""

    def crop_transform(self, image: RGB, face: Face) -> Transform:
        """The alignment of this recogniser for a face found in ``image``."""

    def embed(self, image: RGB, face: Face | None = None) -> Embedding:
        """The face's embedding, float32 [D]. Without ``face`` the largest in the picture is taken.

        Raises NoFaceError when there is none.
        """

    def distance(self, a: Embedding, b: Embedding) -> float:
        """0 for the same picture; the larger the less alike, to this recogniser."""

    def network(self) -> "nn.Module":
        """The same network with gradients to its input: crops [B, 3, S, S] float32 RGB in [−1, 1] → [B, D]."""


def measure(metric: Metric, a: Embedding, b: Embedding) -> float:
    """Cosine distance 1 − cos(a, b), in 0 … 2, or the Euclidean distance."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    if metric == "euclidean":
        return float(np.linalg.norm(x - y))
    return float(1.0 - x @ y / (np.linalg.norm(x) * np.linalg.norm(y)))
