"""The numbers that a step of steering is computed by: one a bound, and for a shade of hair the three of its colour."""

from dataclasses import dataclass

import numpy as np

from doppelganger.directions.hair import SHADES
from doppelganger.directions.reading import Reading
from doppelganger.directions.vectors import Direction, Directions
from doppelganger.sculpting.traits import LEAD, Bound, measured

_ENDING = {"female": 0.005, "smile": 0.02}
"""Attributes between 0 and 1 whose readings saturate where the directions do not, and the logit's clip."""
_LOGIT_SLOPE = 6.0
"""Of a logit over its probability, as a mean over the scale."""
_LAB = {"hair_lightness": 18.0, "hair_a": 6.0, "hair_b": 9.0}
"""Colour of hair, and the CIELAB units in which its misses are counted, redness most. The shares of shades bend too much to
step by."""


@dataclass(frozen=True)
class Row:
    """One number that the step is computed by: of a bound, its attribute; of a shade of hair, one of the three of its colour."""

    bound: Bound
    attribute: str
    unit: float
    goal: float
    """In linear coordinates."""

    def read(self, reading: Reading) -> float:
        """In linear coordinates."""
        return _linear(self.attribute, reading[self.attribute])

    def error(self, reading: Reading) -> float:
        """What is missing to the goal; 0 where the bound is kept, one unit where nothing can be read."""
        if self.bound.miss(measured(reading, self.bound.attribute)) == 0:
            return 0.0
        value = self.read(reading)
        if np.isnan(value):
            return 0.0 if np.isfinite(self.bound.low + self.bound.high) else self.unit * float(np.sign(self.bound.high))
        return self.goal - value


def rows_for(bound: Bound) -> list[Row]:
    """One, or three for a shade of hair."""
    if bound.attribute.startswith(LEAD):
        colour = zip(_LAB.items(), SHADES[bound.attribute.removeprefix(LEAD)], strict=True)
        return [Row(bound, name, unit, goal) for (name, unit), goal in colour]
    unit = bound.deviation * (_LOGIT_SLOPE if bound.attribute in _ENDING else 1.0)
    return [Row(bound, bound.attribute, unit, _linear(bound.attribute, bound.aim))]


def movers(bound: Bound) -> tuple[str, ...]:
    """The directions that serve a bound: its own, and for any shade of hair the one that makes it darker or lighter."""
    return (bound.direction, "hair_black") if bound.attribute.startswith(LEAD) else (bound.direction,)


def _linear(attribute: str, value: float) -> float:
    """What the directions move about evenly."""
    if attribute not in _ENDING or np.isnan(value):
        return value
    clipped = min(max(value, _ENDING[attribute]), 1 - _ENDING[attribute])
    return float(np.log(clipped / (1 - clipped)))


def effect(row: Row, direction: Direction, known: Directions) -> float:
    """The published effect of a strength of 1, in the row's linear coordinate."""
    slope = _LOGIT_SLOPE if row.attribute in _ENDING else 1.0
    unit = slope * float(known.about["deviations"][row.attribute])
    if direction.attribute == row.attribute:
        own = direction.sign * float(direction.scores["own effect per unit"])
        return own if direction.unit != "population deviations" else own * unit
    return float(direction.scores["side effects"][row.attribute]) * unit
