"""A saved result as the page needs it, from its ``result.json`` alone: no network and no latent is loaded for it."""

import json
from pathlib import Path
from typing import Any

from doppelganger.report.words import headline, worst
from doppelganger.result import FaceRecord, Verdict
from doppelganger.storage import ResultFolder
from doppelganger.studio.house import HomeOfResult
from doppelganger.studio.schema import (
    BorderOut,
    FaceRecordOut,
    FlipOut,
    Has,
    ResultDetail,
    ResultOut,
    VerdictOut,
    Worst,
    at,
)
from doppelganger.studio.tables.results import ResultRow

DOPPELGANGER = "doppelgänger"
LPIPS = "LPIPS (AlexNet, 256²)"


def record_of(home: HomeOfResult) -> dict[str, Any]:
    """``result.json``. Raises OSError where it is gone."""
    record: dict[str, Any] = json.loads(ResultFolder(home.saved).json.read_text("utf-8"))
    return record


def summary(record: dict[str, Any]) -> dict[str, Any]:
    """What lists show of a result."""
    made = _faces(record)[DOPPELGANGER]
    return {
        "headline": headline(made),
        "different": sum(verdict.different for verdict in made.verdicts),
        "verifiers": len(made.verdicts),
        "lpips": made.likeness.get(LPIPS),
        "steps": len(record["path"]["lpips"]),
    }


def listed(row: ResultRow) -> ResultOut:
    """A row of the gallery."""
    known = {name: row.summary[name] for name in ("headline", "different", "verifiers", "lpips")}
    thumbnail = f"/api/results/{row.id}/pictures/doppelganger?size=256"
    return ResultOut(id=row.id, created=at(row.created), expires=at(row.expires), thumbnail=thumbnail, **known)


def detail(row: ResultRow, home: HomeOfResult, names: dict[str, str]) -> ResultDetail:
    """All of a result; ``names``: short name → name of each recogniser. Raises OSError where it is gone."""
    record = record_of(home)
    settings = record["provenance"]["settings"]
    faces = _faces(record)
    margin = settings.get("nearest.margin") if settings["method"] == "nearest" else None
    return ResultDetail(
        id=row.id,
        created=at(row.created),
        expires=at(row.expires),
        method=settings["method"],
        margin=margin,
        held_out=[names.get(short, short) for short in settings["held_out"]],
        searched=[names.get(short, short) for short in settings["searched"]],
        faces=[_face(face) for face in faces.values()],
        borders=[
            BorderOut(
                verifier=border["verifier"],
                threshold=border["threshold"],
                flips=[FlipOut(**flip) for flip in border["flips"]],
                scanned=[(step, distance) for step, distance in border["scanned"]],
            )
            for border in record["borders"]
        ],
        steps=row.summary["steps"] + 1,  # the mean face, where the path begins, has cost no step
        filmstrip=record["path"]["filmstrip"],
        lpips=record["path"]["lpips"],
        headline=row.summary["headline"],
        warnings=record["warnings"],
        seconds=record["seconds"],
        parent=row.parent,
        has=Has(
            border=_there(ResultFolder(home.saved).picture("border-inside")),
            in_photo=_there(ResultFolder(home.saved).in_photo),
            film=_there(home.film),
        ),
    )


def _there(path: Path) -> bool:
    return path.is_file()


def _faces(record: dict[str, Any]) -> dict[str, FaceRecord]:
    """By name."""
    return {
        face["name"]: FaceRecord(
            face["name"],
            tuple(
                Verdict(**{key: value for key, value in verdict.items() if key != "different"})
                for verdict in face["verdicts"]
            ),
            face["likeness"],
        )
        for face in record["faces"]
    }


def _face(face: FaceRecord) -> FaceRecordOut:
    return FaceRecordOut(
        name=face.name,
        different=face.different,
        verdicts=[_verdict(verdict) for verdict in face.verdicts],
        likeness=face.likeness,
    )


def _verdict(verdict: Verdict) -> VerdictOut:
    under = None
    if verdict.under_disturbances:
        name, distance = worst(verdict)
        under = Worst(name=name, distance=distance)
    return VerdictOut(
        verifier=verdict.verifier,
        distance=verdict.distance,
        threshold=verdict.threshold,
        different=verdict.different,
        held_out=verdict.held_out,
        worst=under,
    )
