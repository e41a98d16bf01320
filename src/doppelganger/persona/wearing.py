"""A persona on a photo: its face, in the photo's pose, expression and light, where the photo's own was.

    photo → see, align → pose the persona → fit it into the head → keep it the persona, through the fitting → set in → judged

Nothing of the photo's person goes into the face: it is the persona's own latent, turned by directions (`posing`). Turning costs a
person some likeness to themselves, and a head that is not theirs some more. So the search of `keeping` runs on what will be seen,
the composite, not on the face alone: near the persona for every searched verifier, outside the wearer's border.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.directions.measuring import OpenVINOParser
from doppelganger.errors import FaceError
from doppelganger.faces.alignment import warp
from doppelganger.faces.landmarks import Landmarks
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB
from doppelganger.inphoto import surroundings
from doppelganger.keeping import Embeddings, KeepSettings, Seen, constraints_of, see_beside, whole_latent
from doppelganger.nearest import NearestSettings, search
from doppelganger.networks import Networks
from doppelganger.persona.fitted import Fitted, FittedPreview
from doppelganger.persona.fitting import Fitting, fit
from doppelganger.persona.nudging import bend
from doppelganger.persona.persona import Persona
from doppelganger.persona.posing import Moment, Poser, read_moment
from doppelganger.progress import Progress, silent
from doppelganger.subject import Subject, see
from doppelganger.verifiers.face_of import central_face

POSE_ERROR, EXPRESSION = 5.0, 0.7
"""Degrees, and correlation of the 52 coefficients, within which a worn photo is left as it is."""
PREVIEW = 256
"""Size of the faces that the search looks at."""


@dataclass(frozen=True)
class WearSettings:
    """How a persona is put on. ``looks``: renderings to find pose and expression in, at first and after the search. ``bends``:
    looks at the worn photo, after each of which features are moved to where the photo has them (`nudging`). ``keep``: the search,
    and what it does again after these, in ``rounds`` at most, each with features moved once more: what gives the person back
    changes the expression, and moving features costs some of the person. So it is content with less of the person there."""

    looks: int = 4
    looks_again: int = 2
    bends: int = 2
    rounds: int = 4
    seed: int = 0
    keep: KeepSettings = field(
        default_factory=lambda: KeepSettings(
            goal=0.7,
            search=NearestSettings(steps=12, extra_steps=6, rounds=3, learning_rate=0.12, margin=0.3, headroom=0.12),
        )
    )
    keep_again: KeepSettings = field(
        default_factory=lambda: KeepSettings(
            goal=0.85,
            search=NearestSettings(steps=7, extra_steps=5, rounds=3, learning_rate=0.1, margin=0.3, headroom=0.05),
        )
    )

    def again(self, round_: int) -> KeepSettings:
        """``keep_again``, content with less of the person in every further round, down to what a verdict needs."""
        kept = self.keep_again
        goal, headroom = min(kept.goal + 0.05 * round_, 0.95), max(kept.search.headroom - 0.01 * round_, 0.02)
        return replace(kept, goal=goal, search=replace(kept.search, headroom=headroom))


@dataclass(frozen=True)
class Worn:
    """``image``: the photo with the persona's face, uint8 [H, W, 3]. ``face``: the persona's as it was rendered for it, uint8
    [1024, 1024, 3], ``latent`` its latent. ``seen``: what the panel makes of the finished photo, beside the persona
    (``distances``) and the wearer (``apart``). ``pose_error``: degrees between the heads of both photos; ``expression``:
    correlation of their 52 coefficients. ``strengths``: of the directions that posed it."""

    image: RGB
    face: RGB
    latent: Latent
    seen: Seen
    pose_error: float
    expression: float
    strengths: Mapping[str, float]
    steps: int
    held_out: tuple[str, ...]

    @property
    def same(self) -> tuple[str, ...]:
        """The verifiers that take it for the persona, at the identity point."""
        return tuple(name for name, share in self.seen.distances.items() if share <= 1)

    @property
    def recognised(self) -> tuple[str, ...]:
        """The verifiers that take it for the wearer, at the privacy point."""
        (wearer,) = self.seen.apart
        return tuple(name for name, share in wearer.items() if share <= 1)

    @property
    def accepted(self) -> bool:
        """Most verifiers say it is the persona, none says it is the wearer; the held-out one is asked, too."""
        return _accepted(self.seen, self.seen.distances)


@dataclass(frozen=True)
class _Way:
    """Of putting a face on the photo."""

    latent: Latent
    face: RGB
    fitting: Fitting


@dataclass(frozen=True)
class _Put:
    """A face on the photo."""

    way: _Way
    image: RGB
    seen: Seen
    pose_error: float
    expression: float
    trimmed: bool
    judges: tuple[str, ...]
    """Verifiers whose word decides: the searched ones, so that the held-out one is a witness."""

    @property
    def accepted(self) -> bool:
        return _accepted(self.seen, self.judges)

    @property
    def close(self) -> bool:
        """Pose and expression are the photo's to a person's eye."""
        return self.pose_error <= POSE_ERROR and self.expression >= EXPRESSION

    @property
    def good(self) -> bool:
        """Nothing is left to try for."""
        return self.accepted and self.close

    def order(self) -> tuple[bool, bool, bool, int, float]:
        """The better, the smaller: first whether it is the persona and not the wearer; whether pose and expression are close;
        whether it is trimmed; how many do not know the persona; how near to the photo's pose and expression, in units that count
        alike."""
        strangers = sum(self.seen.distances[name] > 1 for name in self.judges)
        apart = self.pose_error / POSE_ERROR + (1 - self.expression) / (1 - EXPRESSION)
        return not self.accepted, not self.close, not self.trimmed, strangers, apart


def _accepted(seen: Seen, judges: Iterable[str]) -> bool:
    """Most of these verifiers say it is the persona, none says it is the wearer."""
    words = [(seen.distances[name] <= 1, seen.apart[0][name] > 1) for name in judges]
    return 2 * sum(same for same, _ in words) > len(words) and all(apart for _, apart in words)


class Dresser:
    """One persona, ready to be put on photos."""

    def __init__(self, persona: Persona, networks: Networks, settings: WearSettings | None = None) -> None:
        """Measures first how the persona responds to the directions, which takes a picture for each. Raises FaceError."""
        self._persona, self._networks, self._settings = persona, networks, settings or WearSettings()
        self._parser = OpenVINOParser(networks)
        self.poser = Poser(persona.latent, networks, self._parser)

    def wear(
        self, photo: RGB, face_index: int | None = None, name: str = "the photo", progress: Progress = silent
    ) -> Worn:
        """Put the persona on a face of the photo, uint8 [H, W, 3]; see `subject.see`. Raises FaceError."""
        networks = self._networks
        subject = see(photo, networks, face_index, name)
        asked = read_moment(subject.portrait.image, networks, self._parser)
        posed = self.poser.pose(asked, self._settings.looks)
        fitting = self._fit(posed.moment, asked)
        latent, steps = self._kept(posed.latent, fitting, subject, self._settings.keep, progress)
        if steps:  # what the search has cost of pose and expression is asked for once more
            posed = self.poser.again(asked, latent, posed.strengths, self._settings.looks_again)
            fitting = self._fit(posed.moment, asked)
        for _ in range(self._settings.bends):
            fitting = self._bent(fitting, networks.generator.synthesise(posed.latent), asked)
        latent = posed.latent
        puts: list[_Put] = []
        for round_ in range(self._settings.rounds):
            latent, more = self._kept(latent, fitting, subject, self._settings.again(round_), progress)
            steps += more
            face = networks.generator.synthesise(latent)
            bent = self._bent(fitting, face, asked)
            ways = [_Way(latent, face, fitting), _Way(latent, face, bent)]
            puts += self._put_on(photo, subject, [self._trimmed(way, asked) for way in ways], trimmed=True)
            if round_ and not any(put.good for put in puts):  # trimming costs some of the persona
                puts += self._put_on(photo, subject, ways, trimmed=False)
            if any(put.good for put in puts):
                break
            fitting = bent
        put = min(puts, key=_Put.order)
        held_out = tuple(name for name in put.seen.distances if name not in put.judges)
        return Worn(
            put.image,
            put.way.face,
            put.way.latent,
            put.seen,
            put.pose_error,
            put.expression,
            posed.strengths,
            steps,
            held_out,
        )

    def _kept(
        self, posed: Latent, fitting: Fitting, subject: Subject, settings: KeepSettings, progress: Progress
    ) -> tuple[Latent, int]:
        """The posed face given its person back, as seen in the photo's head; and the steps that took."""
        networks = self._networks
        true = Fitted(networks.generator, fitting)
        cheap = FittedPreview(networks.differentiable, fitting.tensors(PREVIEW, networks.device))
        constraints = constraints_of(self._persona.anchor, [subject.embeddings], networks, settings)
        start = whole_latent(posed, networks)
        members = {m.name: m for m in networks.members(settings.searched)}

        def judged(latent: Latent) -> dict[str, float]:
            beside = see_beside(true.synthesise(latent), self._persona.front, networks, away=[subject.embeddings])
            return {c.key: (beside.apart[0] if c.role else beside.distances)[c.name] for c in constraints}

        def transforms(latent: Latent) -> Mapping[str, NDArray[np.floating]]:
            image = true.synthesise(latent)
            face = central_face(networks.detector, image, "the fitted face")
            return {name: m.crop_transform(image, face) for name, m in members.items()}

        at_start = judged(start)
        if all(c.clearance(at_start[c.key]) >= settings.search.headroom for c in constraints):
            return start, 0
        found = search(
            true.synthesise(start),
            start,
            constraints,
            true,
            cheap,
            networks.space,
            networks.alex,
            transforms,
            judged,
            settings.search,
            networks.device,
            self._settings.seed,
            progress,
        )
        return found.w, found.steps

    def _bent(self, fitting: Fitting, face: RGB, asked: Moment) -> Fitting:
        """The fitting that moves the features of ``face`` to where the photo has them; as it was where they cannot be made out."""
        networks = self._networks
        shown = fitting.worn(face)
        try:
            marks = networks.landmarks.detect(shown, central_face(networks.detector, shown))
        except FaceError:
            return fitting
        return fitting.bent(bend(marks, asked.landmarks, networks.landmarks.stable, len(shown)))

    def _trimmed(self, way: "_Way", asked: Moment) -> "_Way":
        return replace(way, fitting=way.fitting.trimmed(way.face, asked.labels, self._parser))

    def _put_on(self, photo: RGB, subject: Subject, ways: "Sequence[_Way]", trimmed: bool) -> "list[_Put]":
        """Each way put on the photo, and judged."""
        before = _landmarks_at(subject, photo, self._networks)
        judges = tuple(m.name for m in self._networks.members(self._settings.keep.searched))
        tried = []
        for way in ways:
            image = set_in(photo, subject.portrait.transform, way.fitting, way.face)
            after = _landmarks_at(subject, image, self._networks)
            seen = judge(image, subject, self._persona.front, self._networks)
            pose_error, expression = turn_between(before, after), correlation(before, after)
            tried.append(_Put(way, image, seen, pose_error, expression, trimmed, judges))
        return tried

    def _fit(self, shown: Moment, asked: Moment) -> Fitting:
        points, wanted = shown.landmarks.points, asked.landmarks.points
        return fit(shown.image, points, asked.image, wanted, asked.labels, self._parser)


def set_in(photo: RGB, transform: NDArray[np.float32], fitting: Fitting, face: RGB) -> RGB:
    """The photo, uint8 [H, W, 3], with the fitted face; ``transform``: photo → portrait. Outside the mask not a bit changes."""
    back = cv2.invertAffineTransform(transform)
    height, width = photo.shape[:2]
    inside = fitting.alpha > 0
    xs, ys = np.flatnonzero(inside.any(0)), np.flatnonzero(inside.any(1))
    corners = np.array([[x, y, 1] for x in (xs[0], xs[-1]) for y in (ys[0], ys[-1])]) @ back.T
    left, top = np.clip(np.floor(corners.min(0)) - 3, 0, [width - 1, height - 1]).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(0)) + 4, [left + 1, top + 1], [width, height]).astype(int)
    back[:, 2] -= (left, top)
    size = (int(right - left), int(bottom - top))
    layer = np.asarray(np.clip(fitting.face(face).round(), 0, 255), np.uint8)
    opacity = np.repeat((fitting.alpha * 255).round().astype(np.uint8)[:, :, None], 3, axis=2)
    colours = warp(layer, back, *size, border=cv2.BORDER_REPLICATE).astype(np.float32)
    alpha = warp(opacity, back, *size).astype(np.float32) / 255
    result = photo.copy()
    window = result[top:bottom, left:right]
    window[:] = np.clip((window + (colours - window) * alpha).round(), 0, 255)
    return result


def judge(image: RGB, subject: Subject, reference: Embeddings, networks: Networks) -> Seen:
    """What the panel makes of the finished photo's face, beside the persona and beside the subject, whose photo it was."""
    part = surroundings(image, subject.portrait)
    return see_beside(part, reference, networks, away=[subject.embeddings])


def turn_between(a: Landmarks, b: Landmarks) -> float:
    """Degrees of the one rotation that takes the one head's pose into the other's: no less than any angle of it."""
    rotations = [marks.pose[:3, :3] / np.linalg.norm(marks.pose[:3, 0]) for marks in (a, b)]
    cosine = (np.trace(rotations[0].T @ rotations[1]) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def correlation(a: Landmarks, b: Landmarks) -> float:
    """Pearson's, of the 52 coefficients of two expressions."""
    return float(np.corrcoef(list(a.blendshapes.values()), list(b.blendshapes.values()))[0, 1])


def _landmarks_at(subject: Subject, image: RGB, networks: Networks) -> Landmarks:
    """Of the face that is where the subject's was, in the same cut-out of the photo or of what became of it."""
    part = surroundings(image, subject.portrait)
    return networks.landmarks.detect(part, central_face(networks.detector, part))
