"""A face to order, from beginning to end: where to start, steering from there, and another start where something is missed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from doppelganger.errors import FaceError
from doppelganger.progress import Event, Progress, silent
from doppelganger.sculpting.choosing import difficulty, foreseen, truncated
from doppelganger.sculpting.mirror import Look, Mirror
from doppelganger.sculpting.steering import Steered, SteeringSettings, steer
from doppelganger.sculpting.wish import Wish


@dataclass(frozen=True)
class MakingSettings:
    """``draws``: from W, of which the likeliest are looked at, ``looked_at`` for each start; ``starts``: at most so many are
    steered, another one only where the wish is missed by more than ``content``, in deviations."""

    draws: int = 8000
    looked_at: int = 3
    starts: int = 3
    content: float = 0.25
    steering: SteeringSettings = field(default_factory=SteeringSettings)


@dataclass(frozen=True)
class Made:
    """``start``: the face that was steered. ``looks``: faces rendered and read in all."""

    seed: int
    wish: Wish
    start: Look
    steered: Steered
    looks: int


def make_face(
    wish: Wish, seed: int, mirror: Mirror, settings: MakingSettings | None = None, progress: Progress = silent
) -> Made:
    """The face for a wish and a seed; the same for the same two. Raises FaceError where no start can be read.

    Without a wish it is the seed's first draw from W (`invented`).
    """
    settings = settings or MakingSettings()
    best: Made | None = None
    looks = 0
    for start, spent in _starts(wish, seed, mirror, settings):
        steered = steer(start.latent, wish, mirror, settings.steering, progress, start)
        assert steered is not None  # the start was read
        looks += spent + steered.looks - 1
        if best is None or min(steered.history) < min(best.steered.history):
            best = Made(seed, wish, start, steered, looks)
        if min(best.steered.history) <= settings.content:
            break
    if best is None:
        raise FaceError("No face that could be read came of this seed; choose another one.")
    progress(Event("steering", 1, 1))
    return Made(best.seed, best.wish, best.start, best.steered, looks)


def _starts(wish: Wish, seed: int, mirror: Mirror, settings: MakingSettings) -> Iterator[tuple[Look, int]]:
    """Starts, each the least difficult of the next few likely draws, and how many were looked at for it."""
    drawn = truncated(mirror, settings.draws if wish.bounds else 1, seed)
    likely = foreseen(wish, drawn)
    for k in range(settings.starts if wish.bounds else 1):
        few = likely[k * settings.looked_at : (k + 1) * settings.looked_at]
        looks = [look for look in (mirror.look(w) for w in drawn[few]) if look is not None]
        if looks:
            yield min(looks, key=lambda look: difficulty(wish, look)), len(few)
