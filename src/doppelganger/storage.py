"""A result as a folder: ``share/`` holds only what may leave the house, ``private/`` everything else.

    share/doppelganger.png   1024², marked synthetic        private/portrait.png      the aligned photo, no metadata
    share/doppelganger.jpg   512², for upload               private/closest.png, border-inside.png, border-outside.png
    share/in-photo.jpg       where it was asked for         private/filmstrip/0042.png (by step), latents.safetensors
                                                            private/result.json, report.html

The folder appears whole or not at all: everything is written into a hidden folder beside it, which is renamed last.
"""

import errno
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from doppelganger.errors import ImageError, OutputError
from doppelganger.images import RGB, encode_png, read_image, resize, write_atomically
from doppelganger.numbering import numbered_folder
from doppelganger.provenance import SourceType, synthetic_jpeg, synthetic_png
from doppelganger.report import render
from doppelganger.result import Border, FaceRecord, Flip, PathRecord, Pictures, Provenance, Result, Verdict

SCHEMA_VERSION = 1
"""Of ``result.json``; raised when a reader of the old form would misread the new one."""
UPLOAD_SIZE = 512
TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EBUSY)
"""What a rename says when something is already there."""


@dataclass(frozen=True)
class ResultFolder:
    """Where everything of one saved result lies. Optional files are named even when they are not there."""

    root: Path

    @property
    def share(self) -> Path:
        """What may leave the house."""
        return self.root / "share"

    @property
    def private(self) -> Path:
        """What should not."""
        return self.root / "private"

    @property
    def doppelganger(self) -> Path:
        return self.share / "doppelganger.png"

    @property
    def upload(self) -> Path:
        return self.share / "doppelganger.jpg"

    @property
    def in_photo(self) -> Path:
        return self.share / "in-photo.jpg"

    @property
    def report(self) -> Path:
        return self.private / "report.html"

    @property
    def json(self) -> Path:
        return self.private / "result.json"

    @property
    def latents(self) -> Path:
        return self.private / "latents.safetensors"

    def picture(self, name: str) -> Path:
        """A private picture: "portrait", "closest", "border-inside", "border-outside"."""
        return self.private / f"{name}.png"

    def frame(self, step: int) -> Path:
        """The filmstrip's picture of a step."""
        return self.private / "filmstrip" / f"{step:04d}.png"


def require_writable(folder: Path) -> None:
    """Raises OutputError when no result could be saved as ``folder``: asked before the work, not minutes after it."""
    with _workplace(folder.absolute()):
        pass


def save(result: Result, folder: Path) -> ResultFolder:
    """Write ``result`` as ``folder``, or as ``folder-2``, ``folder-3`` … where something is already there.

    Raises OutputError (read-only or missing place, full disk); then nothing is left behind.
    """
    folder = folder.absolute()
    with _workplace(folder) as workplace:
        partial = ResultFolder(workplace / "result")
        try:
            _write(result, partial)
            return ResultFolder(_rename_into_place(partial.root, folder))
        except OSError as error:
            raise _output_error(folder, error) from error
        except OutputError as error:  # of one file; its path is about to vanish
            raise _output_error(folder, error.__cause__) from error


def load(folder: Path) -> Result:
    """The result that was saved as ``folder``; ``in_photo`` comes back through its JPEG, all else as it was.

    Raises OutputError with one sentence where a file is missing, damaged or of a newer version.
    """
    at = ResultFolder(folder)
    try:
        record = json.loads(at.json.read_text(encoding="utf-8"))
        if record["schema"] != SCHEMA_VERSION:
            raise OutputError(
                f"{at.json} has version {record['schema']} and this program reads {SCHEMA_VERSION}; update the program."
            )
        return _parse(record, at)
    except OSError as error:
        raise OutputError(f"{folder} is not a whole result ({error.filename or error}: {error.strerror}).") from error
    except ImageError as error:
        raise OutputError(f"{folder} is not a whole result: {error}") from error
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise OutputError(f"{folder} holds a damaged result ({error!r}); make it again.") from error


def to_json(result: Result) -> dict[str, Any]:
    """Everything but pictures and latents, as ``result.json`` has it; also what ``--json`` prints."""
    return {
        "schema": SCHEMA_VERSION,
        "provenance": asdict(result.provenance),
        "faces": [
            {**asdict(f), "different": f.different}
            | {"verdicts": [{**asdict(v), "different": v.different} for v in f.verdicts]}
            for f in result.faces
        ],
        "borders": [asdict(b) for b in result.borders],
        "path": {"lpips": list(result.path.lpips), "filmstrip": sorted(result.path.filmstrip)},
        "seconds": result.seconds,
        "warnings": list(result.warnings),
    }


def dump(record: dict[str, Any]) -> str:
    """JSON text; NumPy's numbers become plain ones, and nothing that JSON does not know (NaN) is let through."""
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False, default=lambda number: number.item())


def _write(result: Result, at: ResultFolder) -> None:
    """All files, each flushed to disk. Made faces are marked synthetic; the portrait is a real photo and is not."""
    at.share.mkdir(parents=True)
    at.private.mkdir(mode=0o700)
    pictures = result.pictures
    write_atomically(at.doppelganger, synthetic_png(pictures.doppelganger))
    write_atomically(at.upload, synthetic_jpeg(resize(pictures.doppelganger, UPLOAD_SIZE, UPLOAD_SIZE)))
    if pictures.in_photo is not None:
        write_atomically(at.in_photo, synthetic_jpeg(pictures.in_photo, 95, SourceType.COMPOSITE))
    write_atomically(at.picture("portrait"), encode_png(pictures.portrait))
    made = {
        at.picture("closest"): pictures.closest,
        at.picture("border-inside"): pictures.border_inside,
        at.picture("border-outside"): pictures.border_outside,
        **{at.frame(step): frame for step, frame in result.path.filmstrip.items()},
    }
    for path, image in made.items():
        if image is not None:
            write_atomically(path, synthetic_png(image))
    write_atomically(at.latents, save_arrays({k: np.ascontiguousarray(v) for k, v in result.latents.items()}))
    write_atomically(at.json, dump(to_json(result)).encode())
    write_atomically(at.report, render(result).encode())


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """A hidden folder of the user's alone beside ``folder``, gone afterwards: same disk, so the rename is atomic."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        workplace = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=".part", dir=folder.parent))
    except OSError as error:
        raise _output_error(folder, error) from error
    try:
        yield workplace
    finally:  # Ctrl-C included
        shutil.rmtree(workplace, ignore_errors=True)


def _rename_into_place(whole: Path, folder: Path) -> Path:
    """Rename to the first free name. The rename itself finds out what is free, so two runs cannot take the same one.

    An empty folder counts as free, except the working directory, which a shell would lose from under its feet.
    """
    for name in numbered_folder(folder):
        if name == Path.cwd():
            continue
        try:
            return whole.rename(name)
        except OSError as error:
            if error.errno not in TAKEN:
                raise
    raise AssertionError("count() never ends")


def _output_error(folder: Path, error: BaseException | None) -> OutputError:
    reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
    return OutputError(
        f"The result could not be written to {folder} ({reason}); choose another folder, or make room and allow writing."
    )


def _parse(record: dict[str, Any], at: ResultFolder) -> Result:
    def picture(name: str) -> RGB | None:
        path = at.picture(name)
        return read_image(path) if path.exists() else None

    return Result(
        pictures=Pictures(
            portrait=read_image(at.picture("portrait")),
            closest=read_image(at.picture("closest")),
            doppelganger=read_image(at.doppelganger),
            border_inside=picture("border-inside"),
            border_outside=picture("border-outside"),
            in_photo=read_image(at.in_photo) if at.in_photo.exists() else None,
        ),
        path=PathRecord(
            tuple(record["path"]["lpips"]), {step: read_image(at.frame(step)) for step in record["path"]["filmstrip"]}
        ),
        borders=tuple(_border(b) for b in record["borders"]),
        faces=tuple(
            FaceRecord(f["name"], tuple(_verdict(v) for v in f["verdicts"]), f["likeness"]) for f in record["faces"]
        ),
        latents=load_arrays(at.latents.read_bytes()),
        provenance=Provenance(**record["provenance"]),
        seconds=record["seconds"],
        warnings=tuple(record["warnings"]),
    )


def _verdict(record: dict[str, Any]) -> Verdict:
    return Verdict(**{key: value for key, value in record.items() if key != "different"})  # that one is computed


def _border(record: dict[str, Any]) -> Border:
    return Border(
        record["verifier"],
        record["threshold"],
        tuple(Flip(**flip) for flip in record["flips"]),
        tuple((step, distance) for step, distance in record["scanned"]),
    )
