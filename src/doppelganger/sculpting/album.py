"""Made faces on disk: a picture marked synthetic, and beside it a JSON file with what was asked, what was read and the latent
itself."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from doppelganger.directions.reading import Reading
from doppelganger.errors import OutputError
from doppelganger.generators.mobile_stylegan import S_ROWS, W_DIM, W_ROWS
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB, resize_area, write_atomically
from doppelganger.numbering import new_folder, numbered, taken
from doppelganger.provenance import SourceType, synthetic_jpeg, synthetic_png
from doppelganger.sculpting.making import Made
from doppelganger.sculpting.traits import measured
from doppelganger.sculpting.wish import Wish

if TYPE_CHECKING:
    from doppelganger.generators.stylegan2_generator import StyleGAN2

SCHEMA = 1
TILE = 256
"""Side of a face on the contact sheet."""
A_SHEET = 200
"""Faces on a sheet; more of them than a JPEG, or the memory, holds may be asked for at once."""
ALWAYS = ("yaw", "pitch", "age", "female", "smile", "glasses", "baldness", "beard")
"""Attributes that the file has whether they were asked or not."""


@dataclass(frozen=True)
class Kept:
    """Where a face lies."""

    picture: Path
    record: Path


def keep_face(folder: Path, name: str, picture: RGB, latent: Latent, about: Mapping[str, Any]) -> Kept:
    """Write ``name.png`` and ``name.json``, each whole or not at all; where another face lies there, ``name-2`` and so on.

    Raises OutputError.
    """
    face = json.loads(json.dumps({"schema": SCHEMA, **about, "latent": _packed(latent)}, allow_nan=False))
    kept = next(kept for kept, said in _places(folder, name) if said is None or _lasting(said) == _lasting(face))
    record = {"schema": SCHEMA, "picture": kept.picture.name, **face}
    # The record first: stopped between the two, the same face is made again and finds its place by it.
    write_atomically(kept.record, (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())
    write_atomically(kept.picture, synthetic_png(picture))
    return kept


def about_made(made: Made, seconds: float) -> dict[str, Any]:
    """What the file says of a face to order."""
    steered = made.steered
    return {
        "seed": made.seed,
        **about_wish(made.wish, steered.reading),
        "missed": dict(steered.missed),
        "strengths": dict(steered.strengths),
        "faces looked at": made.looks,
        "seconds": round(seconds, 2),
    }


def about_wish(wish: Wish, reading: Reading) -> dict[str, Any]:
    """Asked and measured."""
    names = dict.fromkeys([*(bound.attribute for bound in wish.all_bounds), *ALWAYS])
    values = {name: measured(reading, name) for name in names}
    return {
        "asked": dict(wish.asked),
        "measured": {name: rounded(value) for name, value in values.items()} | {"hair": reading.hair_colour},
        "reached": list(wish.reached(reading)),
    }


def made_before(folder: Path, name: str, seed: int, wish: Wish) -> tuple[Kept, dict[str, Any]] | None:
    """The face that is there already for this seed and wish, and what its file says; None where there is none."""
    for kept, said in _places(folder, name):
        if said is None:
            break
        if said.get("seed") == seed and said.get("asked") == dict(wish.asked) and kept.picture.is_file():
            return kept, {key: value for key, value in said.items() if key != "latent"}
    return None


def rounded(value: float) -> float | None:
    """For JSON, which knows no NaN."""
    return round(value, 3) if np.isfinite(value) else None


def keep_edit(folder: Path, portrait: RGB, closest: RGB, edited: RGB, latent: Latent, about: Mapping[str, Any]) -> Path:
    """Write an edit as ``folder``, or ``folder-2`` … where something is there: ``share/`` has the face alone, ``private/`` the
    real portrait beside its projection and the edit, and the JSON file with the latent. Returns where. Raises OutputError."""
    at = new_folder(folder)
    write_atomically(at / "share" / "edited.png", synthetic_png(edited))
    side = np.hstack([portrait, closest, edited])
    write_atomically(at / "private" / "before-after.png", synthetic_png(side, SourceType.COMPOSITE))
    record = {"schema": SCHEMA, "picture": "../share/edited.png", **about, "latent": _packed(latent)}
    write_atomically(at / "private" / "edit.json", (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())
    return at


def read_latent(record: Path, generator: "StyleGAN2 | None" = None) -> Latent:
    """The latent that a face's JSON file holds, of the built-in generator or of another. Raises OutputError with one sentence."""
    try:
        content = json.loads(record.read_text("utf-8"))
        packed, made_by = content["latent"], content.get("generator", {})
        values = np.frombuffer(base64.b64decode(packed["float32"]), "<f4").reshape(packed["shape"])
    except OSError as error:
        raise OutputError(f"{record} cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(
            f"{record} is not a face's file, as `doppelganger face` writes them beside the pictures."
        ) from error
    if made_by.get("sha256") != (generator.sha256 if generator else None):
        named = f"--generator {made_by['name']}" if "name" in made_by else "the generator of this program"
        raise OutputError(f"{record} was made with {named}, and means nothing to another one.")
    shapes = ((generator.w_rows, generator.w_dim),) if generator else ((W_ROWS, W_DIM), (S_ROWS, W_DIM))
    if values.shape not in shapes or not np.isfinite(values).all():
        raise OutputError(f"{record} holds a latent that is none of this generator's; make the face again.")
    return np.array(values, np.float32)


def contact_sheet(pictures: Sequence[RGB], captions: Sequence[str], columns: int = 0) -> bytes:
    """JPEG bytes: the faces side by side, a line below each. ``columns``: 0 for a sheet a little wider than high."""
    columns = columns or max(1, min(len(pictures), round(np.sqrt(1.6 * len(pictures)))))
    rows = -(-len(pictures) // columns)
    line = 22
    sheet = np.full((rows * (TILE + line), columns * TILE, 3), 255, np.uint8)
    for i, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        top, left = i // columns * (TILE + line), i % columns * TILE
        sheet[top : top + TILE, left : left + TILE] = resize_area(picture, TILE, TILE)
        label = caption.encode("ascii", "replace").decode()
        cv2.putText(
            sheet, label, (left + 6, top + TILE + 15), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (40, 40, 40), 1, cv2.LINE_AA
        )
    return synthetic_jpeg(sheet)


def keep_sheets(folder: Path, faces: Iterator[tuple[str, RGB]]) -> list[Path]:
    """Write ``sheet.jpg`` of (caption, face), which are made small as they come; ``sheet-2.jpg`` … where there are more than fit,
    or another sheet is there. None of a single face. Returns where. Raises OutputError."""
    sheets: list[Path] = []
    while some := [(caption, resize_area(face, TILE, TILE)) for caption, face in islice(faces, A_SHEET)]:
        if sheets or len(some) > 1:
            data = contact_sheet([face for _, face in some], [caption for caption, _ in some])
            names = numbered(folder / "sheet.jpg")
            sheets.append(
                next(file for file in names if not taken(file) or (file.is_file() and file.read_bytes() == data))
            )
            write_atomically(sheets[-1], data)
    return sheets


def _places(folder: Path, name: str) -> Iterator[tuple[Kept, dict[str, Any] | None]]:
    """Where a face of that name may lie, one place after the other, and what its file says there: None where nothing is."""
    for record in numbered(folder / f"{name}.json"):
        kept = Kept(record.with_suffix(".png"), record)
        yield kept, _said(record) if taken(record) or taken(kept.picture) else None


def _said(record: Path) -> dict[str, Any]:
    """What a face's file says; nothing where it is none."""
    try:
        said = json.loads(record.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _lasting(record: Mapping[str, Any]) -> dict[str, Any]:
    """What is the same in the file whenever, and wherever, a face is made again."""
    return {key: value for key, value in record.items() if key not in ("picture", "seconds")}


def _packed(latent: Latent) -> dict[str, Any]:
    rows = np.broadcast_to(latent, (W_ROWS, W_DIM)) if latent.ndim == 1 else latent
    data = base64.b64encode(np.ascontiguousarray(rows, "<f4").tobytes()).decode()
    return {"shape": list(rows.shape), "float32": data}
