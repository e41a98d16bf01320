"""A wish: what is asked of a face, as bounds on measured attributes.

>>> wish({"sex": "female", "age": 45, "hair": "red", "glasses": "yes", "smile": 0.7, "yaw": -20})
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from doppelganger.directions.reading import Reading
from doppelganger.errors import DoppelgangerError
from doppelganger.sculpting.traits import TRAITS, Bound, Trait, measured

Asked = Mapping[str, str | float]
"""Trait → a word of its, or a number where it takes one; as text it may be relative ("+20"), see `wish`."""


class WishError(DoppelgangerError):
    """Something was asked that there is not, or outside what can be had."""

    exit_code = 2


@dataclass(frozen=True)
class Wish:
    """``asked``: as it was said, for people and files. ``bounds``: trait → what is to be measured. ``held``: what is not to
    change."""

    asked: Mapping[str, str | float]
    bounds: Mapping[str, tuple[Bound, ...]]
    held: tuple[Bound, ...] = ()

    @property
    def asked_bounds(self) -> tuple[Bound, ...]:
        """Of every trait, in order."""
        return tuple(bound for bounds in self.bounds.values() for bound in bounds)

    @property
    def all_bounds(self) -> tuple[Bound, ...]:
        """And what is held."""
        return (*self.asked_bounds, *self.held)

    def miss(self, reading: Reading) -> float:
        """How far a face is from the wish: the sum of the bounds' misses, in deviations; 0 when all is reached."""
        return sum(bound.miss(measured(reading, bound.attribute)) for bound in self.all_bounds)

    def reached(self, reading: Reading) -> tuple[str, ...]:
        """The traits that this face has as asked."""
        return tuple(
            name
            for name, bounds in self.bounds.items()
            if all(bound.miss(measured(reading, bound.attribute)) == 0 for bound in bounds)
        )


def wish(asked: Asked, now: Reading | None = None) -> Wish:
    """What is asked, in bounds. ``now``: the face to be changed; numbers written with a sign ("+20", "-0.3") then count from its
    own, and "=-20" is the value itself.

    Raises WishError with one sentence for an unknown trait or word, or a number out of range.
    """
    return Wish(dict(asked), {name: _bounds(_trait(name), value, now) for name, value in asked.items()})


HELD: Mapping[str, float] = {
    "age": 6.0,
    "yaw": 5.0,
    "pitch": 5.0,
    "smile": 0.25,
    "glasses": 0.15,
    "baldness": 0.2,
    "hair_length": 0.04,
    "skin_tone": 15.0,
}
"""Attribute → how far it may drift when other things are changed."""
_HOLDERS = ("age", "yaw", "pitch", "smile", "female")
"""Attributes that are held by a direction of their own, too; those of the others cost more than they bring back."""


def holding(asked: Asked, now: Reading) -> Wish:
    """As `wish`, and what was not asked is to stay as it is: sex on its side, and the attributes of `HELD`. For editing."""
    wanted = wish(asked, now)
    taken = {bound.attribute for bound in wanted.all_bounds}
    held = [
        Bound(name, name if name in _HOLDERS else "", now[name] - drift, now[name] + drift, now[name])
        for name, drift in HELD.items()
        if name not in taken and np.isfinite(now[name])
    ]
    if "female" not in taken:
        low, high = (0.5, 1.0) if now["female"] > 0.5 else (0.0, 0.5)
        held.append(Bound("female", "female", low, high, now["female"]))
    return Wish(wanted.asked, wanted.bounds, tuple(held))


def _trait(name: str) -> Trait:
    if name not in TRAITS:
        raise WishError(f"There is no trait {name!r}; choose from {', '.join(TRAITS)}.")
    return TRAITS[name]


def _bounds(trait: Trait, value: str | float, now: Reading | None) -> tuple[Bound, ...]:
    if isinstance(value, str) and value in trait.words:
        return trait.words[value]
    choice = " or ".join(trait.words)
    if trait.number is None:
        raise WishError(f"{trait.name} takes {choice}, not {value!r}.")
    attribute, direction, tolerance, least, most = trait.number
    try:
        number = float(value.removeprefix("=") if isinstance(value, str) else value)
    except ValueError:
        raise WishError(f"{trait.name} takes a number from {least:g} to {most:g}, not {value!r}.") from None
    if isinstance(value, str) and value[:1] in "+-" and now is not None:
        number = min(max(now[attribute] + number, least), most)
    if not least <= number <= most:
        raise WishError(f"{trait.name} takes a number from {least:g} to {most:g}, not {number:g}.")
    return (Bound(attribute, direction, number - tolerance, number + tolerance, number),)
