"""A series of pictures of a persona, in a folder. Stopped at any time, the same command goes on after the last whole picture.

0001.png, 0001.json           a picture, marked synthetic; what was asked of it, what it measures, what the panel says
latents/0001.safetensors      its latent, and its embeddings with and without keeping
plan.json                     which set, seed and settings: only the same series goes on here
shoot.json, contact-sheet.jpg when all pictures are there
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from doppelganger import __version__
from doppelganger.errors import OutputError
from doppelganger.images import read_image, resize_area, write_atomically
from doppelganger.keeping import Embeddings
from doppelganger.networks import Networks
from doppelganger.persona.pairs import rates, within
from doppelganger.persona.persona import Persona, PersonaError
from doppelganger.persona.plan import PictureSet, Wish
from doppelganger.persona.shooting import Photographer, ShootSettings, Shot
from doppelganger.persona.variety import expression, hair_look, variety
from doppelganger.progress import Event, Progress, silent
from doppelganger.provenance import synthetic_jpeg, synthetic_png
from doppelganger.report.sheets import grid
from doppelganger.verifiers.protocol import OperatingPoint

COLUMNS, SIDE = 6, 220
"""Of the contact sheet: pictures a row, pixels a picture."""
_KEPT, _NAIVE = "kept ", "naive "


@dataclass(frozen=True)
class Series:
    """A finished series. ``record``: what ``shoot.json`` holds."""

    folder: Path
    record: Mapping[str, Any]

    @property
    def sheet(self) -> Path:
        """The contact sheet."""
        return self.folder / "contact-sheet.jpg"

    @property
    def kept(self) -> list[Embeddings]:
        """Of every picture."""
        return [_embeddings(self.folder, k, _KEPT) for k in self._numbers]

    @property
    def naive(self) -> list[Embeddings]:
        """Of the same edits as they were before keeping."""
        return [_embeddings(self.folder, k, _NAIVE) for k in self._numbers]

    @property
    def _numbers(self) -> list[int]:
        return [picture["number"] for picture in self.record["pictures"]]


def take_pictures(
    persona: Persona,
    picture_set: PictureSet,
    folder: Path,
    count: int,
    networks: Networks,
    seed: int = 0,
    settings: ShootSettings | None = None,
    progress: Progress = silent,
) -> Series:
    """Take ``count`` pictures of the set, or those that are still missing in ``folder``.

    Raises PersonaError where the folder holds another series, OutputError where it cannot be written.
    """
    settings = settings or ShootSettings()
    wishes = picture_set.wishes(count, seed)
    _begin(folder, persona, wishes, seed, settings)
    photographer: Photographer | None = None  # its networks are not loaded where nothing is missing
    for k, wish in enumerate(wishes, 1):
        if not _is_whole(folder, k):
            photographer = photographer or Photographer(persona, networks, settings)
            _keep_shot(folder, k, photographer.shoot(wish, seed * 100_003 + k, progress))
        progress(Event("shoot", k, count))
    records = [json.loads(_file(folder, k, "json").read_text("utf-8")) for k in range(1, count + 1)]
    return _finish(folder, persona, picture_set, seed, records, networks)


def _begin(folder: Path, persona: Persona, wishes: Sequence[Wish], seed: int, settings: ShootSettings) -> None:
    plan = {
        "version": __version__,
        "persona": hashlib.sha256(persona.latent.tobytes()).hexdigest(),
        "wishes": hashlib.sha256(repr([asdict(wish) for wish in wishes]).encode()).hexdigest(),
        "count": len(wishes),
        "seed": seed,
        "settings": repr(settings),
    }
    file = folder / "plan.json"
    try:
        if file.exists():
            if json.loads(file.read_text("utf-8")) != plan:
                raise PersonaError(f"{folder} holds another series; choose another folder with --out, or delete it.")
            return
        (folder / "latents").mkdir(parents=True, exist_ok=True)
        write_atomically(file, json.dumps(plan, indent=2).encode())
    except (OSError, ValueError) as error:
        raise OutputError(f"The series cannot be written to {folder} ({error}).") from error


def _is_whole(folder: Path, number: int) -> bool:
    """Whether a picture is there with all that belongs to it; its record is written last."""
    return _file(folder, number, "json").exists() and _file(folder, number, "png").exists()


def _keep_shot(folder: Path, number: int, shot: Shot) -> None:
    arrays = {
        "latent": shot.latent,
        **{_KEPT + name: embedding for name, embedding in shot.face.embeddings.items()},
        **{_NAIVE + name: embedding for name, embedding in shot.kept.before.embeddings.items()},
    }
    write_atomically(_latents(folder, number), save_arrays({k: np.ascontiguousarray(v) for k, v in arrays.items()}))
    write_atomically(_file(folder, number, "png"), synthetic_png(shot.face.image))
    text = json.dumps(record_of(shot, number), indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(_file(folder, number, "json"), text.encode())


def record_of(shot: Shot, number: int) -> dict[str, Any]:
    """A picture as its JSON has it."""
    return {
        "number": number,
        "asked": {"values": dict(shot.wish.values), "looks": dict(shot.wish.looks)},
        "held": shot.factor,
        "strengths": {name: round(strength, 3) for name, strength in shot.strengths.items()},
        "measured": {k: None if np.isnan(v) else round(float(v), 4) for k, v in shot.reading.values.items()},
        "expression": expression(shot.reading.values),
        "hair": hair_look(shot.reading.values),
        "same": shot.same,
        "verdicts": [{**asdict(v), "same": not v.different} for v in shot.verdicts],
        "over_identity_threshold": {
            "this picture": {v.verifier: round(v.distance / v.threshold, 4) for v in shot.verdicts},
            "the edit before keeping, to the persona's anchor": shot.kept.before.distances,
        },
        "keeping": {"steps": shot.kept.steps, "lpips": round(shot.kept.lpips, 4)},
        "missed": list(shot.missed),
    }


def _finish(
    folder: Path,
    persona: Persona,
    picture_set: PictureSet,
    seed: int,
    records: Sequence[Mapping[str, Any]],
    networks: Networks,
) -> Series:
    varied = variety([{k: np.nan if v is None else v for k, v in one["measured"].items()} for one in records])
    found = [_embeddings(folder, one["number"], _KEPT) for one in records]
    members = networks.panel.members
    record = {
        "persona": persona.name,
        "set": picture_set.name,
        "seed": seed,
        "same as the reference": sum(one["same"] for one in records) / max(len(records), 1),
        "pairs": {str(point): asdict(rates(within(found), members, point)) for point in OperatingPoint},
        "variety": asdict(varied),
        "pictures": list(records),
    }
    series = Series(folder, record)
    write_atomically(series.sheet, contact_sheet(persona, folder, records))
    write_atomically(folder / "shoot.json", json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False).encode())
    return series


def contact_sheet(persona: Persona, folder: Path, records: Sequence[Mapping[str, Any]]) -> bytes:
    """All pictures after the reference, with their measured pose, age and what the panel says, as a JPEG marked synthetic."""
    cells = [("reference", persona.reference)]
    for one in records:
        measured, word = one["measured"], "" if one["same"] else " · different"
        caption = f"{one['number']}: {measured['yaw']:.0f}°, {measured['age']:.0f} y, {one['expression']}{word}"
        small = resize_area(
            read_image(_file(folder, one["number"], "png")), SIDE, SIDE
        )  # a thousand would fill the memory
        cells.append((caption, small))
    return synthetic_jpeg(grid([cells[k : k + COLUMNS] for k in range(0, len(cells), COLUMNS)], SIDE))


def _file(folder: Path, number: int, ending: str) -> Path:
    return folder / f"{number:04d}.{ending}"


def _latents(folder: Path, number: int) -> Path:
    return folder / "latents" / f"{number:04d}.safetensors"


def _embeddings(folder: Path, number: int, prefix: str) -> Embeddings:
    try:
        arrays = load_arrays(_latents(folder, number).read_bytes())
    except (OSError, SafetensorError) as error:
        raise PersonaError(
            f"The series in {folder} is damaged at picture {number}; delete {number:04d}.json."
        ) from error
    return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}
