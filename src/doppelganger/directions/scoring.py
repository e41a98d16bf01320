"""How good a direction is, from measured faces: own effect, side effects, identity kept, usable range."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from doppelganger.directions.measuring import LEARNT_WITH, NAMES
from doppelganger.directions.plan import PLANS, Plan
from doppelganger.verifiers.protocol import OperatingPoint, Verifier

Doubles = NDArray[np.float64]

STRONGEST: Mapping[str, float] = {"yaw": 25.0, "pitch": 15.0, "age": 25.0}
STRONGEST_DEVIATIONS = 2.5
"""The strongest tried, in units as the learning foresaw them."""
READABLE = 0.9
"""Share of faces that must still be found and read at a strength for it to be valid."""
ONE_SIDED = 3.0
"""How many times the effect of one side is that of the other for the attribute to count as one that ends (no glasses, no hair)."""
WEAK_RIGHT, WEAK_OWN = 0.8, 0.35
"""A direction is weak when fewer faces than this move the right way, or by less than this share of what was foreseen."""


@dataclass(frozen=True)
class Level:
    """A strength, as a share of the strongest."""

    share: float

    def faces(self, seeds: int) -> int:
        """How many of the seeds are measured at it: all at the ends, a fifth half-way."""
        return seeds if abs(self.share) == 1 else max(1, seeds // 5)


LEVELS = (Level(-1.0), Level(-0.5), Level(0.5), Level(1.0))


def strongest(name: str) -> float:
    """In the direction's unit."""
    return STRONGEST.get(name, STRONGEST_DEVIATIONS)


def score_sheet(
    found: Mapping[str, NDArray[Any]], deviation: Doubles, members: Sequence[Verifier], seeds: int
) -> tuple[dict[str, Any], Doubles]:
    """The sheet that is written as JSON, and by how much each vector must be stretched for its unit to be true, [n].

    ``found``: "values" [N, A] and "all" [N, E], the verifiers' unit embeddings side by side in the order of their names; first of
    the unchanged faces, then direction by direction and level by level.
    """
    values, spans = found["values"] / deviation, embedding_spans(found["all"].shape[1], members)
    base_values, base = values[:seeds], found["all"][:seeds]
    at, rows, scales = seeds, [], []
    for name, plan in PLANS.items():
        changes, distances, readable = [], [], []
        for level in LEVELS:
            count = level.faces(seeds)
            part = slice(at, at + count)
            at += count
            changes.append(values[part] - base_values[:count])
            seen = zip(sorted_members(members), spans, strict=True)
            distances.append({m.name: verifier_distances(m, base[:count, s], found["all"][part, s]) for m, s in seen})
            readable.append(float(np.isfinite(found["all"][part, 0]).mean()))
        row, scale = score_row(name, plan, deviation, changes, distances, readable, members)
        rows.append(row)
        scales.append(scale)
    return {
        "deviations": {n: float(f"{d:.4g}") for n, d in zip(NAMES, deviation, strict=True)},
        "verifiers": {"learnt with": list(LEARNT_WITH), "never seen": [m.name for m in members if m.name not in LEARNT_WITH]},
        "score faces": seeds,
        "directions": rows,
    }, np.array(scales)  # fmt: skip


def sorted_members(members: Sequence[Verifier]) -> list[Verifier]:
    """In the order of their names."""
    return sorted(members, key=lambda m: m.name)


def embedding_spans(width: int, members: Sequence[Verifier]) -> list[slice]:
    """Where each verifier's embedding lies among all, side by side."""
    sizes = {"SFace": 128, "dlib": 128}
    ends = np.cumsum([sizes.get(m.name, 512) for m in sorted_members(members)])
    if ends[-1] != width:
        raise ValueError(f"embeddings of {width} numbers do not belong to these verifiers")
    return [slice(int(b - sizes.get(m.name, 512)), int(b)) for m, b in zip(sorted_members(members), ends, strict=True)]


def verifier_distances(member: Verifier, a: NDArray[Any], b: NDArray[Any]) -> Doubles:
    """The verifier's distance between rows [N, D] of unit embeddings: dlib's own have length one within a per cent or so."""
    if member.metric == "euclidean":
        return np.asarray(np.linalg.norm(a - b, axis=1), np.float64)
    return np.asarray(1 - (a * b).sum(1), np.float64)


def score_row(
    name: str,
    plan: Plan,
    deviation: Doubles,
    changes: list[Doubles],
    distances: list[dict[str, Doubles]],
    readable: list[float],
    members: Sequence[Verifier],
) -> tuple[dict[str, Any], float]:
    """A direction's row of the sheet, and by how much its vector must be stretched for its unit to be true.

    By level: ``changes`` [faces, A] in deviations, ``distances`` by verifier, and the share of faces that were ``readable``.
    """
    own, most = NAMES.index(plan.attribute), strongest(name)
    back, half_back, half_on, on = (plan.sign * change[:, own] for change in changes)
    to_unit = 1.0 if plan.unit == "population deviations" else float(deviation[own])
    sides = np.array([-np.nanmean(back), np.nanmean(on)]) * to_unit / most  # own effect a foreseen unit, either side
    two_sided = sides.min() > sides.max() / ONE_SIDED
    effect = float(sides.mean() if two_sided else sides.max())
    # a direction that hardly acts is not stretched without bound: it is weak, and says so
    scale = 1 / max(effect, WEAK_OWN)
    # end against end: a face that is a woman's already has no room to become more of one
    across = on - back
    right = float((across[np.isfinite(across)] > 0).mean())
    strengths = [level.share * most / scale for level in LEVELS]
    per_unit = np.nanmean(changes[3] - changes[0], 0) / (2 * most / scale)
    limits = {m.name: m.thresholds[OperatingPoint.IDENTITY].value for m in members}
    worst = [max(float(np.nanmedian(d[v])) / limits[v] for v in LEARNT_WITH) for d in distances]
    row = {
        "name": name,
        "says": plan.says,
        "attribute": plan.attribute,
        "sign": plan.sign,
        "unit": plan.unit,
        "valid_range": [_valid(strengths, readable, -1), _valid(strengths, readable, 1)],
        "identity_range": [
            max(_kept(strengths, worst, -1), _valid(strengths, readable, -1)),
            min(_kept(strengths, worst, 1), _valid(strengths, readable, 1)),
        ],
        "scores": {
            "strengths": [round(s, 3) for s in strengths],
            "own effect": [round(float(np.nanmean(c)) * to_unit, 3) for c in (back, half_back, half_on, on)],
            "own effect per unit": round(effect * scale, 3),
            "own effect per foreseen unit": round(effect, 3),
            "one-sided": not two_sided,
            "right way": round(right, 3),
            "weak": bool(right < WEAK_RIGHT or effect < WEAK_OWN),
            "readable": [round(r, 3) for r in readable],
            "distance": {m.name: [round(float(np.nanmean(d[m.name])), 3) for d in distances] for m in members},
            "same at identity": {
                m.name: [round(float((d[m.name] <= limits[m.name]).mean()), 3) for d in distances] for m in members
            },
            "side effects": {n: round(float(e), 3) for n, e in zip(NAMES, per_unit, strict=True)},
        },
    }
    return row, scale


def _valid(strengths: list[float], readable: list[float], side: int) -> float:
    """Where the share of readable faces falls to `READABLE`, linearly between the levels."""
    return _reaches(strengths, [(1 - share) / (1 - READABLE) for share in readable], side)


def _kept(strengths: list[float], worst: list[float], side: int) -> float:
    """Where the worse verifier's median distance reaches its identity threshold, linearly between the levels."""
    return _reaches(strengths, worst, side)


def _reaches(strengths: list[float], used: list[float], side: int) -> float:
    """The strength on this side at which 1 is used up; the strongest where it never is. Nothing is used at 0."""
    half, end = (1, 0) if side < 0 else (2, 3)
    path = [(0.0, 0.0), (strengths[half], used[half]), (strengths[end], used[end])]
    for (s0, u0), (s1, u1) in pairwise(path):
        if u1 > 1:
            return round(s0 + (s1 - s0) * (1 - u0) / (u1 - u0), 3)
    return round(strengths[end], 3)
