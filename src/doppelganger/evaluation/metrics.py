"""Verification and identification rates with their uncertainty: plain mathematics on distances, no picture is seen.

Terms as in ISO/IEC 19795-1: *genuine* pairs are of one person, *impostor* pairs of two; FAR is the share of impostor
pairs accepted, TAR the share of genuine pairs; rank-k identification is closed-set.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from doppelganger.verifiers.protocol import Metric

BLOCK = 1 << 23
"""Distances held at a time: 64 MiB of float64."""
TIE = 1e-9
"""Distances this near to each other (above 1: relative) are equal: a matrix product rounds a pair differently by place."""
CANCELLED = 1e-6
"""A squared distance below this share of the squared lengths has lost its digits in |a|² + |b|² − 2 a·b."""


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval. ``n``: measurements behind it, ``people``: how many people they are of."""

    value: float
    low: float
    high: float
    n: int
    people: int


def distances(metric: Metric, a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Every row of ``a`` [P, D] to every row of ``b`` [G, D] → [P, G], as ``verifiers.protocol.measure`` has it.

    The whole table is held; ``distance_blocks`` gives it piece by piece.

    Raises:
        ValueError: a row is not finite, or (cosine) has no length.
    """
    x, y = _prepared(metric, a), _prepared(metric, b)
    return _table(metric, x, y)


def distance_blocks(
    metric: Metric, a: NDArray[np.floating], b: NDArray[np.floating]
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """The rows of ``distances`` in order, as many at a time as fit into ``BLOCK``: (which rows of ``a``, [p, G])."""
    x, y = _prepared(metric, a), _prepared(metric, b)
    step = max(1, BLOCK // max(1, len(y)))
    for start in range(0, len(x), step):
        part = slice(start, min(start + step, len(x)))
        yield part, _table(metric, x[part], y)


def impostor_distances(
    metric: Metric, rows: NDArray[np.floating], people: Sequence[object] | NDArray[np.generic] | None = None
) -> NDArray[np.float64]:
    """All pairs of rows [N, D] of two people, ascending. Without ``people`` [N] every row is another person's,
    which gives N (N − 1) / 2 distances."""
    return _pairs(metric, rows, _codes(people, len(rows)), same=False)


def genuine_distances(
    metric: Metric, rows: NDArray[np.floating], people: Sequence[object] | NDArray[np.generic]
) -> NDArray[np.float64]:
    """All pairs of rows [N, D] of one person, ascending; empty when nobody has two."""
    return _pairs(metric, rows, _codes(people, len(rows)), same=True)


def at_far(impostors: NDArray[np.floating], far: float) -> float:
    """The largest threshold at which at most the share ``far`` of the impostor distances, ascending, is accepted.

    A rate below 1 / len(impostors) gives the threshold just below the nearest pair, and no evidence for that rate.

    Raises:
        ValueError: there is no impostor distance, or ``far`` is not in [0, 1).
    """
    if len(impostors) == 0 or not 0 <= far < 1:
        raise ValueError(f"A threshold at FAR {far} needs impostor distances and a rate in [0, 1).")
    accepted = int(np.floor(far * len(impostors) * (1 + 1e-12)))  # 0.29 × 100 is 28.999…96 in binary
    return float(np.nextafter(np.float64(impostors[min(accepted, len(impostors) - 1)]), -np.inf))


def true_accept_rate(genuine: NDArray[np.floating], threshold: float) -> float:
    """Share of distances [N] not above the threshold, as ``Threshold`` has it: equal is *same*.

    Raises:
        ValueError: there is none.
    """
    if len(genuine) == 0:
        raise ValueError("An accept rate needs at least one distance.")
    return float(np.mean(np.asarray(genuine) <= threshold))


def ranks(
    metric: Metric, probes: NDArray[np.floating], gallery: NDArray[np.floating], own: ArrayLike
) -> NDArray[np.int64]:
    """Closed-set identification: probes [P, D] in a gallery [G, D], where ``own`` [P] indexes each probe's true entry → [P].

    The rank is 1 + the number of entries strictly nearer than the own one; ties (``TIE``) count for the attacker.
    Rank-k identification rate: ``np.mean(ranks(...) <= k)``.

    Raises:
        ValueError: ``own`` does not index the gallery once a probe.
    """
    index = np.asarray(own, np.int64)
    if index.shape != (len(probes),) or (len(index) and not (index.min() >= 0 and index.max() < len(gallery))):
        raise ValueError("Each probe needs the index of its own entry in the gallery.")
    result = np.empty(len(index), np.int64)
    for part, table in distance_blocks(metric, probes, gallery):
        true = np.take_along_axis(table, index[part, None], axis=1)
        result[part] = 1 + (table < true - TIE * np.maximum(1, true)).sum(1)
    return result


def share_interval(
    hits: ArrayLike,
    people: Sequence[object] | NDArray[np.generic],
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """A rate and its interval; ``hits`` [N] says which measurements count, ``people`` [N] whose each one is.

    Measurements of one person are not independent, so both of these treat people as the sample, and the interval
    returned runs from the smaller of their lower to the larger of their upper ends (it is wider than either needs to be):

    * the percentile bootstrap that draws people with replacement, each with all of their measurements (Davison and
      Hinkley 1997, §3.8). On its own it says [0, 0] when nothing was hit, however few were asked;
    * Clopper and Pearson's exact interval (1934) with the effective number of Korn and Graubard (1998):
      n* = (Σ mᵢ)² / Σ mᵢ², where person i has mᵢ measurements (Kish 1965), and value · n* hits. n* is the number of
      people when all have equally many: it takes all measurements of a person to say one and the same.

    Raises:
        ValueError: there is no measurement, or the lengths differ.
    """
    values = np.asarray(hits, np.float64)
    codes, sizes = _clusters(values, people)
    sums = np.bincount(codes, values, minlength=len(sizes))
    value = float(values.mean())
    shares = np.concatenate(
        [draw @ sums / (draw @ sizes) for draw in _resampled(len(sizes), resamples, np.random.default_rng(seed))]
    )
    tail = (1 - level) / 2
    low, high = np.quantile(shares, [tail, 1 - tail])
    effective = sizes.sum() ** 2 / np.square(sizes).sum()
    hit, missed = value * effective, (1 - value) * effective
    exact_low = 0.0 if value == 0 else float(stats.beta.ppf(tail, hit, missed + 1))
    exact_high = 1.0 if value == 1 else float(stats.beta.ppf(1 - tail, hit + 1, missed))
    return Interval(value, min(float(low), exact_low), max(float(high), exact_high), len(values), len(sizes))


def median_interval(
    values: ArrayLike,
    people: Sequence[object] | NDArray[np.generic],
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """The median of ``values`` [N] with the percentile bootstrap over people (see ``share_interval``).

    One person says nothing about another: then ``low`` and ``high`` are NaN.

    Raises:
        ValueError: there is no value, one is not finite, or the lengths differ.
    """
    numbers = np.asarray(values, np.float64)
    codes, sizes = _clusters(numbers, people)
    if not np.isfinite(numbers).all():
        raise ValueError("A median needs finite values.")
    value = float(np.median(numbers))
    if len(sizes) == 1:
        return Interval(value, float("nan"), float("nan"), len(numbers), 1)
    order = np.argsort(numbers, kind="stable")
    ordered, whose = numbers[order], codes[order]
    medians = []
    for draws in _resampled(len(sizes), resamples, np.random.default_rng(seed)):
        for draw in draws:
            until = np.cumsum(draw[whose])  # each value as often as its person was drawn
            middle = np.searchsorted(until, [(until[-1] - 1) // 2, until[-1] // 2], "right")
            medians.append(ordered[middle].mean())
    tail = (1 - level) / 2
    low, high = np.quantile(medians, [tail, 1 - tail])
    return Interval(value, float(low), float(high), len(numbers), len(sizes))


def pareto(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Which points no other beats, smaller being better in both: none is at most as large in both and smaller in one.

    A point with a NaN is never on the front.
    """
    usable = sorted({p for p in points if not np.isnan(p).any()})
    front: set[tuple[float, float]] = set()
    best = np.inf
    for x, y in usable:  # by x, then y: a point is on the front when it lowers y, or is alone
        if y < best or not front:
            front.add((x, y))
            best = y
    return [point in front for point in points]


def _prepared(metric: Metric, rows: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rows [N, D] as float64, of length 1 for the cosine."""
    x = np.asarray(rows, np.float64)
    if not np.isfinite(x).all():
        raise ValueError("An embedding is not finite; leave out pictures without a face before comparing.")
    if metric == "euclidean":
        return x
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    if (lengths == 0).any():
        raise ValueError("An embedding of length 0 has no cosine distance.")
    return np.asarray(x / lengths, np.float64)


def _table(metric: Metric, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    products = x @ y.T
    if metric == "cosine":
        return np.asarray(1 - products, np.float64)
    sizes = np.square(x).sum(1)[:, None] + np.square(y).sum(1)[None]
    squares = sizes - 2 * products
    for i, j in np.argwhere(squares < CANCELLED * sizes):
        squares[i, j] = np.square(x[i] - y[j]).sum()
    return np.asarray(np.sqrt(squares), np.float64)


def _pairs(metric: Metric, rows: NDArray[np.floating], codes: NDArray[np.int64], *, same: bool) -> NDArray[np.float64]:
    column = np.arange(len(codes))
    found = [
        table[((codes[part, None] == codes[None]) == same) & (column[part, None] < column[None])]
        for part, table in distance_blocks(metric, rows, rows)
    ]
    return np.sort(np.concatenate(found)) if found else np.empty(0)


def _codes(people: Sequence[object] | NDArray[np.generic] | None, count: int) -> NDArray[np.int64]:
    """Labels → 0 … people − 1 in order of appearance; without labels everybody is somebody else."""
    if people is None:
        return np.arange(count)
    if len(people) != count:
        raise ValueError(f"{count} rows need {count} labels, there are {len(people)}.")
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(person, len(numbers)) for person in people], np.int64)


def _clusters(
    values: NDArray[np.float64], people: Sequence[object] | NDArray[np.generic]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Whose each value is [N], and how many each person has [people]."""
    if values.ndim != 1 or len(values) == 0:
        raise ValueError("An interval needs at least one measurement.")
    codes = _codes(people, len(values))
    return codes, np.bincount(codes).astype(np.float64)


def _resampled(people: int, resamples: int, rng: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    """How often each person was drawn, [some, people] at a time."""
    step = max(1, BLOCK // people)
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        drawn = rng.integers(0, people, (count, people)) + people * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * people).reshape(count, people).astype(np.float64)
