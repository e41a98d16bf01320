"""Made faces on disk: a picture marked synthetic, and beside it a JSON file with what was asked, what was read and the latent
itself."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from doppelganger.directions.reading import Reading
from doppelganger.errors import OutputError
from doppelganger.generators.mobile_stylegan import S_ROWS, W_DIM, W_ROWS
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB, resize_area, write_atomically
from doppelganger.provenance import SourceType, synthetic_jpeg, synthetic_png
from doppelganger.sculpting.making import Made
from doppelganger.sculpting.traits import measured
from doppelganger.sculpting.wish import Wish

if TYPE_CHECKING:
    from doppelganger.generators.stylegan2_generator import StyleGAN2

SCHEMA = 1
TILE = 256
"""Side of a face on the contact sheet."""
ALWAYS = ("yaw", "pitch", "age", "female", "smile", "glasses", "baldness", "beard")
"""Attributes that the file has whether they were asked or not."""


@dataclass(frozen=True)
class Kept:
    """Where a face lies."""

    picture: Path
    record: Path


def keep_face(folder: Path, name: str, picture: RGB, latent: Latent, about: Mapping[str, Any]) -> Kept:
    """Write ``name.png`` and ``name.json``, each whole or not at all. Raises OutputError."""
    kept = Kept(folder / f"{name}.png", folder / f"{name}.json")
    record = {"schema": SCHEMA, "picture": kept.picture.name, **about, "latent": _packed(latent)}
    write_atomically(kept.picture, synthetic_png(picture))
    write_atomically(kept.record, (json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())
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


def made_before(folder: Path, name: str, seed: int, wish: Wish) -> dict[str, Any] | None:
    """What the file of a face says that is there already for this seed and wish; None where there is none, or another one."""
    try:
        record = json.loads((folder / f"{name}.json").read_text("utf-8"))
        same = record["seed"] == seed and record["asked"] == dict(wish.asked) and (folder / f"{name}.png").is_file()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {key: value for key, value in record.items() if key != "latent"} if same else None


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


def new_folder(folder: Path) -> Path:
    """Make ``folder``, or the first of ``folder-2``, ``folder-3`` … that is not there. Raises OutputError."""
    for name in chain([folder], (folder.with_name(f"{folder.name}-{n}") for n in count(2))):
        try:
            name.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise OutputError(
                f"{name} could not be made ({error.strerror}); choose another folder with --out."
            ) from error
        return name
    raise AssertionError("count() never ends")


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


def _packed(latent: Latent) -> dict[str, Any]:
    rows = np.broadcast_to(latent, (W_ROWS, W_DIM)) if latent.ndim == 1 else latent
    data = base64.b64encode(np.ascontiguousarray(rows, "<f4").tobytes()).decode()
    return {"shape": list(rows.shape), "float32": data}
