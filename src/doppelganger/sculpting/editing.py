"""Editing a known face: older, smiling, turned, and still the same person as far as the edit allows.

Directions change a face as asked (`steering`), and who it is with it. Then `keeping.keep` takes back what made it another
person, while the edited picture is held. Some edits are part of who somebody is to a recogniser, such as the sex: where keeping
undoes what was asked, only as much of it is taken as leaves the edit, by bisection between the edited latent and the kept one.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from doppelganger.directions.reading import Reading
from doppelganger.errors import FaceError
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB
from doppelganger.keeping import Embeddings, KeepSettings, Kept, Seen, keep, see_beside, whole_latent
from doppelganger.progress import Event, Progress, silent
from doppelganger.sculpting.album import ALWAYS, rounded
from doppelganger.sculpting.mirror import Look, Mirror
from doppelganger.sculpting.steering import Steered, SteeringSettings, missed, steer
from doppelganger.sculpting.traits import measured
from doppelganger.sculpting.wish import Asked, Wish, holding

SLACK = 0.1
"""How much farther from an asked trait keeping may lead, in deviations of the attribute."""


@dataclass(frozen=True)
class EditSettings:
    """``keeping``: None where nobody minds who it is. ``halvings``: looks for how much of the keeping the edit bears."""

    steering: SteeringSettings = field(default_factory=SteeringSettings)
    keeping: KeepSettings | None = field(default_factory=KeepSettings)
    halvings: int = 4


@dataclass(frozen=True)
class Edited:
    """``before``: the face that was edited, as it was read and as the panel sees it beside the person. ``naive``: the first
    steering, with nobody held; ``seen``: the panel's word on the edited face, at the identity point."""

    wish: Wish
    latent: Latent
    picture: RGB
    reading: Reading
    before: tuple[Reading, Seen]
    naive: tuple[Steered, Seen]
    seen: Seen
    kept: Kept | None
    share: float
    """Of the way from ``naive`` to what keeping found that was gone, 0–1."""
    missed: dict[str, str]


def edit(
    latent: Latent,
    person: Embeddings,
    asked: Asked,
    mirror: Mirror,
    settings: EditSettings | None = None,
    progress: Progress = silent,
) -> Edited:
    """Change a face, w [512], w+ [16, 512] or with scales [39, 512], as asked; ``person``: embeddings of whom it is to stay.

    What was not asked is held, see `wish.holding`; numbers with a sign count from the face's own. Raises WishError; FaceError
    where the face cannot be read.
    """
    settings = settings or EditSettings()
    networks = mirror.networks
    first = mirror.look(latent)
    if first is None:
        raise FaceError("No face can be read in the picture that this latent shows; it cannot be edited.")
    wanted = holding(asked, first.reading)
    before = first.reading, see_beside(first.picture, person, networks)
    steered = steer(latent, wanted, mirror, settings.steering, first=first)
    assert steered is not None  # its first look was read
    progress(Event("steering", 1, 3))
    naive = steered, see_beside(steered.picture, person, networks)
    there = Look(steered.latent, steered.picture, steered.reading)
    kept = keep(steered.latent, person, networks, settings.keeping) if settings.keeping else None
    progress(Event("steering", 2, 3))
    share = 0.0
    if kept is not None and kept.steps:
        there, share = _as_far_as_it_goes(wanted, steered, kept.latent, mirror, settings.halvings)
    seen = see_beside(there.picture, person, networks)
    progress(Event("steering", 3, 3))
    return Edited(
        wanted,
        there.latent,
        there.picture,
        there.reading,
        before,
        naive,
        seen,
        kept,
        share,
        missed(wanted, there.reading),
    )


def _as_far_as_it_goes(
    wanted: Wish, steered: Steered, kept: Latent, mirror: Mirror, halvings: int
) -> tuple[Look, float]:
    """The face farthest from the edited one toward the kept one that misses no trait by more than the edit itself did; and how
    far."""
    allowed = {b: b.miss(measured(steered.reading, b.attribute)) + SLACK for b in wanted.asked_bounds}
    start = whole_latent(steered.latent, mirror.networks)
    best, low, high = Look(steered.latent, steered.picture, steered.reading), 0.0, 1.0
    share = 1.0
    for _ in range(halvings + 1):
        look = mirror.look(np.asarray(start + np.float32(share) * (kept - start), np.float32))
        if look is not None and all(b.miss(measured(look.reading, b.attribute)) <= allowed[b] for b in allowed):
            best, low = look, share
        else:
            high = share
        if low == 1.0:
            break
        share = (low + high) / 2
    return best, low


def about_edit(edited: Edited) -> dict[str, Any]:
    """Everything but pictures and the latent, for JSON."""
    names = dict.fromkeys([*(bound.attribute for bound in edited.wish.all_bounds), *ALWAYS])
    seen = {"before": edited.before[1], "naive": edited.naive[1], "edited": edited.seen}
    read = {"before": edited.before[0], "naive": edited.naive[0].reading, "edited": edited.reading}
    return {
        "asked": dict(edited.wish.asked),
        "missed": edited.missed,
        "measured": {when: {name: rounded(measured(one, name)) for name in names} for when, one in read.items()},
        "over the identity threshold": {
            when: {n: round(d, 3) for n, d in one.distances.items()} for when, one in seen.items()
        },
        "same person": {when: one.same for when, one in seen.items()},
        "share of the keeping that the edit bore": round(edited.share, 3),
        "held out of the search": list(edited.kept.held_out) if edited.kept else [],
    }
