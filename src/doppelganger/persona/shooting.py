"""One picture of a persona after a wish: directions change the face, keeping gives the person back, verifiers have the last word.

Where one that was searched says *different* at the identity point, or no face can be read, everything that was asked is reduced
and tried again; what was missed is said. What the held-out one says is written down and decides nothing: it is the witness.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from doppelganger import directions
from doppelganger.directions.measuring import OpenVINOParser
from doppelganger.directions.reader import FaceReader
from doppelganger.directions.reading import ATTRIBUTES, Reading
from doppelganger.errors import FaceError
from doppelganger.generators.preview import FIRST_ROW
from doppelganger.generators.protocol import Latent
from doppelganger.invented import invented
from doppelganger.keeping import KeepSettings, Kept, Seen, keep, see_beside
from doppelganger.nearest import NearestSettings
from doppelganger.networks import Networks
from doppelganger.persona.persona import Persona, PersonaError
from doppelganger.persona.plan import ABSOLUTE, PALETTE, Wish
from doppelganger.progress import Progress, silent
from doppelganger.result import Verdict
from doppelganger.verifiers.protocol import OperatingPoint

MEASURED = (*ABSOLUTE, "age")
"""What is asked of these, measuring corrects."""
POSE = ("yaw", "pitch")
"""What is corrected alone where a searched verifier does not let all of it be."""
GAIN: Mapping[str, float] = {"smile": 0.6, "mouth_open": 0.6, "brow_raise": 0.6}
"""Share of what is missing that a correction adds, where not all: these do not grow evenly with their direction."""
TOLERANCE: Mapping[str, float] = {
    "yaw": 6.0,
    "pitch": 6.0,
    "age": 7.0,
    "smile": 0.25,
    "mouth_open": 0.08,
    "brow_raise": 0.3,
}
"""By how much a picture may miss before that is said."""
YOUNGEST = 18.0
"""Years. No picture is asked to measure less."""


@dataclass(frozen=True)
class ShootSettings:
    """``looks_before``, ``looks_after``: how often pose, expression and age are measured and corrected before and after the face is
    kept: what gives the person back takes some years away again. ``slack``: up to which share of its identity threshold a
    verifier may be brought by a correction afterwards. ``factors``: shares of the wish, tried one after the other."""

    keep: KeepSettings = field(
        default_factory=lambda: KeepSettings(
            goal=0.35, search=NearestSettings(steps=8, extra_steps=4, rounds=3, headroom=0.3)
        )
    )
    """Nearer than `KeepSettings` has it: two pictures that have both come away from the reference are further from one another."""
    looks_before: int = 1
    looks_after: int = 2
    slack: float = 0.85
    factors: tuple[float, ...] = (1.0, 0.75, 0.5, 0.25)


@dataclass(frozen=True)
class Taken:
    """A picture, read and judged. ``verdicts``: picture ↔ the persona's reference picture, identity point."""

    latent: Latent
    face: Seen
    reading: Reading
    verdicts: tuple[Verdict, ...]

    @property
    def same(self) -> bool:
        """The panel's word: every verifier says it is the persona, the held-out one, too."""
        return all(v.distance <= v.threshold for v in self.verdicts)

    @property
    def worst(self) -> float:
        """The largest distance to the reference picture over its identity threshold, of the searched verifiers."""
        return max(v.distance / v.threshold for v in self.verdicts if not v.held_out)


@dataclass(frozen=True)
class Shot(Taken):
    """The picture of a wish. ``factor``: the share of the wish that held. ``strengths``: of the directions, as used. ``kept``: the
    search, and the same edit without it. ``missed``: sentences."""

    wish: Wish
    factor: float
    strengths: Mapping[str, float]
    kept: Kept
    missed: tuple[str, ...]


class Photographer:
    """Takes pictures of one persona."""

    def __init__(
        self,
        persona: Persona,
        networks: Networks,
        settings: ShootSettings | None = None,
        reader: FaceReader | None = None,
    ) -> None:
        self._persona, self._networks = persona, networks
        self._settings = settings or ShootSettings()
        self._reader = reader or FaceReader(networks, OpenVINOParser(networks))

    def shoot(self, wish: Wish, seed: int, progress: Progress = silent) -> Shot:
        """The picture of a wish; the same for the same seed. Raises PersonaError where even the least of it shows no face."""
        best: Shot | None = None
        for factor in self._settings.factors:
            try:
                shot = self._attempt(wish, factor, seed, progress)
            except FaceError:
                continue
            if best is None or shot.worst < best.worst:
                best = shot
            if shot.worst <= 1:
                break
        if best is None:
            raise PersonaError(f"No face could be read in any picture for {wish}; ask for less.")
        return best

    def _attempt(self, wish: Wish, factor: float, seed: int, progress: Progress) -> Shot:
        persona, networks = self._persona, self._networks
        targets = self._targets(wish, factor)
        ground = with_palette(persona.latent, factor * wish.values.get(PALETTE, 0.0), seed, networks)
        strengths = self._first_strengths(wish, factor, targets)
        for _ in range(self._settings.looks_before if targets else 0):
            seen = self._reader.read(networks.generator.synthesise(directions.apply(ground, strengths)))
            strengths = self._corrected(strengths, targets, seen.values)
        kept = keep(
            directions.apply(ground, strengths), persona.anchor, networks, self._settings.keep, progress, seed=seed
        )
        taken = self._take(kept.latent, kept.held_out)
        for _ in range(self._settings.looks_after):
            if not misses(targets, taken.reading, 0.5):
                break
            nearer = self._nearer(taken, strengths, targets, kept.held_out)
            if nearer is None:
                break
            strengths, taken = nearer
        missed = tuple(self._missed(wish, factor, taken.reading))
        return Shot(taken.latent, taken.face, taken.reading, taken.verdicts, wish, factor, strengths, kept, missed)

    def _nearer(
        self,
        taken: Taken,
        strengths: Mapping[str, float],
        targets: Mapping[str, float],
        held_out: Sequence[str],
    ) -> tuple[dict[str, float], Taken] | None:
        """The kept face moved on, in pose alone, or half-way, as searched verifiers let it; None where they do not."""
        # Bounds hold for a move, not for the sum: what keeping has taken back is not there any more.
        wanted = self._corrected(dict.fromkeys(targets, 0.0), targets, taken.reading.values)
        for share, which in ((1.0, targets), (1.0, POSE), (0.5, targets)):
            moved = {name: share * step for name, step in wanted.items() if name in which}
            try:
                nearer = self._take(directions.apply(taken.latent, moved), held_out)
            except FaceError:
                continue
            if nearer.worst <= max(self._settings.slack, taken.worst):
                return {name: strength + moved.get(name, 0.0) for name, strength in strengths.items()}, nearer
        return None

    def _take(self, latent: Latent, held_out: Sequence[str]) -> Taken:
        """The picture of a latent, read and judged."""
        networks = self._networks
        face = see_beside(networks.generator.synthesise(latent), self._persona.anchor, networks)
        reading = self._reader.read(face.image)
        verdicts = networks.panel.judge(
            self._persona.front, face.embeddings, OperatingPoint.IDENTITY, held_out=held_out
        )
        return Taken(latent, face, reading, tuple(verdicts))

    def _targets(self, wish: Wish, factor: float) -> dict[str, float]:
        """What is to be measured: ``factor`` of the way from the persona's own to what is asked."""
        targets = {}
        for name in MEASURED:
            if name in wish.values:
                own = self._persona.likeness[name]
                wanted = wish.values[name] if name in ABSOLUTE else max(own + wish.values[name], YOUNGEST)
                targets[name] = own + factor * (wanted - own)
        return targets

    def _first_strengths(self, wish: Wish, factor: float, targets: Mapping[str, float]) -> dict[str, float]:
        asked = {name: factor * v for name, v in wish.values.items() if name != PALETTE and name not in targets}
        return self._corrected({**asked, **dict.fromkeys(targets, 0.0)}, targets, self._persona.likeness, {})

    def _corrected(
        self,
        strengths: Mapping[str, float],
        targets: Mapping[str, float],
        seen: Mapping[str, float],
        gains: Mapping[str, float] = GAIN,
    ) -> dict[str, float]:
        """Strengths that would bring what was seen to the targets, within the persona's bounds."""
        better = dict(strengths)
        for name, target in targets.items():
            better[name] += gains.get(name, 1.0) * (target - seen[name]) / _unit(name)
        return self._within_bounds(better)

    def _within_bounds(self, strengths: Mapping[str, float]) -> dict[str, float]:
        bounds = self._persona.bounds
        return {name: float(np.clip(strength, *bounds[name])) for name, strength in strengths.items()}

    def _missed(self, wish: Wish, factor: float, reading: Reading) -> list[str]:
        sentences = [] if factor == 1 else [f"Only {factor:.0%} of what was asked keeps the person."]
        targets = self._targets(wish, 1.0)
        for name in misses(targets, reading):
            unit = ATTRIBUTES[name].unit
            sentences.append(f"{name}: {targets[name]:.3g} {unit} asked, {reading[name]:.3g} measured.")
        return sentences


def misses(targets: Mapping[str, float], reading: Reading, share: float = 1.0) -> list[str]:
    """Names of the targets that the reading misses by more than this share of the tolerance."""
    return [name for name, target in targets.items() if abs(reading[name] - target) > share * TOLERANCE[name]]


def _unit(name: str) -> float:
    """How much of its attribute a direction's strength of 1 is."""
    known = directions.load()
    return float(known.about["deviations"][name]) if known[name].unit == "population deviations" else 1.0


def with_palette(latent: Latent, share: float, seed: int, networks: Networks) -> Latent:
    """The latent with ``share`` of another face's fine rows: they hold the picture's colours and hardly anything of the person."""
    if not share:
        return latent
    mixed = latent.copy()
    rows = slice(FIRST_ROW, networks.generator.w_rows)
    mixed[rows] += np.float32(share) * (invented(seed, networks.generator) - mixed[rows])
    return mixed
