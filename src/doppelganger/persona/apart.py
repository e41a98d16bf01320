"""Personas that machines do not take for one another.

Faces that are drawn near the mean face are often like somebody else's to a recogniser that forgives much, and a series of
pictures draws every one of them to the middle of its person. So a new persona is one whose middle lies well outside the
borders of those who are there already.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from doppelganger.directions.reader import FaceReader
from doppelganger.errors import FaceError
from doppelganger.networks import Networks
from doppelganger.persona.making import from_seed
from doppelganger.persona.persona import Persona, PersonaError
from doppelganger.progress import Event, Progress, silent
from doppelganger.verifiers.protocol import OperatingPoint, Verifier

APART = 1.2
"""Least distance between the middles of two personas, over each verifier's privacy threshold. Strangers' mean is 1.3 to 1.7."""
TRIES = 200
"""Seeds that are looked at before it is given up."""


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
    """The person of the first seed, from ``first_seed`` on, whom no verifier finds like any of the others.

    ``youngest``: years that the face must look like, where that is more than a grown-up's. Raises PersonaError after `TRIES` seeds.
    """
    reader = FaceReader(networks)
    for seed in range(first_seed, first_seed + TRIES):
        progress(Event("seeds", seed - first_seed, TRIES))
        try:
            persona = from_seed(name, seed, networks, reader)
        except FaceError:  # a child's, or none that is found
            continue
        like = nearest(persona, others, networks.panel.members)
        if persona.likeness["age"] >= youngest and (like is None or like.ratio >= APART):
            return persona
    raise PersonaError(
        f"None of {TRIES} faces is unlike all {len(others)} personas here; choose a --seed, or another folder."
    )
