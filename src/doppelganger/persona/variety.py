"""How much a series of pictures varies, as read from the pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

SMILING, BROAD = 0.35, 0.75
"""Of MediaPipe's mean of both mouthSmile coefficients, 0–1."""
OPEN = 0.12
"""Of the gap between the inner lips, in eye distances."""
FROWNING, RAISED = -0.3, 0.3
"""Of brow_raise, −1–1."""
FRINGE, BARE = 0.45, 0.1
"""Share of the forehead that hair covers."""
MIDDLE = (5.0, 95.0)
"""Percentiles between which a span is also given: one picture alone cannot make it."""


@dataclass(frozen=True)
class Variety:
    """``spans``: attribute → (smallest, largest). ``middle``: the same between `MIDDLE`. ``expressions``, ``hair``: name → how
    many pictures have it."""

    spans: Mapping[str, tuple[float, float]]
    middle: Mapping[str, tuple[float, float]]
    expressions: Mapping[str, int]
    hair: Mapping[str, int]


def variety(readings: Sequence[Mapping[str, float]]) -> Variety:
    """Of the attributes of every picture (`directions.reading.ATTRIBUTES`)."""
    named = ("yaw", "pitch", "age", "light_left", "background")
    columns = {name: np.array([one[name] for one in readings], float) for name in named}
    return Variety(
        {name: (float(np.nanmin(c)), float(np.nanmax(c))) for name, c in columns.items()},
        {name: (float(low), float(high)) for name, c in columns.items() for low, high in [np.nanpercentile(c, MIDDLE)]},
        _counts([expression(one) for one in readings]),
        _counts([hair_look(one) for one in readings]),
    )


def expression(reading: Mapping[str, float]) -> str:
    """smiling, laughing, surprised, serious or neutral."""
    if reading["smile"] >= SMILING:
        return "laughing" if reading["smile"] >= BROAD and reading["mouth_open"] >= OPEN else "smiling"
    if reading["mouth_open"] >= OPEN or reading["brow_raise"] >= RAISED:
        return "surprised"
    return "serious" if reading["brow_raise"] <= FROWNING else "neutral"


def hair_look(reading: Mapping[str, float]) -> str:
    """The colour that is nearest, and how the forehead is: "brown, fringe"."""
    shades = {name.removeprefix("hair_"): reading[name] for name in SHADE_NAMES}
    if any(np.isnan(value) for value in shades.values()):
        return "none"
    over = "fringe" if reading["fringe"] >= FRINGE else "back" if reading["fringe"] <= BARE else "aside"
    return f"{max(shades, key=lambda shade: shades[shade])}, {over}"


SHADE_NAMES = ("hair_black", "hair_brown", "hair_blond", "hair_red", "hair_grey")


def _counts(names: Sequence[str]) -> dict[str, int]:
    return {name: names.count(name) for name in sorted(set(names), key=lambda name: (-names.count(name), name))}
