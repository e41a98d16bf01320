"""Answers drawn by a program, to rehearse a study and to test its analysis. Every one says that it is simulated.

A participant with leniency a ~ N(0, σ_p²) sees the item with pull b ~ N(0, σ_i²) and says *same* with probability
Φ(m + a + b). With m = Φ⁻¹(r) · √(1 + σ_p² + σ_i²) the share over all participants and items is r exactly
(E Φ(m + u) = Φ(m / √(1 + σ²)) for u ~ N(0, σ²)): what the analysis should find.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.random import Generator

from doppelganger.study.answers import DIFFERENT, SAME, Answer
from doppelganger.study.design import Design, Role, Trial
from doppelganger.study.randomise import presentation

NORMAL = NormalDist()


@dataclass(frozen=True)
class Truth:
    """What the drawn participants do."""

    same: Mapping[str, float]
    """Method → share of *same* for its avatars, in (0, 1)."""
    closest: Mapping[str, float]
    """Method → share of trials in which its avatar is chosen as the closest; among methods the shares' proportions."""
    catch_errors: float = 0.03
    """Share of wrong answers in catch trials of whoever attends."""
    careless: float = 0.0
    """Share of participants who answer everything at random."""
    spread_participants: float = 0.4
    spread_items: float = 0.4
    """Standard deviations σ_p, σ_i, in units of the observer's own noise."""


def invented(design: Design, seed: int) -> Truth:
    """Shares for a rehearsal: spread between 0.2 and 0.8 and given to the methods by lot, so that they suggest nothing."""
    methods = np.random.default_rng(seed).permutation(design.methods)
    spread = np.linspace(0.2, 0.8, len(methods)) if len(methods) > 1 else np.array([0.5])
    given = {str(method): float(share) for method, share in zip(methods, spread, strict=True)}
    return Truth(given, given, careless=0.1)


def simulate(design: Design, participants: int, truth: Truth, seed: int = 0) -> list[Answer]:
    """Answers of ``participants`` drawn people to all trials of their forms, as the page would save them."""
    random = np.random.default_rng(seed)
    spread = sqrt(1 + truth.spread_participants**2 + truth.spread_items**2)
    pull = {c: float(random.normal(0, truth.spread_items)) for c in sorted({p.case for p in design.pictures.values()})}
    answers: list[Answer] = []
    for _ in range(participants):
        participant = f"u{random.bytes(6).hex()}"
        careless = bool(random.random() < truth.careless)
        leniency = float(random.normal(0, truth.spread_participants))
        form, trials = presentation(design, participant)
        for position, presented in enumerate(trials):
            trial = design.trials[presented.trial]
            closest = trial.role is Role.CLOSEST
            felt = leniency + pull[design.case(presented.trial)]
            answers.append(
                Answer(
                    design.study,
                    participant,
                    form,
                    position,
                    presented.trial,
                    presented.shown,
                    _choose(design, trial, truth, careless, random)
                    if closest
                    else _judge(trial, truth, felt, spread, careless, random),
                    None if closest else int(random.integers(1, 5)),
                    int(random.lognormal(7.5, 0.5)),
                    "no",
                    True,
                )
            )
    return answers


def _judge(trial: Trial, truth: Truth, felt: float, spread: float, careless: bool, random: Generator) -> str:
    if careless:
        probability = 0.5
    elif trial.role is Role.AVATAR:
        probability = NORMAL.cdf(NORMAL.inv_cdf(truth.same[trial.method or ""]) * spread + felt)
    else:
        probability = 1 - truth.catch_errors if trial.role is Role.CATCH_SAME else truth.catch_errors
    return SAME if random.random() < probability else DIFFERENT


def _choose(design: Design, trial: Trial, truth: Truth, careless: bool, random: Generator) -> str:
    count = len(trial.others)
    if careless:
        chances = np.full(count, 1 / count)
    elif trial.method is None:
        weights = np.array([truth.closest[design.pictures[face].method or ""] for face in trial.others])
        chances = weights / weights.sum()
    else:
        share, case = truth.closest[trial.method], design.pictures[trial.reference].case
        own = np.array([design.pictures[face].case == case for face in trial.others])
        chances = np.where(own, share, (1 - share) / (count - 1))
    return trial.others[int(random.choice(count, p=chances))]
