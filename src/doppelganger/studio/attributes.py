"""A reading in the few words that the page has for a face."""

import math
from typing import Any

from doppelganger.directions.reading import Reading

GLASSES = 0.1
"""Share of the eyes' surroundings from which on somebody wears glasses."""
BEARD = 5.0
"""Deviations from which on a beard is seen."""


def attributes_of(reading: Reading) -> dict[str, Any]:
    """As `schema_faces.Attributes` has them."""

    def number(name: str) -> float:
        value = reading[name]
        return 0.0 if math.isnan(value) else round(float(value), 3)

    return {
        "age": number("age"),
        "female": min(max(number("female"), 0.0), 1.0),
        "hair": reading.hair_colour,
        "glasses": number("glasses") > GLASSES,
        "beard": number("beard") > BEARD,
        "smile": min(max(number("smile"), 0.0), 1.0),
        "yaw": number("yaw"),
        "pitch": number("pitch"),
    }
