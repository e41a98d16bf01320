"""Another doppelgänger from a result that is there: another margin, other verifiers, another seed, or simply a step of the path.

Nothing is projected again. The photo is not needed and may be gone: before the verifiers the aligned portrait, which the result
keeps, stands in for it.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from doppelganger.advice import warnings_of
from doppelganger.background import backdrop
from doppelganger.doppelganger import put_before, search_nearest, unreached
from doppelganger.errors import StepError
from doppelganger.generators.protocol import Latent
from doppelganger.judging import judge_face
from doppelganger.networks import Networks
from doppelganger.progress import Event, Progress, silent
from doppelganger.recording import FlatSettings, flat, now, unasked, versions
from doppelganger.result import DOPPELGANGER, FaceRecord, Provenance, Result, require_made_by
from doppelganger.settings import Settings
from doppelganger.subject import Subject, of_aligned
from doppelganger.verifiers.panel import VERIFIERS
from doppelganger.verifiers.views import Views

TAKEN = "taken from the path"
"""The method, in ``result.json``, of a doppelgänger that is a step of the path."""


def search_again(
    result: Result, settings: Settings, networks: Networks | None = None, progress: Progress = silent
) -> Result:
    """Search the nearest face anew from the result's closest match, by ``settings`` (projection, face and photo play no part).

    Raises ImageError (background), UnknownVerifierError, WeightsError; OtherGeneratorError where the networks have another
    generator than the result's.
    """
    settings.check()
    networks = networks or Networks()
    require_made_by(networks.another, result)
    behind = backdrop(settings.background) if settings.background is not None else None
    begun = time.perf_counter()
    subject = of_aligned(result.pictures.portrait, networks)
    found, views = search_nearest(subject, result.latents["closest"], networks, settings, progress)
    if behind is not None:
        views = put_before(behind, views.image, networks)
    searched = time.perf_counter()
    again = _with(result, subject, found.w, views, settings, settings.searched, networks, unreached(found))
    progress(Event("judging", 1, 1))
    seconds = {"nearest": searched - begun, "judging": time.perf_counter() - searched}
    return replace(again, provenance=_provenance(result, flat(settings, networks), settings.seed), seconds=seconds)


def take_step(result: Result, step: int, networks: Networks | None = None, progress: Progress = silent) -> Result:
    """Let the face of a step of the path be the doppelgänger. No verifier chose it, so all are witnesses.

    Raises StepError for a step that the path does not have; OtherGeneratorError as `search_again`.
    """
    path = result.latents["path"]
    if not 0 <= step < len(path):
        raise StepError(f"The path has no step {step}; its steps are 0 (mean face) to {len(path) - 1} (closest match).")
    networks = networks or Networks()
    require_made_by(networks.another, result)
    begun = time.perf_counter()
    subject = of_aligned(result.pictures.portrait, networks)
    views = Views(networks.generator.synthesise(path[step]), networks.detector, f"step {step} of the path")
    taken = _with(result, subject, path[step], views, Settings(), (), networks, ())
    progress(Event("judging", 1, 1))
    kept: FlatSettings = {
        **result.provenance.settings,
        "method": TAKEN,
        "step": step,
        "searched": [],
        "held_out": [*VERIFIERS],
    }
    seconds = {"judging": time.perf_counter() - begun}
    return replace(taken, provenance=_provenance(result, kept, result.provenance.seed), seconds=seconds)


def _with(
    result: Result,
    subject: Subject,
    chosen: Latent,
    views: Views,
    settings: Settings,
    asked: Sequence[str],
    networks: Networks,
    warnings: Sequence[str],
) -> Result:
    """The result with another doppelgänger; the other faces stay, their witnesses are now those who were not asked this time."""
    held_out = unasked(asked, networks)
    record = judge_face(DOPPELGANGER, views, subject, networks, held_out, disturbed=True)
    portrait = networks.judge.measure(subject.portrait.image, "the aligned portrait")
    likeness = networks.judge.compare(portrait, networks.judge.measure(views.image, DOPPELGANGER))
    made = FaceRecord(DOPPELGANGER, record.verdicts, likeness)
    others = [
        replace(f, verdicts=tuple(replace(v, held_out=v.verifier in held_out) for v in f.verdicts))
        for f in result.faces
        if f.name not in (DOPPELGANGER, "in photo")
    ]
    return replace(
        result,
        pictures=replace(result.pictures, doppelganger=views.image, in_photo=None),
        faces=(*others, made),
        latents={**result.latents, "doppelganger": chosen},
        warnings=(*warnings, *warnings_of(made, subject.portrait.image, views.image, settings)),
    )


def _provenance(result: Result, settings: FlatSettings, seed: int) -> Provenance:
    """The photo's digest stays, since it is the photo's; what the projection was told stays as well."""
    projected = {key: value for key, value in result.provenance.settings.items() if key.startswith("projection.")}
    return replace(result.provenance, settings={**settings, **projected}, seed=seed, versions=versions(), created=now())
