"""From one photo to its doppelgänger: the whole flow, top to bottom.

photo → detect, align → project (the continuum) → border of every verifier → nearest face outside → judged again, reported
"""

import hashlib
import importlib.metadata
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Literal

import numpy as np

from doppelganger import __version__
from doppelganger.background import Backdrop, backdrop, new_background
from doppelganger.border import CachedJudge, coarse_steps, find_borders, path_border
from doppelganger.checkpoint import Checkpoint
from doppelganger.errors import BorderNotFoundError, NoFaceError
from doppelganger.faces.alignment import AlignedPortrait, align
from doppelganger.faces.detector import choose
from doppelganger.findable import findable
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB, read_image, resize_area
from doppelganger.inphoto import set_back, surroundings
from doppelganger.nearest import Found, NearestSettings, Searched, search
from doppelganger.networks import Networks
from doppelganger.progress import Event, Progress, silent
from doppelganger.projection import Projection, ProjectionSettings, project
from doppelganger.result import Border, FaceRecord, PathRecord, Pictures, Provenance, Result
from doppelganger.verifiers.face_of import central_face
from doppelganger.verifiers.panel import VERIFIERS, UnknownVerifierError
from doppelganger.verifiers.protocol import Embedding, OperatingPoint
from doppelganger.verifiers.thresholds import calibration
from doppelganger.verifiers.views import Views
from doppelganger.weights.run import weights_of_run

PATH_RESOLUTION = 256
"""Faces of the continuum are judged at this size; a recogniser's crop of it is 112² or 150²."""
SCAN_STRIDE = 6
"""Steps between two faces of the coarse scan and of the filmstrip. It meets the steps at which projection asks the whole
network (each multiple of 3 from 15 on): those faces are rendered anyway. What it saw in between is a few hundredths of a
threshold off, as much as two steps move, so those faces are rendered for their verdict."""
FINDABLE = "This picture can be matched to the photo it was made from without any face recogniser; "
"""Beginning of a warning, see `findable`."""


@dataclass(frozen=True)
class Settings:
    """What a person may choose."""

    seed: int = 0
    face: int | None = None
    """Index of the face in a group photo, 0 the largest; None: the largest."""
    method: Literal["nearest", "path"] = "nearest"
    """"path": the original software's rule, see ``border.path_border``."""
    path_verifier: str = "dlib"
    held_out: tuple[str, ...] = ("edgeface",)
    """Verifiers that the search may not see."""
    in_photo: bool = False
    background: str | None = None
    """What is put behind the doppelgänger: "plain", "blur", "#rrggbb" or a picture's path; None: what the generator made of the
    photo's own. A face set back into the photo keeps the photo's."""
    projection: ProjectionSettings = field(default_factory=ProjectionSettings)
    nearest: NearestSettings = field(default_factory=NearestSettings)

    @property
    def searched(self) -> tuple[str, ...]:
        """Short names of the verifiers that the search sees."""
        return tuple(name for name in VERIFIERS if name not in self.held_out)

    def check(self) -> None:
        """Raises UnknownVerifierError for a name that is no verifier's, and when none is left to search with."""
        for name in (*self.held_out, self.path_verifier):
            if name not in VERIFIERS:
                raise UnknownVerifierError(f"There is no verifier {name!r}; choose from {', '.join(VERIFIERS)}.")
        if not self.searched and self.method == "nearest":
            raise UnknownVerifierError("Every verifier is held out; leave at least one for the search to see.")


class Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the block to ``name``."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun


@dataclass(frozen=True)
class Subject:
    """The person in the photo: the picture, the aligned portrait, and what each verifier makes of the photo's face."""

    photo: RGB
    portrait: AlignedPortrait
    embeddings: Mapping[str, Embedding]


def see(photo: RGB, networks: Networks, face_index: int | None = None, name: str = "the photo") -> Subject:
    """Find and align the face. Raises FaceError."""
    face = choose(networks.detector.detect(photo), face_index, name)
    try:
        portrait = align(photo, networks.landmarks.detect(photo, face))
    except NoFaceError as error:
        raise NoFaceError(f"{name}: {error}") from error
    return Subject(photo, portrait, networks.panel.embed(photo, face))


def project_subject(
    subject: Subject,
    networks: Networks,
    settings: ProjectionSettings,
    progress: Progress = silent,
    kept: Checkpoint | None = None,
) -> Projection:
    """The continuum of the subject's portrait; goes on from what is ``kept``, and keeps."""
    return project(
        subject.portrait.image,
        networks.differentiable,
        networks.space,
        networks.alex,
        settings,
        networks.device,
        kept.load() if kept else None,
        progress,
        kept.save if kept else None,
    )


class PathJudge:
    """Step of the continuum → distance to the portrait by verifier, on faces of 256² pixels."""

    def __init__(self, projected: Projection, subject: Subject, networks: Networks) -> None:
        self._path, self._subject, self._networks = projected.path, subject, networks
        self.pictures = dict(projected.pictures)

    def picture(self, step: int) -> RGB:
        """The face of a step, uint8 [256, 256, 3]; rendered once, if the projection has not."""
        if step not in self.pictures:
            whole = self._networks.generator.synthesise(self._path[step])
            self.pictures[step] = resize_area(whole, PATH_RESOLUTION, PATH_RESOLUTION)
        return self.pictures[step]

    def __call__(self, step: int) -> dict[str, float]:
        members = self._networks.panel.members
        found = Views(self.picture(step), self._networks.detector, f"step {step} of the path").clean(members)
        return {m.name: m.distance(self._subject.embeddings[m.name], found[m.name]) for m in members}


def judge_face(
    name: str, views: Views, subject: Subject, networks: Networks, held_out: Sequence[str], disturbed: bool
) -> FaceRecord:
    """The panel's verdicts at the privacy point on photo ↔ face, on request under every disturbance; no likeness yet."""
    members = networks.panel.members
    verdicts = networks.panel.judge(
        subject.embeddings,
        views.clean(members),
        OperatingPoint.PRIVACY,
        disturbed=views.disturbed(members) if disturbed else None,
        held_out=held_out,
    )
    return FaceRecord(name, tuple(verdicts), {})


def thresholds(networks: Networks) -> dict[str, float]:
    """Every verifier's threshold at the privacy point."""
    return {m.name: m.thresholds[OperatingPoint.PRIVACY].value for m in networks.panel.members}


def search_nearest(
    subject: Subject, closest: Latent, networks: Networks, settings: Settings, progress: Progress
) -> tuple[Found, Views]:
    """The nearest search with the chosen verifiers; and its face, as they were shown it. The held-out ones are not asked."""
    members = {m.name: m for m in networks.members(settings.searched)}
    limits = thresholds(networks)
    searched = [
        Searched(
            name,
            m.network().to(networks.device),
            m.crop_size,
            m.metric == "euclidean",
            limits[name],
            subject.embeddings[name],
            calibration()["verifiers"][name]["impostor_mean"] / limits[name],
        )
        for name, m in members.items()
    ]

    def transforms(w: Latent) -> Mapping[str, np.ndarray]:
        image = networks.generator.synthesise(w)
        face = choose(networks.detector.detect(image), name="the closest match")
        return {name: m.crop_transform(image, face) for name, m in members.items()}

    shown_as: dict[bytes, Views] = {}

    def accept(w: Latent) -> dict[str, float]:
        views = Views(networks.generator.synthesise(w), networks.detector, "the doppelgänger")
        shown_as[w.tobytes()] = views
        asked = list(members.values())
        shown = [views.clean(asked), *(views.disturbed(asked).values() if settings.nearest.disturbed else ())]
        return {
            name: min(m.distance(subject.embeddings[name], embeddings[name]) for embeddings in shown) / limits[name]
            for name, m in members.items()
        }

    found = search(
        subject.portrait.image,
        closest,
        searched,
        networks.generator,
        networks.differentiable,
        networks.space,
        networks.alex,
        transforms,
        accept,
        settings.nearest,
        networks.device,
        settings.seed,
        progress,
    )
    return found, shown_as[found.w.tobytes()]


def put_before(behind: Backdrop, image: RGB, networks: Networks) -> Views:
    """The person of ``image`` with something else behind them, not yet seen by any verifier."""
    alpha = networks.matting.matte(image)
    return Views(new_background(image, alpha, behind(image, alpha)), networks.detector, "the doppelgänger")


def make(
    photo: Path | str | RGB,
    settings: Settings | None = None,
    networks: Networks | None = None,
    progress: Progress = silent,
    checkpoint: Path | None = None,
) -> Result:
    """Make the doppelgänger of a photo: a file, or uint8 [H, W, 3] RGB.

    ``checkpoint``: a folder in which a stopped run is kept and from which the same run goes on. It also stays when the run
    ends, for the result is not saved yet: `checkpoint.forget` it then.
    Raises ImageError (photo or background), FaceError, WeightsError; BorderNotFoundError when ``method="path"`` and its
    verifier never flips.
    """
    settings = settings or Settings()
    networks = networks or Networks()
    settings.check()
    behind = backdrop(settings.background) if settings.background is not None else None
    clock = Clock()
    with clock.stage("read"):
        image = photo if isinstance(photo, np.ndarray) else read_image(Path(photo))
    label = "the photo" if isinstance(photo, np.ndarray) else Path(photo).name
    with clock.stage("networks"):
        needed = weights_of(settings)
        for k, weight in enumerate(needed):
            networks.store.path(weight, progress=progress)
            progress(Event("weights", k + 1, len(needed), weight))
        networks.load()
    with clock.stage("seeing"):
        subject = see(image, networks, settings.face, label)

    kept = Checkpoint(checkpoint, image, settings.projection, settings.face) if checkpoint else None
    with clock.stage("projection"):
        projected = project_subject(subject, networks, settings.projection, progress, kept)
    with clock.stage("border"):
        judge = PathJudge(projected, subject, networks)
        cached = CachedJudge(judge)
        borders = find_borders(len(projected.path), cached, thresholds(networks), SCAN_STRIDE)
        progress(Event("border", 1, 1))

    warnings: list[str] = []
    with clock.stage("nearest"):
        if settings.method == "nearest":
            found, views = search_nearest(subject, projected.closest, networks, settings, progress)
            chosen = found.w
            if not found.accepted:
                inside = ", ".join(name for name, worst in found.worst.items() if worst <= 1)
                warnings.append(f"The search ended with the face still inside the border of {inside}.")
        else:
            (verifier,) = networks.members([settings.path_verifier])
            limit = thresholds(networks)[verifier.name]
            step = path_border(len(projected.path), cached, verifier.name, limit)
            if step is None:
                raise BorderNotFoundError(
                    f"{verifier.name} calls every face on the path the same person; try --method nearest."
                )
            chosen = projected.path[step]
            views = Views(networks.generator.synthesise(chosen), networks.detector, "the doppelgänger")
    if behind is not None:
        with clock.stage("background"):
            views = put_before(behind, views.image, networks)
    with clock.stage("judging"):
        result = _result(
            subject,
            projected,
            borders,
            judge,
            chosen,
            views,
            settings,
            networks,
            warnings,
            _provenance(image, settings, networks),
        )
        progress(Event("judging", 1, 1))
    return replace(result, seconds=dict(clock.seconds))


def _result(
    subject: Subject,
    projected: Projection,
    borders: tuple[Border, ...],
    judge: PathJudge,
    chosen: Latent,
    views: Views,
    settings: Settings,
    networks: Networks,
    warnings: list[str],
    provenance: Provenance,
) -> Result:
    """Render what is kept at full size, judge it, and put everything into one value."""
    path = projected.path
    asked = settings.searched if settings.method == "nearest" else (settings.path_verifier,)
    searched = networks.members(asked)
    held_out = [m.name for m in networks.panel.members if m not in searched]
    closest = networks.generator.synthesise(projected.closest)
    panel_flips = borders[-1].flips
    border_inside = border_outside = None
    if panel_flips:  # the last flip is the one nearest to the closest match
        border_inside, border_outside = (
            networks.generator.synthesise(path[s]) for s in (panel_flips[-1].inside, panel_flips[-1].outside)
        )
    shown = {"closest match": Views(closest, networks.detector, "closest match")}
    if border_outside is not None:
        shown["path border"] = Views(border_outside, networks.detector, "path border")
    shown["doppelgänger"] = views
    portrait = networks.judge.measure(subject.portrait.image, "the aligned portrait")
    faces = []
    for name, seen in shown.items():
        record = judge_face(name, seen, subject, networks, held_out, disturbed=seen is views)
        likeness = networks.judge.compare(portrait, networks.judge.measure(seen.image, name))
        faces.append(FaceRecord(name, record.verdicts, likeness))
    warnings += warnings_of(faces[-1], subject.portrait.image, views.image, settings)
    in_photo = None
    if settings.in_photo:
        try:
            in_photo = set_back(subject.photo, subject.portrait, views.image, networks.parser)
            faces.append(_judge_in_photo(in_photo, subject, networks, held_out, warnings))
        except NoFaceError as error:  # the doppelgänger itself is there and must not be lost
            warnings.append(f"{error} {'It was not judged.' if in_photo is not None else 'That was left out.'}")
    return Result(
        Pictures(subject.portrait.image, closest, views.image, border_inside, border_outside, in_photo),
        PathRecord(
            tuple(projected.losses), {step: judge.picture(step) for step in coarse_steps(len(path), SCAN_STRIDE)}
        ),
        borders,
        tuple(faces),
        {"path": np.stack(path), "closest": projected.closest, "doppelganger": chosen},
        provenance,
        {},  # the caller's clock is still running
        tuple(warnings),
    )


def warnings_of(made: FaceRecord, portrait: RGB, picture: RGB, settings: Settings) -> list[str]:
    """What a person should know of the doppelgänger before sharing its ``picture``."""
    warnings = []
    inside = [v.verifier for v in made.verdicts if not v.different and not v.held_out]
    if settings.background is not None and inside:
        warnings.append(f"Before its new background, the face is the same person to {', '.join(inside)}.")
    if findable(portrait, picture, made.likeness["LPIPS (AlexNet, 256²)"]):
        advice = (
            "use a photo that is not online, or see whether a new background hides it: --background plain."
            if settings.background is None
            else "its new background does not hide that, so use a photo that is not online."
        )
        warnings.append(FINDABLE + advice)
    return warnings


def _judge_in_photo(
    photo: RGB, subject: Subject, networks: Networks, held_out: Sequence[str], warnings: list[str]
) -> FaceRecord:
    """The verdicts on the face that was set back into ``photo``, whoever else is in it. Raises NoFaceError."""
    part = surroundings(photo, subject.portrait)
    views = Views(part, networks.detector, "the photo with the doppelgänger's face", central_face)
    record = judge_face("in photo", views, subject, networks, held_out, disturbed=True)
    inside = [v.verifier for v in record.verdicts if not v.different and not v.held_out]
    if inside:
        warnings.append(f"Set back into the photo, the face is the same person to {', '.join(inside)}.")
    return record


def weights_of(settings: Settings) -> tuple[str, ...]:
    """Names of the weights that a run needs."""
    return weights_of_run(settings.in_photo, settings.background is not None)


def trained_here() -> dict[str, str]:
    """Trained files in the package → SHA-256."""
    files = resources.files("doppelganger.generators")
    names = ("preview.safetensors", "sensitivity.safetensors")
    return {name: hashlib.sha256(files.joinpath(name).read_bytes()).hexdigest() for name in names}


def _provenance(image: RGB, settings: Settings, networks: Networks) -> Provenance:
    """A fresh salt every time, so that two results of one photo cannot be tied together by their digests."""
    salt = secrets.token_bytes(16)
    versions = {"deepfake-doppelganger": __version__}
    versions |= {name: importlib.metadata.version(name) for name in ("torch", "openvino", "numpy")}
    flat: dict[str, str | int | float | bool | list[str]] = {
        "method": settings.method,
        "path_verifier": settings.path_verifier,
        "held_out": list(settings.held_out),
        "searched": list(settings.searched if settings.method == "nearest" else (settings.path_verifier,)),
        "device": str(networks.device),
        "background": "own" if settings.background is None else Path(settings.background).name,
    }
    for part in ("projection", "nearest"):
        for key, value in asdict(getattr(settings, part)).items():
            flat[f"{part}.{key}"] = str(value) if isinstance(value, tuple) else value
    return Provenance(
        salted_digest=hashlib.sha256(salt + image.tobytes()).hexdigest(),
        salt=salt.hex(),
        seed=settings.seed,
        versions=versions,
        weights={name: networks.store.digest(name) for name in weights_of(settings)} | trained_here(),
        settings=flat,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
