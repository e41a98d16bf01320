"""Editing a known face: older, smiling, turned, and still the same person as far as the edit allows.

Directions change a face as asked (`steering`), and who it is with it. Then `keeping.keep` takes back what made it another
person while the edited picture is held; where that loses what was asked, both are repeated once more from there.
"""

from dataclasses import dataclass, field
from typing import Any

from doppelganger.directions.reading import Reading
from doppelganger.errors import FaceError
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB
from doppelganger.keeping import Embeddings, KeepSettings, Kept, Seen, keep, see_beside
from doppelganger.progress import Event, Progress, silent
from doppelganger.sculpting.album import ALWAYS, rounded
from doppelganger.sculpting.mirror import Mirror
from doppelganger.sculpting.steering import Steered, SteeringSettings, missed, steer
from doppelganger.sculpting.traits import measured
from doppelganger.sculpting.wish import Asked, Wish, wish


@dataclass(frozen=True)
class EditSettings:
    """``keeping``: None where nobody minds who it is. ``rounds``: of steering and keeping, at most."""

    steering: SteeringSettings = field(default_factory=SteeringSettings)
    keeping: KeepSettings | None = field(default_factory=KeepSettings)
    rounds: int = 2


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

    Numbers with a sign count from the face's own, see `wish`. Raises WishError; FaceError where the face cannot be read.
    """
    settings = settings or EditSettings()
    networks = mirror.networks
    first = mirror.look(latent)
    if first is None:
        raise FaceError("No face can be read in the picture that this latent shows; it cannot be edited.")
    wanted = wish(asked, first.reading)
    before = first.reading, see_beside(first.picture, person, networks)
    naive: tuple[Steered, Seen] | None = None
    kept: Kept | None = None
    look = first
    for k in range(settings.rounds):
        steered = steer(look.latent, wanted, mirror, settings.steering, first=look)
        assert steered is not None  # its first look was read
        progress(Event("steering", 2 * k + 1, 2 * settings.rounds))
        naive = naive or (steered, see_beside(steered.picture, person, networks))
        seen, reading, picture, edited = naive[1], steered.reading, steered.picture, steered.latent
        if settings.keeping is None:
            break
        kept = keep(steered.latent, person, networks, settings.keeping)
        progress(Event("steering", 2 * k + 2, 2 * settings.rounds))
        again = mirror.look(kept.latent)
        if again is None:
            break
        look, seen, reading, picture, edited = again, kept.face, again.reading, again.picture, kept.latent
        if wanted.miss(again.reading) == 0:
            break
    progress(Event("steering", 1, 1))
    assert naive is not None
    return Edited(wanted, edited, picture, reading, before, naive, seen, kept, missed(wanted, reading))


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
        "held out of the search": list(edited.kept.held_out) if edited.kept else [],
    }
