"""How far a job is, and how long it will take: stages have weights, which every finished job corrects."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

FIRST_GUESS: Mapping[str, Mapping[str, float]] = {
    "make": {"weights": 0.0, "projection": 0.55, "border": 0.08, "nearest": 0.25, "judging": 0.12},
    "again": {"nearest": 0.7, "judging": 0.3},
    "take": {"judging": 1.0},
    "film": {"film": 1.0},
    "persona": {"shoot": 1.0},
}
"""Kind of job → stage → its share of the time, until some were measured."""
_LEARNING = 0.3
"""Weight of the newest job in the moving mean."""
_TOO_EARLY = (1.0, 0.03)
"""Seconds and share before which the time left is not guessed."""


@dataclass
class Run:
    """One job under way. ``share``: 0–1 of the whole, never falling. ``seconds``: of the stages that have ended."""

    kind: str
    weights: Mapping[str, float]
    share: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    _begun: float = field(default_factory=time.monotonic)
    _stage_begun: float = field(default_factory=time.monotonic)
    _at_begin: float | None = None

    def advance(self, stage: str, done: int, total: int) -> None:
        """``done`` of ``total`` of the stage are finished."""
        now = time.monotonic()
        before = 0.0
        for name, weight in self.weights.items():
            if name == stage:
                break
            before += weight
        reached = before + self.weights.get(stage, 0.0) * (min(1.0, done / total) if total else 0.0)
        if (
            self._at_begin is None and reached > 0
        ):  # loading networks, and what an earlier run had done, tell nothing of the pace
            self._at_begin, self._begun = reached, now
        self.share = max(self.share, min(reached, 1.0))
        if total and done >= total:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._stage_begun
            self._stage_begun = now

    @property
    def seconds_left(self) -> float | None:
        """By the pace so far; None while it is too early to say."""
        if self._at_begin is None:
            return None
        elapsed, gained = time.monotonic() - self._begun, self.share - self._at_begin
        if elapsed < _TOO_EARLY[0] or gained < _TOO_EARLY[1]:
            return None
        return round(elapsed / gained * (1 - self.share), 1)


class Pace:
    """Weights by kind of job, measured on this machine."""

    def __init__(self) -> None:
        self._weights = {kind: dict(weights) for kind, weights in FIRST_GUESS.items()}

    def run(self, kind: str) -> Run:
        """A job begins."""
        return Run(kind, dict(self._weights[kind]))

    def learn(self, run: Run) -> None:
        """A job has ended that was not interrupted: its stages' seconds correct the weights."""
        counted = {stage: run.seconds.get(stage, 0.0) for stage, weight in run.weights.items() if weight > 0}
        whole = sum(counted.values())
        if whole <= 0 or not all(counted.values()):
            return
        weights = self._weights[run.kind]
        for stage, seconds in counted.items():
            weights[stage] += _LEARNING * (seconds / whole - weights[stage])
