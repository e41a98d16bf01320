"""Steering: directions are added to a face, it is rendered and read, and the strengths are corrected until the readings are as
asked.

With s the strengths and y the asked attributes as read, each round solves

    minimise  Σᵢ ((J δ − e)ᵢ / σᵢ)²  +  μ Σ_d (δ_d / r_d)²  +  ν Σ_d ((s + δ)_d / r_d)²     within  |s + δ| ≤ reach · r

where e leads from y to the aims (0 for what is reached), σ are the attributes' deviations among generated faces and r the
directions' valid ranges: a damped Gauss–Newton step (Nocedal and Wright, "Numerical Optimization", chapter 10) in a box. J
begins as the published matrix of side effects, so that asking for grey hair and for youth are weighed together, and learns from
each round by Broyden's update (ibid., chapter 11). The best face seen is kept. A step that led away from the wish, or to a face
that cannot be read, is taken back, and the next one from there is shorter: μ is multiplied by six, and divided by two after a
good step (Levenberg and Marquardt's rule).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from doppelganger.directions import load
from doppelganger.directions.hair import SHADES
from doppelganger.directions.reading import Reading
from doppelganger.directions.vectors import Directions
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB
from doppelganger.progress import Event, Progress, silent
from doppelganger.sculpting.mirror import Look, Mirror
from doppelganger.sculpting.traits import LEAD, Bound, measured
from doppelganger.sculpting.wish import Wish

Doubles = NDArray[np.float64]
_SHADES = tuple(f"hair_{shade}" for shade in SHADES)


@dataclass(frozen=True)
class SteeringSettings:
    """``rounds``: faces looked at besides the first. ``reach``: the strongest, in valid ranges. ``damping``: μ, ``thrift``: ν."""

    rounds: int = 7
    reach: float = 1.0
    damping: float = 0.03
    thrift: float = 0.01


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
        self._bounds: tuple[Bound, ...] = wish.all_bounds
        self.names: tuple[str, ...] = tuple(dict.fromkeys(bound.direction for bound in self._bounds))
        self._ranges = np.array([min(map(abs, known[name].valid_range)) for name in self.names])
        self._units = np.array([_unit(bound) for bound in self._bounds])
        self._effects = _effects(self._bounds, self.names, known)
        self._published = self._effects.copy()
        self._strengths = np.zeros(len(self.names))
        self._values = self._read(look.reading)
        self._damping = settings.damping
        self.best, self.best_strengths = look, self._strengths
        self.history = [wish.miss(look.reading)]
        self.looks = 1

    @property
    def done(self) -> bool:
        """Whether all is reached, or the rounds are used up."""
        return min(self.history) == 0 or not self.names or self.looks > self._settings.rounds

    def propose(self) -> Doubles:
        """The strengths to look at next."""
        settings = self._settings
        error = np.array([_error(b, v) for b, v in zip(self._bounds, self._values, strict=True)])
        system = np.concatenate(
            [
                self._effects / self._units[:, None] * self._ranges,
                np.sqrt(self._damping) * np.eye(len(self.names)),
                np.sqrt(settings.thrift) * np.eye(len(self.names)),
            ]
        )
        now = self._strengths / self._ranges
        target = np.concatenate([error / self._units, np.zeros(len(now)), -np.sqrt(settings.thrift) * now])
        step = lsq_linear(system, target, (-settings.reach - now - 1e-9, settings.reach - now + 1e-9)).x
        return np.asarray(self._strengths + step * self._ranges, np.float64)

    def learn(self, strengths: Doubles, look: Look | None) -> None:
        """From what the proposed strengths looked like."""
        self.looks += 1
        if look is None:
            self._damping *= 6
            self.history.append(float("inf"))
            return
        values, step = self._read(look.reading), (strengths - self._strengths) / self._ranges
        seen = np.isfinite(values) & np.isfinite(self._values)
        surprise = np.where(seen, values - self._values - self._effects @ (step * self._ranges), 0.0)
        if step @ step > 1e-6:
            self._effects = self._bounded(self._effects + np.outer(surprise, step / (step @ step)) / self._ranges)
        self.history.append(self._wish.miss(look.reading))
        if self.history[-1] < min(self.history[:-1]):
            self.best, self.best_strengths = look, strengths
            self._strengths, self._values = strengths, values
            self._damping = max(self._damping / 2, self._settings.damping)
        else:
            self._damping *= 6

    def _bounded(self, effects: Doubles) -> Doubles:
        """A direction's effect on its own attribute stays between a fifth and five times the published one: readings are noisy,
        and one that did not move would otherwise be pushed without end, or the wrong way."""
        for i, bound in enumerate(self._bounds):
            own = self.names.index(bound.direction)
            least, most = sorted((0.2 * self._published[i, own], 5 * self._published[i, own]))
            effects[i, own] = np.clip(effects[i, own], least, most)
        return effects

    def _read(self, reading: Reading) -> Doubles:
        return np.array([_linear(b.attribute, measured(reading, b.attribute)) for b in self._bounds])


_LOGIT_SLOPE = 6.0
"""Of the logit of sex over its probability, as a mean over the scale; the reading saturates where the direction does not."""


def _linear(attribute: str, value: float) -> float:
    """What the directions move about evenly: probabilities by their logit, all else as it is."""
    if attribute != "female":
        return value
    clipped = min(max(value, 0.005), 0.995)
    return float(np.log(clipped / (1 - clipped)))


def _unit(bound: Bound) -> float:
    return bound.deviation * (_LOGIT_SLOPE if bound.attribute == "female" else 1.0)


def _error(bound: Bound, value: float) -> float:
    """From the value as read, in linear coordinates, to the aim; 0 inside the bound, one deviation where nothing was read."""
    if np.isnan(value):
        return _unit(bound) if np.isinf(bound.high) else -_unit(bound) if np.isinf(bound.low) else 0.0
    inside = _linear(bound.attribute, bound.low) <= value <= _linear(bound.attribute, bound.high)
    return 0.0 if inside else _linear(bound.attribute, bound.aim) - value


def _effects(bounds: tuple[Bound, ...], names: tuple[str, ...], known: Directions) -> Doubles:
    """[bounds, directions]: the published effect of a strength of 1 on each attribute, in its linear coordinate."""
    return np.array([[_effect(bound, name, known) for name in names] for bound in bounds]).reshape(
        len(bounds), len(names)
    )


def _effect(bound: Bound, name: str, known: Directions) -> float:
    direction, deviations = known[name], known.about["deviations"]
    sides: Mapping[str, float] = direction.scores["side effects"]
    if bound.attribute.startswith(LEAD):
        shades = {key: sides[key] * deviations[key] for key in sides if key in _SHADES}
        own = shades.pop("hair_" + bound.attribute.removeprefix(LEAD))
        return float(own - np.mean(list(shades.values())))
    if direction.attribute == bound.attribute:
        natural = direction.unit != "population deviations"
        own = direction.sign * direction.scores["own effect per unit"]
        return float(own if natural else own * _unit(bound))
    return float(sides[bound.attribute] * _unit(bound))
