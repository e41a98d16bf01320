"""What goes wrong in this game, noticed: it diverges, one side wins, or the generator makes one picture over and over."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from doppelganger.training.divergence import DivergedError, are_finite

ALIKE = 0.2
"""Spread of the fakes over that of the set below which they count as one picture."""
BELIEF = 0.02
"""What the detective gives the fakes, and doubts of the real ones, when it has won."""
LATELY = 5
"""Lines of the history that must all say so."""


def check_finite(*losses: float) -> None:
    """Raises DivergedError before anything of such a step is kept."""
    if not all(math.isfinite(loss) for loss in losses):
        raise _diverged("losses")


def check_weights(*networks: nn.Module) -> None:
    """Raises DivergedError before they are kept."""
    if not are_finite(*networks):
        raise _diverged("weights")


def _diverged(what: str) -> DivergedError:
    return DivergedError(
        f"The run has diverged: its {what} are no numbers any more. The last checkpoints are from before; begin a new run "
        "with another --seed, a larger --batch or more pictures."
    )


def spread(pictures: NDArray[np.uint8]) -> float:
    """How much pictures [N, S, S, 3] differ from one another: the mean deviation of a pixel over them, in levels."""
    return float(pictures.astype(np.float32).std(0).mean())


def warnings(history: Sequence[dict[str, Any]]) -> list[str]:
    """Sentences on the last lines of a history; none while all is well."""
    last = history[-LATELY:]
    if len(last) < LATELY:
        return []
    said = []
    if all(line["spread"] < ALIKE for line in last):
        said.append(
            "The generator has collapsed: its pictures are nearly all the same. Begin anew with another --seed."
        )
    if all(line["fake believed"] < BELIEF and line["real believed"] > 1 - BELIEF for line in last):
        said.append("The detective has won: it is sure of every picture, and the generator learns nothing from it.")
    if all(line["p"] >= 1 for line in last):
        said.append("The set is too small: the detective learns it by heart however much the pictures are changed.")
    return said
