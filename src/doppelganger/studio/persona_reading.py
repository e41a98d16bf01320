"""A persona's folder as the page needs it, from its JSON alone: no network and no latent is loaded for it."""

import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any

from doppelganger.images import read_image, resize
from doppelganger.provenance import synthetic_jpeg
from doppelganger.studio.house import HomeOfPersona, private_file, private_folder
from doppelganger.studio.schema import Size, at
from doppelganger.studio.schema_faces import SaysSame
from doppelganger.studio.schema_personas import PersonaDetail, PersonaOut, PersonaPicture
from doppelganger.studio.tables.personas import PersonaRow


def summary(home: HomeOfPersona) -> dict[str, Any]:
    """What lists show of a persona. Raises OSError where it is gone."""
    series = _series(home)
    return {
        "name": _record(home)["name"],
        "pictures": len(series["pictures"]),
        "same": sum(one["same"] for one in series["pictures"]),
    }


def listed(row: PersonaRow) -> PersonaOut:
    """A row of the list."""
    thumbnail = f"/api/personas/{row.id}/pictures/0?size=256"
    return PersonaOut(id=row.id, created=at(row.created), expires=at(row.expires), thumbnail=thumbnail, **row.summary)


def detail(row: PersonaRow, home: HomeOfPersona) -> PersonaDetail:
    """All of it. Raises OSError where it is gone."""
    record, series = _record(home), _series(home)
    return PersonaDetail(
        id=row.id,
        name=record["name"],
        created=at(row.created),
        expires=at(row.expires),
        consent=record["consent"],
        age=record["likeness"].get("age"),
        female=record["likeness"].get("female"),
        pictures=[_picture(one) for one in series["pictures"]],
        same=row.summary["same"],
        pairs_same=_pairs(series),
        spans={name: (ends[0], ends[1]) for name, ends in series["variety"]["spans"].items() if _finite(ends)},
    )


def picture(home: HomeOfPersona, number: int, size: Size) -> tuple[bytes, str]:
    """Bytes and media type; number 0 is the reference. Raises OSError or ImageError where it is not there."""
    full = home.picture(number)
    if size is Size.FULL:
        return full.read_bytes(), "image/png"
    kept = home.view(number, size)
    try:
        return kept.read_bytes(), "image/jpeg"
    except FileNotFoundError:
        data = synthetic_jpeg(resize(read_image(full.read_bytes()), size, size), 90)
    if home.saved.is_dir():  # else it was deleted meanwhile
        private_folder(kept.parent)
        private_file(kept, data)
    return data, "image/jpeg"


def zipped(home: HomeOfPersona) -> bytes:
    """The persona's folder as a ZIP, which `doppelganger persona` opens again. Pictures are not packed twice."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(path for path in home.saved.rglob("*") if path.is_file()):
            archive.write(file, f"persona/{file.relative_to(home.saved).as_posix()}")
    return buffer.getvalue()


def _record(home: HomeOfPersona) -> dict[str, Any]:
    return _json(home.saved / "persona.json")


def _series(home: HomeOfPersona) -> dict[str, Any]:
    return _json(home.series / "shoot.json")


def _json(path: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return record


def _picture(one: dict[str, Any]) -> PersonaPicture:
    measured = one["measured"]
    return PersonaPicture(
        number=one["number"],
        same=one["same"],
        verdicts=[
            SaysSame(verifier=v["verifier"], distance=v["distance"], threshold=v["threshold"], same=v["same"])
            for v in one["verdicts"]
        ],
        yaw=measured.get("yaw"),
        pitch=measured.get("pitch"),
        age=measured.get("age"),
        expression=one["expression"],
        hair=one["hair"],
        held=one["held"],
        missed=one["missed"],
    )


def _pairs(series: dict[str, Any]) -> float | None:
    rate = series["pairs"].get("identity", {}).get("all")
    return rate if isinstance(rate, float) and math.isfinite(rate) else None


def _finite(ends: list[float]) -> bool:
    return all(end is not None and math.isfinite(end) for end in ends)
