"""A face set: a person's faces in a folder that one can look through, move, and delete as a whole.

    faceset.json          name, consent, and what was measured of each face   faces/0001.png …   256², RGB
    faceset.safetensors   landmarks, expression, embeddings                    masks/0001.png …   256², grey: 255 is face
    consent.txt           whose face it is and that they agreed, for people    aside/REASON/…     what was not taken, and why
    aside.jpg, coverage.png

The folder appears whole or not at all. It holds biometric data: only its owner may read it.
"""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from doppelganger import __version__
from doppelganger.errors import ImageError, OutputError
from doppelganger.images import RGB, encode_jpeg, encode_png, read_image, write_atomically
from doppelganger.storage import dump
from doppelganger.training.swap.errors import ConsentError, FaceSetError
from doppelganger.training.swap.face import AXES, SetFace

SCHEMA_VERSION = 1
RECORD, ARRAYS = "faceset.json", "faceset.safetensors"


@dataclass(frozen=True)
class Aside:
    """A face that was not taken. ``reason``: "wrong person", "blurred", "too small", "turned away", "duplicate",
    "nothing new"."""

    face: SetFace
    reason: str


@dataclass(frozen=True)
class FaceSet:
    """``faces`` in the order in which they were found. ``consent``: whose face it is and that they agreed."""

    name: str
    consent: str
    faces: tuple[SetFace, ...]

    @cached_property
    def digest(self) -> str:
        """Of all pictures and masks: a run goes on with the very set that it began with."""
        whole = hashlib.sha256()
        for face in self.faces:
            whole.update(face.image.tobytes())
            whole.update(face.mask.tobytes())
        return whole.hexdigest()

    @property
    def poses(self) -> NDArray[np.float32]:
        """[N, 6], the values of `AXES`."""
        return np.stack([face.pose for face in self.faces])

    @cached_property
    def centre(self) -> dict[str, NDArray[np.float32]]:
        """Verifier → mean of the unit embeddings, at their mean length: what a face is compared with."""
        return {
            name: mean_embedding([face.embeddings[name] for face in self.faces]) for name in self.faces[0].embeddings
        }


def mean_embedding(embeddings: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The direction that [D] embeddings share, at their mean length (dlib's distance looks at lengths)."""
    lengths = [max(float(np.linalg.norm(e)), 1e-9) for e in embeddings]
    mean = np.mean([e / length for e, length in zip(embeddings, lengths, strict=True)], axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9) * np.mean(lengths), np.float32)


def require_consent(consent: str) -> str:
    """The statement, stripped. Raises ConsentError for an empty one."""
    if len(consent.split()) < 2:
        raise ConsentError(
            "Say with --consent whose face it is and that they agreed, for instance "
            '--consent "Ada Example, who agreed on 3 May 2026", or that it is an invented face.'
        )
    return consent.strip()


def save(faces: FaceSet, aside: Sequence[Aside], pictures: dict[str, RGB], folder: Path) -> Path:
    """Write a new set; ``pictures``: file name → a picture to look at. Raises OutputError where something is there already."""
    require_consent(faces.consent)
    folder = folder.absolute()
    require_new(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", suffix=".part", dir=folder.parent) as workplace:
            whole = Path(workplace) / "set"  # mkdtemp's own folder is the user's alone; so is this one
            whole.mkdir(mode=0o700)
            _write(faces, aside, pictures, whole)
            return whole.rename(folder)
    except OSError as error:
        raise OutputError(
            f"The face set could not be written to {folder} ({error.strerror}); choose another place, or make room."
        ) from error


def require_new(folder: Path) -> None:
    """Raises OutputError where something is there already: asked before the work."""
    if folder.exists():
        raise OutputError(f"{folder} is there already; choose another name with --out, or delete it first.")


def load(folder: Path) -> FaceSet:
    """The set that was saved as ``folder``, wherever it has been moved. Faces whose files were deleted by hand are left out.

    Raises FaceSetError for anything else.
    """
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))
        if record["schema"] != SCHEMA_VERSION:
            raise FaceSetError(
                f"{folder} has version {record['schema']} and this program reads {SCHEMA_VERSION}; update the program."
            )
        arrays = load_arrays((folder / ARRAYS).read_bytes())
        found = tuple(
            _face(folder, about, k, arrays)
            for k, about in enumerate(record["faces"])
            if (folder / "faces" / about["file"]).exists()
        )
        name, consent = str(record["name"]), str(record["consent"])
    except FileNotFoundError as error:
        raise FaceSetError(f"{folder} is no face set: {Path(error.filename).name} is missing.") from error
    except OSError as error:
        raise FaceSetError(f"{folder} cannot be read ({error.strerror}).") from error
    except ImageError as error:
        raise FaceSetError(f"{folder} is not a whole face set: {error}") from error
    except (ValueError, KeyError, TypeError, IndexError, SafetensorError) as error:
        raise FaceSetError(f"{folder} holds a damaged face set ({error!r}).") from error
    if not found:
        raise FaceSetError(f"{folder} holds no face any more.")
    return FaceSet(name, consent, found)


def _write(faces: FaceSet, aside: Sequence[Aside], pictures: dict[str, RGB], at: Path) -> None:
    about = []
    for k, face in enumerate(faces.faces, 1):
        file = f"{k:05d}.png"
        write_atomically(at / "faces" / file, encode_png(face.image))
        Image.fromarray(face.mask).save(_in(at / "masks") / file)
        about.append(
            {
                "file": file,
                "source": face.source,
                "time": face.time,
                "roll": round(face.roll, 2),
                "sharpness": round(face.sharpness, 4),
                "eye_distance": round(face.eye_distance, 1),
                "age": round(face.age, 1),
                **{axis: round(float(value), 4) for axis, value in zip(AXES, face.pose, strict=True)},
            }
        )
    for k, one in enumerate(aside, 1):
        reason = one.reason.replace(" ", "-")
        write_atomically(at / "aside" / reason / f"{k:05d}.png", encode_png(one.face.image))
    for name, picture in pictures.items():
        data = encode_jpeg(picture) if name.endswith(".jpg") else encode_png(picture)
        write_atomically(at / name, data)
    record = {
        "schema": SCHEMA_VERSION,
        "software": f"Doppelgänger {__version__}",
        "name": faces.name,
        "consent": faces.consent,
        "aside": [{"source": a.face.source, "time": a.face.time, "reason": a.reason} for a in aside],
        "faces": about,
    }
    write_atomically(at / ARRAYS, save_arrays(_arrays(faces)))
    write_atomically(at / "consent.txt", f"{faces.consent}\n".encode())
    write_atomically(at / RECORD, dump(record).encode())


def _arrays(faces: FaceSet) -> dict[str, NDArray[np.float32]]:
    stacked = {
        "points": np.stack([f.points for f in faces.faces]),
        "blendshapes": np.stack([f.blendshapes for f in faces.faces]),
        "pose": faces.poses,
    }
    for name in faces.faces[0].embeddings:
        stacked[f"embedding {name}"] = np.stack([f.embeddings[name] for f in faces.faces])
    return {name: np.ascontiguousarray(array, np.float32) for name, array in stacked.items()}


def _face(folder: Path, about: dict[str, Any], k: int, arrays: dict[str, NDArray[np.float32]]) -> SetFace:
    prefix = "embedding "
    return SetFace(
        image=read_image(folder / "faces" / about["file"]),
        mask=np.ascontiguousarray(read_image(folder / "masks" / about["file"])[:, :, 0]),
        points=arrays["points"][k],
        pose=arrays["pose"][k],
        blendshapes=arrays["blendshapes"][k],
        roll=about["roll"],
        sharpness=about["sharpness"],
        eye_distance=about["eye_distance"],
        age=about["age"],
        source=about["source"],
        time=about["time"],
        embeddings={name.removeprefix(prefix): a[k] for name, a in arrays.items() if name.startswith(prefix)},
    )


def _in(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
