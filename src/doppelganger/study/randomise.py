"""A participant's own order, drawn from their seed exactly as ``page.js`` draws it, so that an answer file can be checked.

Numbers come from xorshift32 (Marsaglia, Xorshift RNGs, Journal of Statistical Software 8(14), 2003; triple 13, 17, 5),
started with the FNV-1a digest (Fowler, Noll, Vo; 32 bits) of the seed's text: both are a few lines in either language.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from doppelganger.study.design import Design

T = TypeVar("T")
_32_BITS = 0xFFFFFFFF
_WARM_UP = 8
"""Numbers thrown away first: xorshift's first ones resemble its start."""


@dataclass(frozen=True)
class Presentation:
    """One trial as it stands on the screen: ``shown`` from left to right (of a closest-of-N trial the faces below)."""

    trial: str
    shown: tuple[str, ...]


class Draws:
    """Uniform numbers in [0, 1) from a text."""

    def __init__(self, seed: str) -> None:
        digest = 0x811C9DC5
        for byte in seed.encode("ascii"):
            digest = ((digest ^ byte) * 0x01000193) & _32_BITS
        self._state = digest or 1  # zero would stay zero
        for _ in range(_WARM_UP):
            self()

    def __call__(self) -> float:
        state = self._state
        state ^= (state << 13) & _32_BITS
        state ^= state >> 17
        state ^= (state << 5) & _32_BITS
        self._state = state
        return state / 2**32

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Fisher and Yates' shuffle, from the end."""
        mixed = list(items)
        for last in range(len(mixed) - 1, 0, -1):
            other = int(self() * (last + 1))
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed


def presentation(design: Design, participant_seed: str) -> tuple[int, list[Presentation]]:
    """The number of the form and its trials in order: pairs first (the portrait left in half of them), then closest-of-N."""
    draws = Draws(participant_seed)
    number = int(draws() * len(design.forms))
    form = design.forms[number]
    pairs = draws.shuffled(form.pairs)
    first = draws() < 0.5
    swapped = draws.shuffled([(index % 2 == 1) != first for index in range(len(pairs))])
    trials = []
    for name, swap in zip(pairs, swapped, strict=True):
        shown = (design.trials[name].reference, *design.trials[name].others)
        trials.append(Presentation(name, shown[::-1] if swap else shown))
    for name in draws.shuffled(form.closest):
        trials.append(Presentation(name, tuple(draws.shuffled(design.trials[name].others))))
    return number, trials
