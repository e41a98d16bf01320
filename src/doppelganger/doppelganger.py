"""From one photo to its doppelgänger: the whole flow, top to bottom.

photo → detect, align → project (the continuum) → border of every verifier → nearest face outside → judged again, reported
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from doppelganger.background import Backdrop, backdrop, new_background
from doppelganger.border import CachedJudge, find_borders, path_border
from doppelganger.checkpoint import Checkpoint
from doppelganger.errors import BorderNotFoundError, NoFaceError
from doppelganger.faces.attributes import chip_transform
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB, read_image
from doppelganger.judging import SCAN_STRIDE, PathJudge, Watching, thresholds
from doppelganger.nearest import Found, Searched, search
from doppelganger.networks import Networks
from doppelganger.plain_projection import project_plainly
from doppelganger.progress import Event, Progress, silent
from doppelganger.projection import Projection, ProjectionSettings, project
from doppelganger.recording import record_run
from doppelganger.result import Result
from doppelganger.settings import Settings
from doppelganger.subject import Subject, see
from doppelganger.trait import Trait, apparent_sex
from doppelganger.verifiers.face_of import central_face
from doppelganger.verifiers.thresholds import calibration
from doppelganger.verifiers.views import Views


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


def make(
    photo: Path | str | RGB,
    settings: Settings | None = None,
    networks: Networks | None = None,
    progress: Progress = silent,
    checkpoint: Path | None = None,
    watched: bool = False,
) -> Result:
    """Make the doppelgänger of a photo: a file, or uint8 [H, W, 3] RGB.

    ``checkpoint``: a folder in which a stopped run is kept and from which the same run goes on. It also stays when the run
    ends, for the result is not saved yet: `checkpoint.forget` it then.
    ``watched``: whether the verifiers' distances on the way are wanted in the events, too.
    ``networks``: with another generator than the built-in one (`Networks`), the result is that one's.
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
        needed = settings.weights(networks.another is not None)
        for k, weight in enumerate(needed):
            networks.store.path(weight, progress=progress)
            progress(Event("weights", k + 1, len(needed), weight))
        networks.load()
    with clock.stage("seeing"):
        subject = see(image, networks, settings.face, label)
        require_faces(networks)

    maker = networks.another.sha256 if networks.another else ""
    kept = Checkpoint(checkpoint, image, settings.projection, settings.face, maker) if checkpoint else None
    with clock.stage("projection"):
        watching = Watching(progress, subject, networks) if watched else progress
        projected = project_subject(subject, networks, settings.projection, watching, kept)
    with clock.stage("border"), made_faces(networks):
        judge = PathJudge(projected, subject, networks)
        cached = CachedJudge(judge)
        borders = find_borders(len(projected.path), cached, thresholds(networks), SCAN_STRIDE)
        progress(Event("border", 1, 1))

    warnings: list[str] = []
    with clock.stage("nearest"), made_faces(networks):
        if settings.method == "nearest":
            found, views = search_nearest(subject, projected.closest, networks, settings, progress)
            chosen = found.w
            warnings += unreached(found)
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
    with clock.stage("judging"), made_faces(networks):
        result = record_run(subject, projected, borders, judge, chosen, views, settings, networks, warnings)
        progress(Event("judging", 1, 1))
    return replace(result, seconds=dict(clock.seconds))


@contextmanager
def made_faces(networks: Networks) -> Iterator[None]:
    """Where no face is found in a picture that another generator made, say so: the photo is not to blame."""
    try:
        yield
    except NoFaceError as error:
        if networks.another is None:
            raise
        raise NoFaceError(
            f"No face was found in a picture that {networks.another.name} made ({networks.another.resolution}² pixels); it has "
            "to make faces in the FFHQ geometry, of 64² pixels or more."
        ) from error


def require_faces(networks: Networks) -> None:
    """Raises NoFaceError where another generator's mean face is none: too small, or of something else."""
    if networks.another is not None:
        with made_faces(networks):
            generator = networks.generator
            central_face(networks.detector, generator.synthesise(generator.w_mean))


def project_subject(
    subject: Subject,
    networks: Networks,
    settings: ProjectionSettings,
    progress: Progress = silent,
    kept: Checkpoint | None = None,
) -> Projection:
    """The continuum of the subject's portrait; goes on from what is ``kept``, and keeps."""
    rest = (
        networks.space,
        networks.alex,
        settings,
        networks.device,
        kept.load() if kept else None,
        progress,
        kept.save if kept else None,
    )
    if networks.another is None:
        return project(subject.portrait.image, networks.built_in, *rest)
    return project_plainly(subject.portrait.image, networks.differentiable, *rest)


def search_nearest(
    subject: Subject,
    closest: Latent,
    networks: Networks,
    settings: Settings,
    progress: Progress,
    more_traits: Sequence[Trait] = (),
) -> tuple[Found, Views]:
    """The nearest search with the chosen verifiers; and its face, as they were shown it. The held-out ones are not asked.

    ``more_traits``: what is held beside the sex, each read from the crop of the searched verifier whose name it bears.
    """
    members = {m.name: m for m in networks.members(settings.searched)}
    limits = thresholds(networks)
    searched = [
        Searched(
            name,
            networks.gradients_of(m),
            m.crop_size,
            m.metric == "euclidean",
            limits[name],
            subject.embeddings[name],
            calibration()["verifiers"][name]["impostor_mean"] / limits[name],
        )
        for name, m in members.items()
    ]

    portrait = subject.portrait.image
    face = central_face(networks.detector, portrait, "the aligned portrait")
    landmarks = networks.landmarks.detect(portrait, face)
    sex = apparent_sex(portrait, landmarks, networks.apparent_sex, networks.device)

    def transforms(w: Latent) -> Mapping[str, np.ndarray]:
        image = networks.generator.synthesise(w)
        face = central_face(networks.detector, image, "the closest match")
        chip = chip_transform(networks.landmarks.detect(image, face), sex.crop_size)
        return {sex.name: chip, **{name: m.crop_transform(image, face) for name, m in members.items()}}

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
        (sex, *more_traits),
    )
    return found, shown_as[found.w.tobytes()]


def unreached(found: Found) -> list[str]:
    """A warning where the search did not get outside every border."""
    inside = ", ".join(name for name, worst in found.worst.items() if worst <= 1)
    return [] if found.accepted else [f"The search ended with the face still inside the border of {inside}."]


def put_before(behind: Backdrop, image: RGB, networks: Networks) -> Views:
    """The person of ``image`` with something else behind them, not yet seen by any verifier."""
    alpha = networks.matting.matte(image)
    return Views(new_background(image, alpha, behind(image, alpha)), networks.detector, "the doppelgänger")
