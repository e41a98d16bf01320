"""A persona as a folder: it can be moved, opened again, and deleted. Nothing outside the folder knows of it.

    persona.json         name, likeness, bounds, provenance, note    reference.png   what pictures are verified against
    persona.safetensors  latent, embeddings                          views/*.png     the same person, a little changed
    consent.txt          the consent note, for people                shoots/*/       its series of pictures (`series`)

The folder appears whole or not at all.
"""

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from doppelganger.errors import ImageError, OutputError
from doppelganger.images import read_image, write_atomically
from doppelganger.persona.persona import Persona, PersonaError
from doppelganger.provenance import synthetic_png

SCHEMA_VERSION = 1
"""Of ``persona.json``."""
RECORD = "persona.json"
_FRONT, _ANCHOR = "front ", "anchor "


@dataclass(frozen=True)
class Removed:
    """What ``delete`` removed: the persona's name, and how many files of how many bytes."""

    name: str
    folder: Path
    files: int
    size: int


def save(persona: Persona, folder: Path) -> Path:
    """Write a new persona. Raises OutputError where something is there already, or nothing can be written."""
    folder = folder.absolute()
    if folder.exists():
        raise OutputError(f"{folder} is there already; choose another name, or delete it first.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", suffix=".part", dir=folder.parent) as workplace:
            whole = Path(workplace) / "persona"
            _write(persona, whole)
            return whole.rename(folder)
    except OSError as error:
        raise OutputError(
            f"The persona could not be written to {folder} ({error.strerror}); choose another place, or make room."
        ) from error


def load(folder: Path) -> Persona:
    """The persona that was saved as ``folder``, wherever it has been moved. Raises PersonaError."""
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))
        if record["schema"] != SCHEMA_VERSION:
            raise PersonaError(
                f"{folder} has version {record['schema']} and this program reads {SCHEMA_VERSION}; update the program."
            )
        arrays = load_arrays((folder / "persona.safetensors").read_bytes())
        return Persona(
            name=record["name"],
            latent=arrays["latent"],
            reference=read_image(folder / "reference.png"),
            views={view: read_image(folder / "views" / f"{view}.png") for view in record["views"]},
            front=_with_prefix(arrays, _FRONT),
            anchor=_with_prefix(arrays, _ANCHOR),
            likeness={k: float("nan") if v is None else v for k, v in record["likeness"].items()},
            bounds={name: (low, high) for name, (low, high) in record["bounds"].items()},
            consent=record["consent"],
            provenance=record["provenance"],
        )
    except FileNotFoundError as error:
        raise PersonaError(f"{folder} is no persona: {Path(error.filename).name} is missing.") from error
    except OSError as error:
        raise PersonaError(f"{folder} cannot be read ({error.strerror}).") from error
    except ImageError as error:
        raise PersonaError(f"{folder} is not a whole persona: {error}") from error
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise PersonaError(f"{folder} holds a damaged persona ({error!r}).") from error


def personas_in(folder: Path) -> list[Path]:
    """The personas that lie in a folder, by name."""
    return sorted(path.parent for path in folder.glob(f"*/{RECORD}"))


def delete(folder: Path) -> Removed:
    """Remove a persona with all its pictures. Files are unlinked, not overwritten: what a disk keeps of unlinked files, and copies
    made elsewhere, are beyond this program. Raises PersonaError for a folder that is no persona, OutputError where it stays."""
    try:
        name = json.loads((folder / RECORD).read_text("utf-8"))["name"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PersonaError(f"{folder} is no persona; nothing was deleted.") from error
    files = [path for path in folder.rglob("*") if path.is_file()]
    removed = Removed(name, folder, len(files), sum(path.stat().st_size for path in files))
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise OutputError(f"{error.filename or folder} could not be deleted ({error.strerror}).") from error
    return removed


def to_json(persona: Persona) -> dict[str, Any]:
    """Everything but pictures, latent and embeddings, as ``persona.json`` has it."""
    return {
        "schema": SCHEMA_VERSION,
        "name": persona.name,
        "consent": persona.consent,
        "likeness": {k: None if np.isnan(v) else float(f"{v:.5g}") for k, v in persona.likeness.items()},
        "bounds": {name: list(ends) for name, ends in persona.bounds.items()},
        "views": list(persona.views),
        "provenance": dict(persona.provenance),
    }


def _write(persona: Persona, folder: Path) -> None:
    (folder / "views").mkdir(parents=True)
    write_atomically(folder / "reference.png", synthetic_png(persona.reference))
    for view, image in persona.views.items():
        write_atomically(folder / "views" / f"{view}.png", synthetic_png(image))
    arrays = {
        "latent": persona.latent,
        **{_FRONT + name: embedding for name, embedding in persona.front.items()},
        **{_ANCHOR + name: embedding for name, embedding in persona.anchor.items()},
    }
    write_atomically(
        folder / "persona.safetensors", save_arrays({k: np.ascontiguousarray(v) for k, v in arrays.items()})
    )
    write_atomically(folder / "consent.txt", f"{persona.consent}\n".encode())
    text = json.dumps(to_json(persona), indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(folder / RECORD, text.encode())


def _with_prefix(arrays: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}
