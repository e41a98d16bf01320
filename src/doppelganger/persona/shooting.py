"""One picture of a persona after a wish: directions change the face, keeping gives the person back, the panel has the last word.

Where any verifier says *different* at the identity point, or no face can be read, everything that was asked is reduced and tried
again; what was missed is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from doppelganger import directions
from doppelganger.directions.measuring import OpenVINOParser
from doppelganger.directions.reader import FaceReader
from doppelganger.directions.reading import Reading
from doppelganger.errors import FaceError
from doppelganger.generators.preview import FIRST_ROW
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB
from doppelganger.keeping import Kept, KeepSettings, keep
from doppelganger.networks import Networks
from doppelganger.persona.making import TRUNCATION
from doppelganger.persona.persona import Persona, PersonaError
from doppelganger.persona.plan import ABSOLUTE, PALETTE, Wish
from doppelganger.progress import Progress, silent
from doppelganger.result import Verdict
from doppelganger.verifiers.protocol import OperatingPoint

MEASURED = (*ABSOLUTE, "age")
"""Attributes whose direction counts in the attribute's own unit: what was measured corrects what is asked."""
TOLERANCE: Mapping[str, float] = {"yaw": 6.0, "pitch": 6.0, "age": 7.0}
"""Degrees and years by which a picture may miss before that is said."""


@dataclass(frozen=True)
class ShootSettings:
    """``keep``: see there. ``corrections``: looks at pose and age of the edited face, each followed by a correction, before it is
    kept. ``factors``: shares of the wish that are tried one after the other."""

    keep: KeepSettings = field(default_factory=KeepSettings)
    corrections: int = 1
    factors: tuple[float, ...] = (1.0, 0.75, 0.5, 0.25)


@dataclass(frozen=True)
class Shot:
    """One picture. ``factor``: the share of the wish that held. ``verdicts``: picture ↔ the persona's reference picture, identity
    point. ``missed``: sentences."""

    wish: Wish
    factor: float
    strengths: Mapping[str, float]
    """Of the directions, as used."""
    kept: Kept
    reading: Reading
    verdicts: tuple[Verdict, ...]
    missed: tuple[str, ...]

    @property
    def image(self) -> RGB:
        """uint8 [1024, 1024, 3]."""
        return self.kept.face.image

    @property
    def same(self) -> bool:
        """The panel's word: every verifier says it is the persona."""
        return not any(v.different for v in self.verdicts)


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
            if best is None or _worst(shot) < _worst(best):
                best = shot
            if shot.same:
                break
        if best is None:
            raise PersonaError(f"No face could be read in any picture for {wish}; ask for less.")
        return best

    def _attempt(self, wish: Wish, factor: float, seed: int, progress: Progress) -> Shot:
        persona, networks, less = self._persona, self._networks, wish.scaled(factor)
        edited, strengths = self._edit(less, seed)
        kept = keep(edited, persona.anchor, networks, self._settings.keep, progress, seed=seed)
        reading = self._reader.read(kept.face.image)
        verdicts = networks.panel.judge(
            persona.front, kept.face.embeddings, OperatingPoint.IDENTITY, held_out=kept.held_out
        )
        return Shot(wish, factor, strengths, kept, reading, tuple(verdicts), tuple(self._missed(wish, factor, reading)))

    def _edit(self, wish: Wish, seed: int) -> tuple[Latent, dict[str, float]]:
        """The persona's latent with the wish's strengths, which pose and age as measured have corrected."""
        targets = self._targets(wish)
        strengths = dict(wish.strengths)
        for name, value in wish.values.items():
            if name != PALETTE:
                strengths[name] = strengths.get(name, 0.0) + (
                    value - self._persona.likeness[name] if name in ABSOLUTE else value
                )
        strengths = self._within_bounds(strengths)
        ground = with_palette(self._persona.latent, wish.values.get(PALETTE, 0.0), seed, self._networks)
        for _ in range(self._settings.corrections if targets else 0):
            seen = self._look(directions.apply(ground, strengths))
            corrected = {name: strengths[name] + target - seen[name] for name, target in targets.items()}
            strengths = self._within_bounds(strengths | corrected)
        return directions.apply(ground, strengths), strengths

    def _targets(self, wish: Wish) -> dict[str, float]:
        """What pose and age are to measure."""
        own = {name: 0.0 if name in ABSOLUTE else self._persona.likeness[name] for name in MEASURED}
        return {name: own[name] + wish.values[name] for name in MEASURED if name in wish.values}

    def _within_bounds(self, strengths: Mapping[str, float]) -> dict[str, float]:
        bounds = self._persona.bounds
        return {name: float(np.clip(strength, *bounds[name])) for name, strength in strengths.items()}

    def _look(self, latent: Latent) -> Mapping[str, float]:
        return self._reader.read(self._networks.generator.synthesise(latent)).values

    def _missed(self, wish: Wish, factor: float, reading: Reading) -> list[str]:
        sentences = []
        if factor < 1:
            sentences.append(f"Only {factor:.0%} of what was asked keeps the person.")
        for name, target in self._targets(wish).items():
            if abs(reading[name] - target) > TOLERANCE[name]:
                unit = "years" if name == "age" else "°"
                sentences.append(f"{name}: {target:.0f} {unit} asked, {reading[name]:.0f} measured.")
        return sentences


def with_palette(latent: Latent, share: float, seed: int, networks: Networks) -> Latent:
    """The latent with ``share`` of another face's fine rows: they hold the picture's colours and hardly anything of the person."""
    if not share:
        return latent
    generator = networks.generator
    other = generator.w_mean + TRUNCATION * (generator.sample(1, seed)[0] - generator.w_mean)
    mixed = latent.copy()
    rows = slice(FIRST_ROW, generator.w_rows)
    mixed[rows] += np.float32(share) * (other - mixed[rows])
    return mixed


def _worst(shot: Shot) -> float:
    return max(v.distance / v.threshold for v in shot.verdicts)
