"""What one run found becomes one value: pictures at full size, verdicts, likeness, warnings, provenance."""

import hashlib
import importlib.metadata
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import numpy as np

from doppelganger import __version__
from doppelganger.advice import warnings_of
from doppelganger.border import coarse_steps
from doppelganger.errors import NoFaceError
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB
from doppelganger.inphoto import set_back, surroundings
from doppelganger.judging import SCAN_STRIDE, PathJudge, judge_face
from doppelganger.networks import Networks
from doppelganger.projection import Projection
from doppelganger.result import DOPPELGANGER, Border, FaceRecord, PathRecord, Pictures, Provenance, Result
from doppelganger.settings import Settings
from doppelganger.subject import Subject
from doppelganger.verifiers.views import Views

FlatSettings = dict[str, str | int | float | bool | list[str]]


def record_run(
    subject: Subject,
    projected: Projection,
    borders: tuple[Border, ...],
    judge: PathJudge,
    chosen: Latent,
    views: Views,
    settings: Settings,
    networks: Networks,
    warnings: Sequence[str],
) -> Result:
    """Render what is kept at full size, judge it, and put everything into one value; the caller knows the seconds."""
    path = projected.path
    asked = settings.searched if settings.method == "nearest" else (settings.path_verifier,)
    held_out = unasked(asked, networks)
    closest = networks.generator.synthesise(projected.closest)
    panel_flips = borders[-1].flips
    border_inside = border_outside = None
    if panel_flips:  # the last flip is the one nearest to the closest match
        border_inside, border_outside = (
            networks.generator.synthesise(path[s]) for s in (panel_flips[-1].inside, panel_flips[-1].outside)
        )
    faces = judge_faces(subject, closest, border_outside, views, networks, held_out)
    warnings = [*warnings, *warnings_of(faces[-1], subject.portrait.image, views.image, settings)]
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
        _provenance(subject.photo, settings, networks),
        {},
        tuple(warnings),
    )


def unasked(asked: Sequence[str], networks: Networks) -> list[str]:
    """Names of the panel's members that are not among the short names ``asked``: the independent witnesses."""
    searched = networks.members(asked)
    return [m.name for m in networks.panel.members if m not in searched]


def judge_faces(
    subject: Subject,
    closest: RGB,
    border_outside: RGB | None,
    views: Views,
    networks: Networks,
    held_out: Sequence[str],
) -> list[FaceRecord]:
    """Verdicts and likeness of the closest match, the path's border where there is one, and last the doppelgänger."""
    shown = {"closest match": Views(closest, networks.detector, "closest match")}
    if border_outside is not None:
        shown["path border"] = Views(border_outside, networks.detector, "path border")
    shown[DOPPELGANGER] = views
    portrait = networks.judge.measure(subject.portrait.image, "the aligned portrait")
    faces = []
    for name, seen in shown.items():
        record = judge_face(name, seen, subject, networks, held_out, disturbed=seen is views)
        likeness = networks.judge.compare(portrait, networks.judge.measure(seen.image, name))
        faces.append(FaceRecord(name, record.verdicts, likeness))
    return faces


def _judge_in_photo(
    photo: RGB, subject: Subject, networks: Networks, held_out: Sequence[str], warnings: list[str]
) -> FaceRecord:
    """The verdicts on the face that was set back into ``photo``, whoever else is in it. Raises NoFaceError."""
    part = surroundings(photo, subject.portrait)
    views = Views(part, networks.detector, "the photo with the doppelgänger's face")
    record = judge_face("in photo", views, subject, networks, held_out, disturbed=True)
    inside = [v.verifier for v in record.verdicts if not v.different and not v.held_out]
    if inside:
        warnings.append(f"Set back into the photo, the face is the same person to {', '.join(inside)}.")
    return record


def trained_here() -> dict[str, str]:
    """Trained files in the package → SHA-256."""
    files = resources.files("doppelganger.generators")
    names = ("preview.safetensors", "sensitivity.safetensors")
    return {name: hashlib.sha256(files.joinpath(name).read_bytes()).hexdigest() for name in names}


def digests(settings: Settings, networks: Networks) -> dict[str, str]:
    """Every trained file of a run → SHA-256."""
    another = networks.another
    own = trained_here() if another is None else {another.name: another.sha256}
    return {name: networks.store.digest(name) for name in settings.weights(another is not None)} | own


def flat(settings: Settings, networks: Networks) -> FlatSettings:
    """The settings as ``result.json`` has them."""
    flat: FlatSettings = {
        "method": settings.method,
        "path_verifier": settings.path_verifier,
        "held_out": list(settings.held_out),
        "searched": list(settings.searched if settings.method == "nearest" else (settings.path_verifier,)),
        "device": str(networks.device),
        "background": "own" if settings.background is None else Path(settings.background).name,
    }
    if networks.another is not None:
        flat |= {
            "generator": networks.another.name,
            "generator.sha256": networks.another.sha256,
            "generator.licence": networks.another.licence,
        }
    for part in ("projection", "nearest"):
        for key, value in asdict(getattr(settings, part)).items():
            flat[f"{part}.{key}"] = str(value) if isinstance(value, tuple) else value
    return flat


def versions() -> dict[str, str]:
    """Of this package and of what it computes with."""
    names = ("torch", "openvino", "numpy")
    return {"deepfake-doppelganger": __version__} | {name: importlib.metadata.version(name) for name in names}


def now() -> str:
    """UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _provenance(image: RGB, settings: Settings, networks: Networks) -> Provenance:
    """A fresh salt every time, so that two results of one photo cannot be tied together by their digests."""
    salt = secrets.token_bytes(16)
    return Provenance(
        salted_digest=hashlib.sha256(salt + image.tobytes()).hexdigest(),
        salt=salt.hex(),
        seed=settings.seed,
        versions=versions(),
        weights=digests(settings, networks),
        settings=flat(settings, networks),
        created=now(),
    )
