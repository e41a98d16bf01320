"""Look-alikes: different people of the portrait's kind, each unknown to every verifier as the portrait, and as one another.

A doppelgänger is the portrait's own face just outside the border. A look-alike is somebody else: part of another person's features
is mixed into the portrait's projection, what the portrait is to share (pose, expression, age, sex, skin, hair) is read and brought
back by directions, and where a verifier would still tie the face to the portrait, or to a look-alike found before, the search of
`keeping` moves it away. The panel judges the result under every disturbance.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from doppelganger import directions
from doppelganger.directions.measuring import OpenVINOParser
from doppelganger.directions.reader import FaceReader
from doppelganger.directions.reading import Reading
from doppelganger.errors import FaceError
from doppelganger.generators.protocol import Latent
from doppelganger.invented import invented
from doppelganger.keeping import KeepSettings, Seen, keep, see_beside
from doppelganger.likeness import lpips_at
from doppelganger.nearest import NearestSettings
from doppelganger.networks import Networks
from doppelganger.progress import Event, Progress, silent
from doppelganger.subject import Subject

FEATURES = slice(3, 9)
"""Rows of w+ that hold features: those before hold pose and hair, those after colours and skin."""
SHARED = ("yaw", "pitch", "age", "female", "smile", "mouth_open", "skin_tone", "fringe", "baldness", "beard")
"""Attributes that are brought back, each by the direction of its name; the hair's colour by that of the portrait's shade."""
AGREES: Mapping[str, float] = {"yaw": 8.0, "pitch": 8.0, "age": 10.0, "female": 0.5, "smile": 0.4}
"""By how much these may differ; the hair's nearest colour has to be the same, too. A face that differs more is dropped."""
GAIN = 0.8
"""Share of what is missing that a correction adds, where a direction's unit is a deviation: those do not grow evenly."""
TRUNCATION = 0.7


@dataclass(frozen=True)
class LookAlikeSettings:
    """``foreign``: share of another person's features. ``looks``: how often the face is read and corrected. ``tries``: faces that
    are begun for each that is wanted: one that differs too much in what is to be shared is dropped, and one that a verifier still
    ties to somebody. ``keep``: for the way outside."""

    foreign: float = 0.6
    looks: int = 3
    tries: int = 6
    keep: KeepSettings = field(
        default_factory=lambda: KeepSettings(
            search=NearestSettings(steps=10, extra_steps=5, rounds=3, margin=0.6, headroom=0.15)
        )
    )


@dataclass(frozen=True)
class LookAlike:
    """``seed``: of the person whose features were mixed in. ``seen``: first beside the portrait (``apart[0]``), then beside the
    look-alikes before it. ``shares``: attribute → (portrait, this face). ``lpips``: to the aligned portrait (AlexNet, 256²)."""

    seed: int
    latent: Latent
    seen: Seen
    held_out: tuple[str, ...]
    shares: Mapping[str, tuple[float, float]]
    hair: tuple[str, str]
    """Nearest colour, portrait and face."""
    lpips: float


def look_alikes(
    subject: Subject,
    closest: Latent,
    count: int,
    networks: Networks,
    settings: LookAlikeSettings | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Iterator[LookAlike]:
    """One after the other, ``count`` at most: fewer where too many tries stay inside a border.

    ``closest``: the latent of the portrait's projection. Raises NoFaceError where no face is read in the portrait.
    """
    settings = settings or LookAlikeSettings()
    reader = FaceReader(networks, OpenVINOParser(networks))
    own = reader.read(subject.portrait.image)
    found: list[LookAlike] = []
    for k in range(count * settings.tries):
        if len(found) == count:
            break
        try:
            one = _begin(subject, own, closest, found, reader, networks, settings, seed * 100_003 + k)
        except FaceError:
            continue
        if one is not None and one.seen.same:  # here: different from all, since there is nobody it has to be
            found.append(one)
            yield one
        progress(Event("lookalikes", len(found), count))
    progress(Event("lookalikes", count, count))


def ranked(found: Sequence[LookAlike]) -> list[LookAlike]:
    """The likest first."""
    return sorted(found, key=lambda one: one.lpips)


def _begin(
    subject: Subject,
    own: Reading,
    closest: Latent,
    found: Sequence[LookAlike],
    reader: FaceReader,
    networks: Networks,
    settings: LookAlikeSettings,
    seed: int,
) -> LookAlike | None:
    """None where the face cannot be brought to agree with the portrait, or does not any more once it is outside all borders."""
    latent = mixed_in(closest, seed, settings.foreign, networks)
    strengths = dict.fromkeys(_directions_of(own), 0.0)
    for _ in range(settings.looks):
        there = reader.read(networks.generator.synthesise(directions.apply(latent, strengths)))
        if agrees(own, there, 0.5):
            break
        strengths = corrected(strengths, own, there)
    else:
        there = reader.read(networks.generator.synthesise(directions.apply(latent, strengths)))
    if not agrees(own, there):
        return None
    away = [subject.embeddings, *(one.seen.embeddings for one in found)]
    kept = keep(directions.apply(latent, strengths), None, networks, settings.keep, away=away, seed=seed)
    seen = see_beside(kept.face.image, None, networks, away=away, disturbed=True)
    there = reader.read(seen.image)
    if not agrees(own, there):
        return None
    return LookAlike(
        seed,
        kept.latent,
        seen,
        kept.held_out,
        {name: (own[name], there[name]) for name in SHARED},
        (own.hair_colour, there.hair_colour),
        lpips_at(networks.alex, subject.portrait.image, seen.image, 256, networks.device),
    )


def mixed_in(closest: Latent, seed: int, share: float, networks: Networks) -> Latent:
    """The projection with ``share`` of a drawn person's features, [39, 512]; its own offsets of scales fade as much."""
    drawn = invented(seed, networks.generator, TRUNCATION)
    mixed = closest.copy()
    mixed[FEATURES] += np.float32(share) * (drawn - mixed[FEATURES])
    mixed[networks.generator.w_rows :] *= np.float32(1 - share)
    return mixed


def corrected(strengths: Mapping[str, float], own: Reading, there: Reading) -> dict[str, float]:
    """The strengths that would bring what was read to what the portrait has, each direction by itself and within its range."""
    known = directions.load()
    deviations = known.about["deviations"]
    better = {}
    for name, strength in strengths.items():
        direction = known[name]
        missing = own[direction.attribute] - there[direction.attribute]
        unit = deviations[direction.attribute] / GAIN if direction.unit == "population deviations" else 1.0
        step = 0.0 if np.isnan(missing) else direction.sign * missing / unit
        better[name] = float(np.clip(strength + step, *direction.valid_range))
    return better


def agrees(own: Reading, there: Reading, share: float = 1.0) -> bool:
    """Whether two faces have one hair colour, and differ in nothing of `AGREES` by more than this share of what they may."""
    return own.hair_colour == there.hair_colour and all(
        abs(own[name] - there[name]) <= share * most for name, most in AGREES.items()
    )


def _directions_of(own: Reading) -> tuple[str, ...]:
    return SHARED if own.hair_colour == "none" else (*SHARED, f"hair_{own.hair_colour}")
