"""The directions as the page shows them, read from their score file alone: no vector and no network is loaded for it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

UNITS: Mapping[str, Literal["degrees", "years", "deviations"]] = {
    "degrees": "degrees",
    "years": "years",
    "population deviations": "deviations",
}
"""Units of `directions.Direction`, as the page's texts call them."""


@dataclass(frozen=True)
class Slider:
    """One direction; see `directions.Direction`. ``says``: what it does, in a few English words."""

    name: str
    says: str
    unit: Literal["degrees", "years", "deviations"]
    valid_range: tuple[float, float]
    identity_range: tuple[float, float]
    weak: bool


@cache
def sliders() -> tuple[Slider, ...]:
    """All of them, in the order of the table."""
    # by the package above: importing `doppelganger.directions` would load PyTorch into the server
    file = files("doppelganger").joinpath("directions", "directions.json")
    rows: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))["directions"]
    return tuple(
        Slider(
            row["name"],
            row["says"],
            UNITS[row["unit"]],
            (row["valid_range"][0], row["valid_range"][1]),
            (row["identity_range"][0], row["identity_range"][1]),
            bool(row["scores"].get("weak", False)),
        )
        for row in rows
    )
