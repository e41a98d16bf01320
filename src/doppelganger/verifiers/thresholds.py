"""The thresholds of the panel: calibrated here (``thresholds.json``, made by ``benchmarks/calibrate_thresholds.py``) or
published by others, with the source of each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from doppelganger.verifiers.protocol import OperatingPoint, Threshold

PRIVACY_FAR, IDENTITY_FAR = "1e-3", "1e-4"


@dataclass(frozen=True)
class Published:
    """A threshold that others state, as a distance of this verifier's metric."""

    value: float
    source: str


@cache
def calibration() -> dict[str, Any]:
    """What the calibration measured, as ``thresholds.json`` holds it."""
    data: dict[str, Any] = json.loads(files("doppelganger.verifiers").joinpath("thresholds.json").read_text("utf-8"))
    return data


def thresholds_of(verifier: str, published: Published | None) -> Mapping[OperatingPoint, Threshold]:
    """Each point on the side that is harder for us. Privacy (nobody may say *same*): the published threshold or that at
    FAR 1e-3, whichever forgives more. Identity (all must say *same*): the published one or that at FAR 1e-4, whichever is
    stricter."""
    table = calibration()
    row = table["verifiers"][verifier]
    population = f"{row['faces']} faces ({row['pairs']} pairs) of {table['population']}"

    def at(far: str) -> Threshold:
        return Threshold(row["distance_at_far"][far], float(far), f"calibrated: FAR {far} on {population}")

    privacy, identity = at(PRIVACY_FAR), at(IDENTITY_FAR)
    if published is not None:
        stated = Threshold(published.value, row["far_at_published"], f"published: {published.source}")
        privacy = max(privacy, stated, key=lambda threshold: threshold.value)
        identity = min(identity, stated, key=lambda threshold: threshold.value)
    return {OperatingPoint.PRIVACY: privacy, OperatingPoint.IDENTITY: identity}
