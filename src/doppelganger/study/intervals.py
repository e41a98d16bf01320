"""Shares and sensitivities with intervals, where answers come in clusters: by participant and by portrait.

Answers of one person are alike, and so are answers about one face; an interval that takes them for independent is too
narrow. The *pigeonhole bootstrap* (Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1(2), 2007) draws
participants and portraits anew, each with replacement and independently, and an answer counts as often as both of its own
were drawn. It errs on the wide side. Beside it stands the interval of independent answers (Clopper and Pearson,
Biometrika 26, 1934).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, norm

Floats = NDArray[np.float64]
BOOTSTRAP, EXACT = "pigeonhole bootstrap", "Clopper–Pearson"


@dataclass(frozen=True)
class Rate:
    """A share of yes among answers: ``low``–``high`` heeds the clusters, ``exact_low``–``exact_high`` does not."""

    yes: int
    answers: int
    share: float
    low: float
    high: float
    by: str
    """What ``low`` and ``high`` come from: the bootstrap, or Clopper–Pearson where all answers agree and it has no width."""
    exact_low: float
    exact_high: float


@dataclass(frozen=True)
class Estimate:
    """A number with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Counts:
    """Answers of one kind, crossed: how many, and how many yes, [participants, items] each."""

    yes: Floats
    answers: Floats

    @classmethod
    def of(cls, shape: tuple[int, int], rows: Sequence[tuple[int, int, bool]]) -> "Counts":
        """From (participant, item, yes) of every answer."""
        counts = cls(np.zeros(shape), np.zeros(shape))
        for participant, item, yes in rows:
            counts.yes[participant, item] += yes
            counts.answers[participant, item] += 1
        return counts

    @property
    def total(self) -> tuple[int, int]:
        """(yes, answers) in all."""
        return round(float(self.yes.sum())), round(float(self.answers.sum()))


class Resamples:
    """Drawn-anew participants and items, the same for every share of an analysis, so that differences are paired."""

    def __init__(self, participants: int, items: int, replicates: int, level: float, seed: int) -> None:
        random = np.random.default_rng(seed)
        self._participants = _multiplicities(participants, replicates, random)
        self._items = _multiplicities(items, replicates, random)
        self._level = level

    def rate(self, counts: Counts) -> Rate:
        """The share of yes and its intervals; ``counts`` holds one answer at least."""
        yes, answers = counts.total
        exact = clopper_pearson(yes, answers, self._level)
        drawn_yes, drawn = self._totals(counts)
        there = drawn > 0
        low, high = self._percentiles(drawn_yes[there] / drawn[there])
        by = BOOTSTRAP
        if yes in (0, answers):  # every replicate agrees as well
            (low, high), by = exact, EXACT
        return Rate(yes, answers, yes / answers, low, high, by, *exact)

    def d_prime(self, signal: Counts, noise: Counts) -> Estimate:
        """Sensitivity of *same* for ``signal`` against *same* for ``noise`` (see ``d_prime``), all answers pooled."""
        drawn = d_prime(*self._totals(signal), *self._totals(noise))
        low, high = self._percentiles(drawn)
        return Estimate(float(d_prime(*signal.total, *noise.total)), low, high)

    def _totals(self, counts: Counts) -> tuple[Floats, Floats]:
        """(yes, answers) of every replicate, [replicates] each."""
        yes, answers = (
            np.einsum("bi,bi->b", self._participants @ cells, self._items) for cells in (counts.yes, counts.answers)
        )
        return yes, answers

    def _percentiles(self, values: Floats) -> tuple[float, float]:
        tail = 100 * (1 - self._level) / 2
        low, high = np.percentile(values, [tail, 100 - tail])
        return float(low), float(high)


def clopper_pearson(yes: int, answers: int, level: float) -> tuple[float, float]:
    """The exact interval of a share among independent answers."""
    interval = binomtest(yes, answers).proportion_ci(level, method="exact")
    return float(interval.low), float(interval.high)


def d_prime(hits: Floats | int, signals: Floats | int, false_alarms: Floats | int, noises: Floats | int) -> Floats:
    """z(H) − z(F) (Green and Swets, Signal Detection Theory and Psychophysics, 1966), with the log-linear correction
    H = (hits + 0.5) / (signals + 1), F alike, which keeps it finite (Hautus, Behavior Research Methods 27, 1995)."""
    hit, alarm = _log_linear(hits, signals), _log_linear(false_alarms, noises)
    return np.asarray(norm.ppf(hit) - norm.ppf(alarm), np.float64)


def criterion(hits: int, signals: int, false_alarms: int, noises: int) -> float:
    """−(z(H) + z(F)) / 2, corrected alike: below zero who says *same* readily."""
    return float(-(norm.ppf(_log_linear(hits, signals)) + norm.ppf(_log_linear(false_alarms, noises))) / 2)


def _log_linear(count: Floats | int, total: Floats | int) -> Floats:
    return (np.asarray(count, np.float64) + 0.5) / (np.asarray(total, np.float64) + 1)


def _multiplicities(size: int, replicates: int, random: np.random.Generator) -> Floats:
    """How often each of ``size`` is drawn in each replicate, [replicates, size]."""
    return random.multinomial(size, np.full(size, 1 / size), size=replicates).astype(np.float64)
