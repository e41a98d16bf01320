"""Steering: directions are added to a face, it is rendered and read, and the strengths are corrected until the readings are as
asked.

With s the strengths and y the asked attributes as read, each round solves

    minimise  Σᵢ ((J δ − e)ᵢ / σᵢ)²  +  μ Σ_d (δ_d / r_d)²  +  ν Σ_d ((s + δ)_d / r_d)²     within  |s + δ| ≤ reach · r

where e leads from y to the aims (0 for what is reached), σ are the attributes' deviations among generated faces and r the
directions' valid ranges: a damped Gauss–Newton step (Nocedal and Wright, "Numerical Optimization", chapter 10) in a box. J is the
published matrix of side effects, so that asking for grey hair and for youth are weighed together, corrected by what has been
seen:

    J = J₀ + argmin_D  Σ_k |Δy_k − (J₀ + D) Δs_k|²  +  κ |D|²         over the faces k looked at, from the best of them

(ridge regression; secant methods, ibid., chapter 11, are its limit of one face and κ = 0). Every step starts from the best face
so far. After one that led away from the wish, or to a face that cannot be read, the next is shorter: μ is trebled, and halved
after a good one (Levenberg and Marquardt's rule). Attributes that end, such as a probability, are taken by their logit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from doppelganger.directions import load
from doppelganger.directions.reading import Reading
from doppelganger.directions.vectors import Directions
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB
from doppelganger.progress import Event, Progress, silent
from doppelganger.sculpting.mirror import Look, Mirror
from doppelganger.sculpting.rows import effect, movers, rows_for
from doppelganger.sculpting.traits import measured
from doppelganger.sculpting.wish import Wish

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class SteeringSettings:
    """``rounds``: faces looked at besides the first. ``reach``: the strongest, ``stride``: the longest step, in valid ranges.
    ``damping``: μ, ``thrift``: ν, ``doubt``: κ, where strengths are counted in valid ranges."""

    rounds: int = 7
    reach: float = 1.0
    damping: float = 0.03
    thrift: float = 0.01
    stride: float = 0.7
    doubt: float = 0.1


HELPING_REACH = 0.4
"""The strongest, in valid ranges, of directions that nobody asked for, which only hold what is not to change."""
STANDING = 0.02
"""A step, in valid ranges, that is not worth a look."""


@dataclass(frozen=True)
class Steered:
    """What came of it. ``strengths``: direction → strength that was added to the first latent."""

    latent: Latent
    picture: RGB
    reading: Reading
    strengths: Mapping[str, float]
    reached: tuple[str, ...]
    missed: Mapping[str, str]
    """Trait → what was asked and what was read, for people."""
    looks: int
    """Faces rendered and read."""
    history: tuple[float, ...] = field(default=())
    """The wish's miss face by face."""


def steer(
    latent: Latent,
    wish: Wish,
    mirror: Mirror,
    settings: SteeringSettings | None = None,
    progress: Progress = silent,
    first: Look | None = None,
) -> Steered | None:
    """The face nearest to ``wish`` that directions make of ``latent`` (w, w+ or StyleSpace). ``first``: how that looks, if known.

    None where not even the first face can be read.
    """
    settings = settings or SteeringSettings()
    look = first or mirror.look(latent)
    if look is None:
        return None
    known = load()
    loop = _Loop(wish, known, settings, look)
    while not loop.done:
        progress(Event("steering", loop.looks, settings.rounds + 1))
        strengths = loop.propose()
        if loop.standing(strengths):
            break
        loop.learn(strengths, mirror.look(known.apply(latent, dict(zip(loop.names, strengths, strict=True)))))
    best = loop.best
    return Steered(
        best.latent,
        best.picture,
        best.reading,
        {name: round(float(s), 4) for name, s in zip(loop.names, loop.best_strengths, strict=True) if abs(s) > 1e-4},
        wish.reached(best.reading),
        missed(wish, best.reading),
        loop.looks,
        tuple(loop.history),
    )


def missed(wish: Wish, reading: Reading) -> dict[str, str]:
    """Trait → a sentence on what was asked and what is there, for those that were not reached."""
    said = {}
    for name, bounds in wish.bounds.items():
        for bound in bounds:
            value = measured(reading, bound.attribute)
            if bound.miss(value) > 0:
                wanted = " to ".join(f"{end:.3g}" for end in (bound.low, bound.high) if np.isfinite(end))
                side = (
                    "" if np.isfinite(bound.low + bound.high) else "at least " if np.isfinite(bound.low) else "at most "
                )
                said[name] = f"{wish.asked[name]} was asked ({bound.attribute} {side}{wanted}), {value:.3g} was read"
    return said


class _Loop:
    """The state of one steering."""

    def __init__(self, wish: Wish, known: Directions, settings: SteeringSettings, look: Look) -> None:
        self._wish, self._settings = wish, settings
        self._rows = [row for bound in wish.all_bounds for row in rows_for(bound)]
        asked = [name for bound in wish.asked_bounds for name in movers(bound)]
        held = [bound.direction for bound in wish.held if bound.direction]
        self.names: tuple[str, ...] = tuple(dict.fromkeys([*asked, *held]))
        self._ranges = np.array([min(map(abs, known[name].valid_range)) for name in self.names])
        self._reach = np.array([settings.reach if name in asked else HELPING_REACH for name in self.names])
        self._units = np.array([row.unit for row in self._rows])
        self._published = np.array([[effect(row, known[name], known) for name in self.names] for row in self._rows])
        self._own = [
            (i, self.names.index(row.bound.direction))
            for i, row in enumerate(self._rows)
            if row.bound.attribute == row.attribute and row.bound.direction
        ]
        self._damping = settings.damping
        self._seen = [(np.zeros(len(self.names)), self._read(look.reading))]
        self._best = 0
        self.best = look
        self.history = [wish.miss(look.reading)]
        self.looks = 1

    @property
    def best_strengths(self) -> Doubles:
        """Of the best face."""
        return self._seen[self._best][0]

    @property
    def done(self) -> bool:
        """Whether all is reached, or the rounds are used up."""
        return min(self.history) == 0 or not self._wish.asked or self.looks > self._settings.rounds

    def propose(self) -> Doubles:
        """The strengths to look at next."""
        settings, strengths = self._settings, self.best_strengths
        error = np.array([row.error(self.best.reading) for row in self._rows])
        system = np.concatenate(
            [
                self._effects() / self._units[:, None] * self._ranges,
                np.sqrt(self._damping) * np.eye(len(self.names)),
                np.sqrt(settings.thrift) * np.eye(len(self.names)),
            ]
        )
        now = strengths / self._ranges
        target = np.concatenate([error / self._units, np.zeros(len(now)), -np.sqrt(settings.thrift) * now])
        low, high = (np.clip(end * self._reach - now, -settings.stride, settings.stride) for end in (-1, 1))
        step = lsq_linear(system, target, (low - 1e-9, high + 1e-9)).x
        return np.asarray(strengths + step * self._ranges, np.float64)

    def standing(self, strengths: Doubles) -> bool:
        """Whether a proposal is where the best face is already: the ranges end there, or nothing helps."""
        return bool(np.abs((strengths - self.best_strengths) / self._ranges).max() < STANDING)

    def learn(self, strengths: Doubles, look: Look | None) -> None:
        """From what the proposed strengths looked like."""
        self.looks += 1
        self.history.append(float("inf") if look is None else self._wish.miss(look.reading))
        if look is not None:
            self._seen.append((strengths, self._read(look.reading)))
        if look is not None and self.history[-1] < min(self.history[:-1]):
            self.best, self._best = look, len(self._seen) - 1
            self._damping = max(self._damping / 2, self._settings.damping)
        else:
            self._damping *= 3

    def _effects(self) -> Doubles:
        """J about the best face. A direction's effect on its own attribute stays between a fifth and five times the published
        one: readings are noisy, and one that did not move would otherwise be pushed without end, or the wrong way."""
        strengths, values = self._seen[self._best]
        steps = np.array([(s - strengths) / self._ranges for k, (s, _) in enumerate(self._seen) if k != self._best])
        if not len(steps):
            return self._published
        changes = np.array([v - values for k, (_, v) in enumerate(self._seen) if k != self._best])
        surprises = np.nan_to_num(changes - steps @ (self._published * self._ranges).T)
        weights = steps.T @ steps + self._settings.doubt * np.eye(len(self.names))
        effects = self._published + np.linalg.solve(weights, steps.T @ surprises).T / self._ranges
        for i, own in self._own:
            least, most = sorted((0.2 * self._published[i, own], 5 * self._published[i, own]))
            effects[i, own] = np.clip(effects[i, own], least, most)
        return np.asarray(effects, np.float64)

    def _read(self, reading: Reading) -> Doubles:
        return np.array([row.read(reading) for row in self._rows])
