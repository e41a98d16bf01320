"""Where to begin: of many draws from W the few that are foreseen to be nearest to a wish, the best of them by looking.

Drawing again until it fits is sampling from W given the wish. Directions are left to do the rest, and the less they have to do,
the less a face is deformed and the less of a mask all faces of one wish have in common.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from doppelganger.directions import load
from doppelganger.generators.protocol import Latent
from doppelganger.invented import PSI
from doppelganger.sculpting.foresight import foresight
from doppelganger.sculpting.mirror import Look, Mirror
from doppelganger.sculpting.traits import LEAD, Bound, measured
from doppelganger.sculpting.wish import Wish

HARD: Mapping[str, float] = {
    "female": 3.0,
    "glasses": 4.0,
    "baldness": 2.5,
    "beard": 2.0,
    "hair_length": 2.0,
    "curl": 2.0,
}
"""What a miss counts where directions are weak or cost much of the face; 1 elsewhere."""
EASY: Mapping[str, float] = {
    "yaw": 0.4,
    "pitch": 0.4,
    "smile": 0.5,
    "mouth_open": 0.5,
    "light_left": 0.5,
    "background": 0.3,
}


def truncated(mirror: Mirror, count: int, seed: int, psi: float = PSI) -> Latent:
    """w [count, 512]"""
    generator = mirror.networks.generator
    return np.asarray(generator.w_mean + psi * (generator.sample(count, seed) - generator.w_mean), np.float32)


def foreseen(wish: Wish, drawn: Latent) -> NDArray[np.intp]:
    """The draws' indices, the likeliest first."""
    cost = np.zeros(len(drawn))
    for bound in wish.all_bounds:
        cost += weight(bound) * np.square(_short(bound, drawn))
    return np.argsort(cost, kind="stable")


def difficulty(wish: Wish, look: Look) -> float:
    """What directions would have left to do."""
    return sum(weight(b) * min(b.miss(measured(look.reading, b.attribute)), 3.0) ** 2 for b in wish.all_bounds)


def weight(bound: Bound) -> float:
    """How much a miss of this counts."""
    return HARD.get(bound.attribute, EASY.get(bound.attribute, 1.0))


def _short(bound: Bound, drawn: Latent) -> NDArray[np.float64]:
    """How far each draw is foreseen to fall short of the aim, in deviations: [N]. Past it is as good, where the bound is open
    there."""
    name = bound.attribute.replace(LEAD, "hair_")
    unit = float(load().about["deviations"][name])
    guess = foresight().guess(drawn, name)
    # a guess is drawn toward the mean by what it cannot explain: so is the aim
    aim = foresight().mean[name] + 1.5 * unit if bound.attribute.startswith(LEAD) else bound.aim
    beyond = (aim - guess) / unit
    if np.isinf(bound.high):
        return np.asarray(np.maximum(beyond, 0.0))
    if np.isinf(bound.low):
        return np.asarray(np.maximum(-beyond, 0.0))
    return np.asarray(beyond)
