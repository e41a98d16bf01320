"""Personas that machines do not take for one another.

Faces that are drawn near the mean face are often like somebody else's to a recogniser that forgives much, and a series of
pictures draws every one of them to the middle of its person. So a new persona is one whose middle lies well outside the
borders of those who are there already.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from doppelganger.directions.reader import FaceReader
from doppelganger.errors import FaceError
from doppelganger.invented import invented
from doppelganger.networks import Networks
from doppelganger.persona.making import from_seed
from doppelganger.persona.persona import Persona, PersonaError
from doppelganger.progress import Event, Progress, silent
from doppelganger.verifiers.face_of import largest_face
from doppelganger.verifiers.protocol import OperatingPoint, Verifier

APART = 1.2
"""Distance of two personas' middles that is enough, over each verifier's privacy threshold. Strangers' mean is 1.3 to 1.7."""
LEAST = 1.05
"""And the least, where no seed that is looked at is so far from all: the more are there, the rarer that is."""
TRIES = 60
"""Seeds whose faces are looked at."""
_ROUGH = 0.05
"""By how much a face may seem nearer before its head is turned to the camera."""
_BUILT = 6
"""Of the seeds that were not quite far enough, so many become personas to choose from."""


@dataclass(frozen=True)
class Nearest:
    """Who is most like a persona. ``ratio``: the distance of their middles over the privacy threshold of the ``verifier`` that
    finds them most alike."""

    name: str
    verifier: str
    ratio: float


def nearest(persona: Persona, others: Sequence[Persona], members: Sequence[Verifier]) -> Nearest | None:
    """Of the others, to any member of the panel; None where there are none."""
    found = [
        Nearest(
            other.name,
            m.name,
            m.distance(persona.anchor[m.name], other.anchor[m.name]) / m.thresholds[OperatingPoint.PRIVACY].value,
        )
        for other in others
        for m in members
    ]
    return min(found, key=lambda one: one.ratio, default=None)


def from_seed_apart(
    name: str,
    others: Sequence[Persona],
    networks: Networks,
    first_seed: int = 0,
    youngest: float = 0.0,
    progress: Progress = silent,
) -> Persona:
    """The person of the first seed, from ``first_seed`` on, whom no verifier finds like any of the others; where `TRIES` seeds
    have none that is `APART` from all, the one who is farthest, if that is `LEAST`.

    ``youngest``: years that the face must look like, where that is more than a grown-up's. Raises PersonaError.
    """
    reader = FaceReader(networks)

    def grown(seed: int) -> Persona | None:
        try:
            persona = from_seed(name, seed, networks, reader)
        except FaceError:  # a child's, or none that is found
            return None
        return persona if persona.likeness["age"] >= youngest else None

    near = []
    for seed in range(first_seed, first_seed + TRIES):
        progress(Event("seeds", seed - first_seed, TRIES))
        rough = _rough(seed, others, networks)
        if rough < APART - _ROUGH:
            near.append((rough, seed))
            continue
        persona = grown(seed)
        if persona is not None and _ratio(persona, others, networks) >= APART:
            return persona
        near.append((rough, seed))
    farthest = [persona for _, seed in sorted(near, reverse=True)[:_BUILT] if (persona := grown(seed)) is not None]
    persona = max(farthest, key=lambda one: _ratio(one, others, networks), default=None)
    if persona is None or _ratio(persona, others, networks) < LEAST:
        raise PersonaError(
            f"None of {TRIES} faces is unlike all {len(others)} personas here; choose a --seed, or another folder."
        )
    return persona


def _ratio(persona: Persona, others: Sequence[Persona], networks: Networks) -> float:
    like = nearest(persona, others, networks.panel.members)
    return math.inf if like is None else like.ratio


def _rough(seed: int, others: Sequence[Persona], networks: Networks) -> float:
    """The same of a seed's face as it is drawn; −∞ where none is found."""
    if not others:
        return math.inf
    image = networks.generator.synthesise(invented(seed, networks.generator))
    try:
        seen = networks.panel.embed(image, largest_face(networks.detector, image))
    except FaceError:
        return -math.inf
    return min(
        m.distance(other.anchor[m.name], seen[m.name]) / m.thresholds[OperatingPoint.PRIVACY].value
        for other in others
        for m in networks.panel.members
    )
