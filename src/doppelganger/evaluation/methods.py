"""Everything that is compared: the ways to turn a portrait into an avatar, ours and other people's, behind one small protocol."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from doppelganger.border import find_flips
from doppelganger.doppelganger import project_subject, search_nearest
from doppelganger.errors import FaceError
from doppelganger.evaluation.bank import Bank
from doppelganger.evaluation.baselines import black_bar, blur_face, pixelate
from doppelganger.faces.landmarks import Landmarks
from doppelganger.images import RGB, resize_area
from doppelganger.judging import PATH_RESOLUTION, SCAN_STRIDE
from doppelganger.likeness import lpips_features
from doppelganger.nearest import NearestSettings
from doppelganger.networks import Networks
from doppelganger.progress import silent
from doppelganger.projection import Projection, ProjectionSettings
from doppelganger.settings import Settings
from doppelganger.subject import Subject
from doppelganger.verifiers.face_of import central_face
from doppelganger.verifiers.panel import VERIFIERS

ORIGINAL_THRESHOLD = 0.6
"""dlib's own, by which the original software walks its path back."""
ORIGINAL_STEPS = 300
BANK_FACES = 400
"""Generated faces from which look-alikes are chosen, where nothing else is asked."""
LINE_FACES = 65
"""Faces on the straight line; the border is found to the nearest of them."""


@dataclass
class Scene:
    """One portrait as the methods meet it. The projection is made once and shared."""

    subject: Subject
    digest: str
    """Of the portrait's bytes; seeds what is random, so that a portrait is treated alike in any order and on any machine."""
    networks: Networks
    settings: Settings
    projected: Callable[[], Projection]
    bank: Bank | None = None
    averages: NDArray[np.float32] | None = None
    """k-same's average of this portrait's group, w+ [rows, 512]."""

    @cached_property
    def landmarks(self) -> Landmarks:
        """Of the aligned portrait."""
        image = self.subject.portrait.image
        return self.networks.landmarks.detect(
            image, central_face(self.networks.detector, image, "the aligned portrait")
        )

    def choose(self, among: int) -> int:
        """A number below ``among`` that hangs on the portrait alone."""
        return int(self.digest[:12], 16) % among


@dataclass(frozen=True)
class Avatar:
    """``image``: uint8 [1024, 1024, 3], None where the method found nothing. ``about``: what it says of itself, for JSON."""

    image: RGB | None
    about: dict[str, Any] = field(default_factory=dict)


class Method(Protocol):
    """A way to make an avatar. Equal methods (as dataclasses) make equal avatars."""

    @property
    def name(self) -> str:
        """Its file's name: letters, digits, dots and dashes."""

    @property
    def row(self) -> str:
        """Its row of the table; methods that differ only in what they may see share one."""

    @property
    def searched(self) -> tuple[str, ...]:
        """Short names of the verifiers that it asks; the others are held out."""

    @property
    def projects(self) -> bool:
        """Whether it wants the shared projection."""

    def make(self, scene: Scene) -> Avatar:
        """The avatar. Raises FaceError where the portrait does not allow it."""


@dataclass(frozen=True)
class ClosestMatch:
    """The generator's closest match: no protection, all the likeness that can be had here."""

    name: str = "closest-match"
    row: str = "closest match (no protection)"
    searched: tuple[str, ...] = ()
    projects: bool = True

    def make(self, scene: Scene) -> Avatar:
        return Avatar(scene.networks.generator.synthesise(scene.projected().closest))


@dataclass(frozen=True)
class Nearest:
    """Ours: the face outside the searched verifiers' borders that loses the least likeness."""

    held_out: tuple[str, ...]
    margin: float = NearestSettings.margin
    disturbed: bool = True
    """Whether the search's faces are disturbed."""
    projects: bool = True

    @property
    def name(self) -> str:
        kind = f"{self.margin:g}{'' if self.disturbed else '-undisturbed'}"
        return f"nearest-{kind}-without-{'-'.join(self.held_out)}"

    @property
    def row(self) -> str:
        if len(self.searched) == 1:
            return f"nearest, margin {self.margin:g}, only {self.searched[0]} searched"
        if not self.disturbed:
            return f"nearest, margin {self.margin:g}, undisturbed ({' and '.join(self.held_out)} held out)"
        return margin_row(self.margin) if self.margin == NearestSettings.margin else curve_row(self.margin)

    @property
    def searched(self) -> tuple[str, ...]:
        return tuple(name for name in VERIFIERS if name not in self.held_out)

    def make(self, scene: Scene) -> Avatar:
        chosen = replace(
            scene.settings,
            held_out=self.held_out,
            nearest=replace(scene.settings.nearest, margin=self.margin, disturbed=self.disturbed),
        )
        found, views = search_nearest(scene.subject, scene.projected().closest, scene.networks, chosen, silent)
        return Avatar(views.image, {"accepted": found.accepted, "steps": found.steps})


@dataclass(frozen=True)
class OriginalPath:
    """The original software: one w is projected in 300 steps, and the steps are walked back until dlib at 0.6 says *different*.

    Its projection is its own. Gradients are the preview's (see ``projection.py``), for its verdict every face is rendered whole.
    """

    name: str = "original"
    row: str = "the original's path (one w, 300 steps, dlib 0.6)"
    searched: tuple[str, ...] = ("dlib",)
    projects: bool = False
    stride: int = 10

    def make(self, scene: Scene) -> Avatar:
        steps = ProjectionSettings(w_steps=ORIGINAL_STEPS, w_plus_steps=0)
        path = project_subject(scene.subject, scene.networks, steps).path
        return _border_face(scene, path, self.stride)


@dataclass(frozen=True)
class PathBorder:
    """The original's rule on our projection's steps."""

    name: str = "path"
    row: str = "our path's border (dlib 0.6)"
    searched: tuple[str, ...] = ("dlib",)
    projects: bool = True

    def make(self, scene: Scene) -> Avatar:
        return _border_face(scene, scene.projected().path, SCAN_STRIDE)


@dataclass(frozen=True)
class MeanLine:
    """The straight line in w+ from the mean face to the closest match, at the same border."""

    name: str = "line"
    row: str = "straight line to the mean (dlib 0.6)"
    searched: tuple[str, ...] = ("dlib",)
    projects: bool = True

    def make(self, scene: Scene) -> Avatar:
        path = scene.projected().path
        mean, closest = path[0], path[-1]
        line = [(mean + t * (closest - mean)).astype(np.float32) for t in np.linspace(0, 1, LINE_FACES)]
        return _border_face(scene, line, 8)


def _border_face(scene: Scene, path: Sequence[NDArray[np.float32]], stride: int) -> Avatar:
    """The face just outside the flip that lies nearest to the path's end."""
    (dlib,) = scene.networks.members(("dlib",))
    own = scene.subject.embeddings[dlib.name]

    @cache
    def different(step: int) -> bool:
        whole = scene.networks.generator.synthesise(path[step])
        seen = resize_area(whole, PATH_RESOLUTION, PATH_RESOLUTION)
        try:
            face = central_face(scene.networks.detector, seen)
        except FaceError:
            return True
        return dlib.distance(own, dlib.embed(seen, face)) > ORIGINAL_THRESHOLD

    last = len(path) - 1
    about = {"faces": len(path), "reached": not different(last)}
    if different(last):  # not even the path's end is taken for the person: it is the answer, and no border
        return Avatar(scene.networks.generator.synthesise(path[last]), {**about, "border": None})
    flips = find_flips(len(path), different, stride)
    if not flips:
        return Avatar(None, {**about, "border": None})
    step = flips[-1].outside
    return Avatar(scene.networks.generator.synthesise(path[step]), {**about, "border": step})


@dataclass(frozen=True)
class Pixelation:
    """``blocks`` squares across the face."""

    blocks: int = 16
    searched: tuple[str, ...] = ()
    projects: bool = False

    @property
    def name(self) -> str:
        return f"pixelation-{self.blocks}"

    @property
    def row(self) -> str:
        return f"pixelation, {self.blocks} blocks a face"

    def make(self, scene: Scene) -> Avatar:
        return Avatar(pixelate(scene.subject.portrait.image, scene.landmarks, self.blocks))


@dataclass(frozen=True)
class Blur:
    """A Gaussian of σ = ``share`` of the face's width."""

    share: float = 0.06
    searched: tuple[str, ...] = ()
    projects: bool = False

    @property
    def name(self) -> str:
        return f"blur-{self.share:g}"

    @property
    def row(self) -> str:
        return f"blur, σ {self.share * 100:g} % of the face"

    def make(self, scene: Scene) -> Avatar:
        return Avatar(blur_face(scene.subject.portrait.image, scene.landmarks, self.share))


@dataclass(frozen=True)
class BlackBar:
    """A bar over the eyes."""

    name: str = "bar"
    row: str = "black bar over the eyes"
    searched: tuple[str, ...] = ()
    projects: bool = False

    def make(self, scene: Scene) -> Avatar:
        return Avatar(black_bar(scene.subject.portrait.image, scene.landmarks))


@dataclass(frozen=True)
class RandomFace:
    """A face of nobody, whoever asks."""

    among: int = BANK_FACES
    row: str = "random generated face"
    searched: tuple[str, ...] = ()
    projects: bool = False

    @property
    def name(self) -> str:
        return f"random-{self.among}"

    def make(self, scene: Scene) -> Avatar:
        bank = _bank(scene)
        pick = scene.choose(len(bank))
        return Avatar(scene.networks.generator.synthesise(bank.w[pick]), {"of": len(bank)})


@dataclass(frozen=True)
class LookAlike:
    """The bank's face that is most like the portrait by LPIPS (AlexNet, 256²)."""

    among: int = BANK_FACES
    searched: tuple[str, ...] = ()
    projects: bool = False

    @property
    def name(self) -> str:
        return f"look-alike-{self.among}"

    @property
    def row(self) -> str:
        return f"nearest look-alike among {self.among} generated faces"

    def make(self, scene: Scene) -> Avatar:
        bank, networks = _bank(scene), scene.networks
        own = lpips_features(networks.alex, scene.subject.portrait.image, PATH_RESOLUTION, networks.device)
        with torch.inference_mode():
            apart = [
                float(networks.alex.distance(own, lpips_features(networks.alex, p, PATH_RESOLUTION, networks.device)))
                for p in bank.pictures
            ]
        return Avatar(networks.generator.synthesise(bank.w[int(np.argmin(apart))]), {"of": len(bank)})


@dataclass(frozen=True)
class KSame:
    """The average, in w+, of the closest matches of k people, the person among them: see ``baselines.k_same_groups``."""

    k: int = 4
    searched: tuple[str, ...] = ()
    projects: bool = True

    @property
    def name(self) -> str:
        return f"k-same-{self.k}"

    @property
    def row(self) -> str:
        return f"average of {self.k} people (k-same in w+)"

    def make(self, scene: Scene) -> Avatar:
        if scene.averages is None:
            raise ValueError("k-same needs the averages of the whole folder")
        made = scene.networks.generator.synthesise(scene.averages)
        return Avatar(made, {"average": digest_of(scene.averages)})


def digest_of(average: NDArray[np.float32]) -> str:
    """Of a group's average: with other people in the folder it is another."""
    return hashlib.sha256(average.tobytes()).hexdigest()[:16]


def _bank(scene: Scene) -> Bank:
    if scene.bank is None:
        raise ValueError("this method needs the bank of generated faces")
    return scene.bank


def margin_row(margin: float) -> str:
    """Leave-one-out over all verifiers."""
    return f"nearest, margin {margin:g}"


def curve_row(margin: float) -> str:
    """The margins' curve, over the same verifiers at every margin."""
    return f"nearest, margin {margin:g} ({' or '.join(CURVE_HELD_OUT)} held out)"


MARGINS = (1.0, NearestSettings.margin, 2.0)
CURVE_HELD_OUT = ("dlib", "edgeface")
"""Whom the curve's other margins leave out: the recogniser that forgives most, and the default's."""


def rows_of(methods: Sequence[Method]) -> dict[str, list[Method]]:
    """Row of the table → its methods, in their order. The default margin stands in several, each to be compared with its like."""
    rows: dict[str, list[Method]] = {}
    for method in methods:
        rows.setdefault(method.row, []).append(method)
    default = [m for m in rows.get(margin_row(NearestSettings.margin), []) if isinstance(m, Nearest)]
    others = [m for m in methods if isinstance(m, Nearest) and m not in default]
    if any(m.row == curve_row(m.margin) for m in others):
        rows[curve_row(NearestSettings.margin)] = [m for m in default if m.held_out[0] in CURVE_HELD_OUT]
    for undisturbed in (m for m in others if not m.disturbed):
        named = f"{margin_row(undisturbed.margin)} ({' and '.join(undisturbed.held_out)} held out)"
        rows[named] = [m for m in default if m.held_out == undisturbed.held_out]
    order = [row for row in rows if row.startswith("nearest, ")]
    first = next((k for k, row in enumerate(rows) if row in order), 0)
    rest = [row for row in rows if row not in order]
    return {row: rows[row] for row in [*rest[:first], *sorted(order), *rest[first:]] if rows[row]}


def all_methods(bank_faces: int = BANK_FACES) -> tuple[Method, ...]:
    """The whole table. Ours at the default margin leaves out every verifier once, at the others two of them."""
    default = NearestSettings.margin
    picked: tuple[Method, ...] = (RandomFace(bank_faces), LookAlike(bank_faces)) if bank_faces else ()
    ours = [Nearest((short,), m) for m in MARGINS for short in (VERIFIERS if m == default else CURVE_HELD_OUT)]
    return (
        ClosestMatch(),
        *ours,
        Nearest(("dlib",), default, disturbed=False),
        Nearest(("sface", "arcface", "edgeface"), default),
        OriginalPath(),
        PathBorder(),
        MeanLine(),
        Pixelation(16),
        Pixelation(8),
        Blur(0.06),
        BlackBar(),
        *picked,
        KSame(),
    )


def quick_methods() -> tuple[Method, ...]:
    """Ours with the default's verifier held out, the original's rule, pixelation."""
    return (Nearest(Settings().held_out), OriginalPath(), Pixelation(16))
