"""The same person doing what a puppet needs: at rest, mouth open, smiling, eyes shut, brows up, turned; rendered by the generator.

A portrait seldom looks straight ahead with a closed mouth. *At rest* is found as `persona.posing` poses: what each direction does
to a few readings is measured once by finite differences, then damped Gauss–Newton steps correct what is left (Broyden 1965). If
that made another person of it, `keeping` takes it back. The other keys are the directions at fixed strengths: only their textures
are used, within small regions, so they need not be exact.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from doppelganger import directions
from doppelganger.directions.geometry import expression, proportions
from doppelganger.errors import FaceError
from doppelganger.faces.landmarks import Landmarks
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB
from doppelganger.keeping import Embeddings, keep, see_beside
from doppelganger.networks import Networks
from doppelganger.progress import Event, Progress, silent
from doppelganger.puppet.similarity import Floats
from doppelganger.verifiers.face_of import central_face

# What counts alike in the search for rest, and what rest is: straight ahead, lips together, eyes open, no smile.
_UNITS = {"yaw": 3.0, "pitch": 3.0, "smile": 0.15, "mouth_open": 0.015, "eyes_open": 0.03}
_REST = {"yaw": 0.0, "pitch": 0.0, "smile": 0.1, "mouth_open": 0.0, "eyes_open": 0.33}
_PROBE, _STRIDE, _REACH = 0.4, 0.7, 1.3  # of a direction's valid range: for the differences, a step's, and in all
_DAMPING, _THRIFT = 0.5, 0.3
_LOOKS = 5

REST = "rest"
STRENGTHS: dict[str, tuple[Mapping[str, float], ...]] = {
    "open": ({"mouth_open": 5.0}, {"mouth_open": 3.5}, {"mouth_open": 2.0}),
    "smile": ({"smile": 2.0}, {"smile": 1.2}),
    "closed": ({"eyes_open": -4.0}, {"eyes_open": -2.4}),
    "brows": ({"brow_raise": 1.2},),
    "oo": ({"smile": -2.0, "mouth_open": 2.0, "nose_width": -2.0},),
    "left": ({"yaw": 18.0}, {"yaw": 12.0}),
    "right": ({"yaw": -18.0}, {"yaw": -12.0}),
    "down": ({"pitch": 13.0},),
    "up": ({"pitch": -13.0},),
}
"""Directions of each key; the next is tried where no face can be read in the one before. Beyond the valid ranges in part: of the
mouth only what lies behind the lips is taken, of shut eyes the lids."""


@dataclass(frozen=True)
class Key:
    """``image``: uint8 [1024, 1024, 3]; ``landmarks``: of its face."""

    image: RGB
    landmarks: Landmarks


def render_keys(
    latent: Latent,
    networks: Networks,
    progress: Progress = silent,
    reference: Embeddings | None = None,
    away: Sequence[Embeddings] = (),
) -> dict[str, Key]:
    """The keys of a face, by name, first the one at `REST`; those that could not be read are left out.

    ``reference``: the person's embeddings, if the face at rest is to stay the person; ``away``: of whom it must not be. Raises
    FaceError where not even the face itself can be read.
    """
    total = len(_UNITS) + _LOOKS + len(STRENGTHS) + 1
    done = 0

    def look(at: Latent) -> Key:
        nonlocal done
        done += 1
        progress(Event("rigging", min(done, total - 1), total))
        image = networks.generator.synthesise(at)
        return Key(image, networks.landmarks.detect(image, central_face(networks.detector, image)))

    rest = _at_rest(latent, look)
    seen = see_beside(networks.generator.synthesise(rest), reference, networks, away=away)
    if not seen.same:
        rest = keep(rest, reference, networks, away=away).latent
    keys = {REST: look(rest)}
    for name, tries in STRENGTHS.items():
        for strengths in tries:
            try:
                keys[name] = look(directions.apply(rest, strengths))
                break
            except FaceError:
                continue
    progress(Event("rigging", total, total))
    return keys


def _at_rest(latent: Latent, look: Callable[[Latent], Key]) -> Latent:
    known = directions.load()
    ranges = np.array([min(map(abs, known[name].valid_range)) for name in _UNITS])
    wanted = np.array([_REST[name] / unit for name, unit in _UNITS.items()])

    def at(steps: Floats) -> Latent:
        return known.apply(latent, dict(zip(_UNITS, (steps * ranges).tolist(), strict=True)))

    steps = best = np.zeros(len(_UNITS))
    here = _read(look(at(steps)))
    least = float(np.linalg.norm(here - wanted))
    response = np.zeros((len(_UNITS), len(_UNITS)))
    for k in range(len(_UNITS)):
        probe = np.zeros(len(_UNITS))
        probe[k] = _PROBE
        try:
            response[:, k] = (_read(look(at(probe))) - here) / _PROBE
        except FaceError:  # this way the face is lost: it is not turned that way
            continue
    identity = np.eye(len(_UNITS))
    for _ in range(_LOOKS):
        system = np.concatenate([response, _DAMPING * identity, _THRIFT * identity])
        target = np.concatenate([wanted - here, np.zeros(len(steps)), -_THRIFT * steps])
        step = np.clip(np.linalg.lstsq(system, target, rcond=None)[0], -_STRIDE, _STRIDE)
        moved = np.clip(steps + step, -_REACH, _REACH)
        step = moved - steps
        try:
            there = _read(look(at(moved)))
        except FaceError:
            response *= 2  # the next step is shorter
            continue
        response += np.outer(there - here - response @ step, step) / max(float(step @ step), 1e-6)
        steps, here = moved, there
        miss = float(np.linalg.norm(here - wanted))
        if miss < least:
            least, best = miss, steps
    return at(best)


def _read(key: Key) -> Floats:
    marks = key.landmarks
    shape, shapes = proportions(marks.points3d), expression(marks.blendshapes)
    values = {"yaw": marks.yaw, "pitch": marks.pitch, "smile": shapes["smile"], **shape}
    return np.array([values[name] / unit for name, unit in _UNITS.items()])
