"""``doppelganger border``: the continuum of a photo, and where on it every verifier changes its mind."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from doppelganger.cli.another import open_by
from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.options import (
    Another,
    Device,
    FaceIndex,
    Json,
    Out,
    Photo,
    Steps,
    announce_download,
    needed,
    networks_on,
    projection_settings,
)
from doppelganger.errors import OutputError
from doppelganger.progress import Event, Progress

if TYPE_CHECKING:
    from doppelganger.images import RGB
    from doppelganger.judging import PathJudge
    from doppelganger.networks import Networks
    from doppelganger.projection import ProjectionSettings
    from doppelganger.result import Border

STAGES = ("weights", "projection", "border")


def border(
    photo: Photo,
    out: Out = None,
    face: FaceIndex = None,
    steps: Steps = None,
    device: Device = "auto",
    generator: Another = None,
    as_json: Json = False,
) -> None:
    """Project a photo and show where *same* turns into *different* on the way to its closest match.

    Every flip of every verifier and of the panel (privacy point) is reported; "never" is an answer. Saved are the two
    neighbouring faces of the panel's last border, one either side, and a filmstrip of the continuum.

    Example: `doppelganger border me.jpg`
    """
    from doppelganger.images import read_image

    image = read_image(photo)
    from doppelganger.checkpoint import forget
    from doppelganger.storage import require_writable

    folder = (out or Path.cwd() / f"{photo.stem}-border").absolute()
    require_writable(folder)
    from doppelganger.weights import Store

    another = open_by(generator, device) if generator is not None else None
    store = Store()
    weights = needed(store, another=another is not None)
    missing = announce_download(store, weights)
    partial = folder.with_name(f".{folder.name}.partial")
    with ProgressBar(STAGES, download=missing) as bar:
        networks = networks_on(device, store, another)
        for name in weights:
            store.path(name, bar)
        borders, faces = _find(image, projection_settings(steps), networks, face, photo.name, bar, partial)
    saved = _save(folder, borders, faces)
    forget(partial)
    if as_json:
        from doppelganger.storage import dump

        typer.echo(dump({"folder": str(saved), "steps": len(faces), "borders": [asdict(b) for b in borders]}))
    else:
        _show(borders, len(faces), saved)


class Faces:
    """The faces of a continuum by step, uint8 [256, 256, 3], rendered when asked for."""

    def __init__(self, judge: "PathJudge", length: int) -> None:
        self._judge, self._length = judge, length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, step: int) -> "RGB":
        return self._judge.picture(step)


def _find(
    image: "RGB",
    settings: "ProjectionSettings",
    networks: "Networks",
    face: int | None,
    name: str,
    progress: Progress,
    partial: Path,
) -> "tuple[tuple[Border, ...], Faces]":
    """The first half of ``doppelganger.make``, with the same checkpoint."""
    from doppelganger.border import find_borders
    from doppelganger.checkpoint import Checkpoint
    from doppelganger.doppelganger import made_faces, project_subject, require_faces
    from doppelganger.judging import SCAN_STRIDE, PathJudge, thresholds
    from doppelganger.subject import see

    subject = see(image, networks, face, name)
    require_faces(networks)
    kept = Checkpoint(partial, image, settings, face, networks.another.sha256 if networks.another else "")
    projected = project_subject(subject, networks, settings, progress, kept)
    judge = PathJudge(projected, subject, networks)
    with made_faces(networks):
        borders = find_borders(len(projected.path), judge, thresholds(networks), SCAN_STRIDE)
    progress(Event("border", 1, 1))
    return borders, Faces(judge, len(projected.path))


def _save(folder: Path, borders: "tuple[Border, ...]", faces: Faces) -> Path:
    """Write the pictures whole or not at all; returns the folder's name, numbered where ``folder`` was taken."""
    import numpy as np

    from doppelganger.border import coarse_steps
    from doppelganger.judging import SCAN_STRIDE
    from doppelganger.numbering import numbered_folder
    from doppelganger.provenance import synthetic_png

    steps = coarse_steps(len(faces), SCAN_STRIDE)  # rendered and judged already
    pictures = {"filmstrip.png": np.hstack([faces[step] for step in steps])}
    if panel := borders[-1].flips:
        pictures |= {"border-inside.png": faces[panel[-1].inside], "border-outside.png": faces[panel[-1].outside]}
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", suffix=".part", dir=folder.parent) as workplace:
            whole = Path(workplace) / "border"
            whole.mkdir()
            for name, picture in pictures.items():
                (whole / name).write_bytes(synthetic_png(picture))
            free = next(f for f in numbered_folder(folder) if not f.exists())
            return whole.rename(free)
    except OSError as error:
        raise OutputError(
            f"{folder} could not be written ({error.strerror}); choose another with --out, or make room."
        ) from error


def _show(borders: "tuple[Border, ...]", length: int, saved: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("verifier", "same up to", "flips (step inside | step outside)", box=None, pad_edge=False)
    for one in borders:
        flips = ", ".join(f"{flip.inside} | {flip.outside}" for flip in one.flips)
        table.add_row(one.verifier, "" if one.threshold is None else f"{one.threshold:.3f}", flips or "never")
    console = Console(highlight=False)
    console.print(table)
    console.print(f"Step 0 is the mean face, step {length - 1} the closest match. Pictures: {saved}", soft_wrap=True)
