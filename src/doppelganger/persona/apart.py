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
from doppelganger.keeping import Embeddings
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


def nearest(person: Embeddings, others: Sequence[Persona], members: Sequence[Verifier]) -> Nearest | None:
    """Of the others, to any member of the panel; None where there are none. ``person``: a persona's anchor, or one picture."""
    found = [
        Nearest(
            other.name,
            m.name,
            m.distance(other.anchor[m.name], person[m.name]) / m.thresholds[OperatingPoint.PRIVACY].value,
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
    built: list[tuple[float, Persona]] = []

    def build(seed: int) -> float:
        """How far the seed's person is from all, turned to the camera; −∞ for a child, and where no face is found."""
        try:
            persona = from_seed(name, seed, networks, reader)
        except FaceError:
            return -math.inf
        if persona.likeness["age"] < youngest:
            return -math.inf
        built.append((_ratio(persona.anchor, others, networks), persona))
        return built[-1][0]

    left: list[tuple[float, int]] = []
    for seed in range(first_seed, first_seed + TRIES):
        progress(Event("seeds", seed - first_seed, TRIES))
        rough = _drawn_ratio(seed, others, networks)
        if rough < APART - _ROUGH:
            left.append((rough, seed))
        elif build(seed) >= APART:
            return built[-1][1]
    for _, seed in sorted(left, reverse=True)[:_BUILT]:
        build(seed)
    ratio, farthest = max(built, key=lambda one: one[0], default=(-math.inf, None))
    if farthest is None or ratio < LEAST:
        raise PersonaError(
            f"None of {TRIES} faces is unlike all {len(others)} personas here; choose a --seed, or another folder."
        )
    return farthest


def _ratio(person: Embeddings, others: Sequence[Persona], networks: Networks) -> float:
    like = nearest(person, others, networks.panel.members)
    return math.inf if like is None else like.ratio


def _drawn_ratio(seed: int, others: Sequence[Persona], networks: Networks) -> float:
    """Of a seed's face as it is drawn, which is quicker than a persona; −∞ where none is found."""
    image = networks.generator.synthesise(invented(seed, networks.generator))
    try:
        face = largest_face(networks.detector, image)
    except FaceError:
        return -math.inf
    return _ratio(networks.panel.embed(image, face), others, networks)
