"""A rig: all that is prepared once so that an avatar can move. A value, kept as a folder.

    rig.json          name, source, note, versions            still.png    the avatar at rest
    rig.safetensors   mesh, textures, embeddings, the room

The folder appears whole or not at all, and nothing outside it knows of it: deleting it deletes the avatar.
"""

import json
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from doppelganger.errors import DoppelgangerError, ImageError, OutputError
from doppelganger.images import RGB, read_image, write_atomically
from doppelganger.provenance import SourceType, synthetic_png
from doppelganger.puppet.mesh import Mesh
from doppelganger.puppet.textures import Layer

SCHEMA_VERSION = 1
SIZE = 512
"""Side of an avatar's picture, pixels."""
MARGIN = 0.125
"""Sides of the picture by which the textures reach over each of its edges."""
TEXTURE = 960
"""Side of its textures: half as fine again as the picture, since a head that comes nearer is enlarged."""
RECORD, ARRAYS, STILL = "rig.json", "rig.safetensors", "still.png"
_LAYER, _VERIFIER = "layer ", "verifier "
_MOST_BYTES = 200_000_000


class RigError(DoppelgangerError):
    """The folder is no rig, or not one that this program reads."""

    exit_code = 3


@dataclass(frozen=True)
class Rig:
    """An avatar that can move."""

    name: str
    source: str
    """"result", "invented" or "picture"."""
    note: str
    """Whose face it is and that they agreed, in the words of who made it; "" for faces of nobody."""
    mesh: Mesh
    """In pixels of the `SIZE`² picture."""
    spread: NDArray[np.float32]
    """[N, 2]: the mesh in the textures, where mouth and eyes stand open."""
    base: NDArray[np.uint8]
    """[`TEXTURE`, `TEXTURE`, 4]: the avatar at rest, spread out; the fourth channel is its matte."""
    bare: Layer
    """What is added to the base so that no hair hangs into the face: for swapping, where the driver's own hair is shown."""
    layers: dict[str, Layer]
    """What the other keys add."""
    plate: RGB
    """[`SIZE`, `SIZE`, 3]: the room without the avatar."""
    still: RGB
    """[`SIZE`, `SIZE`, 3]: the avatar at rest."""
    head: NDArray[np.float64]
    """[3, 3]: the head's rotation at rest, in camera axes."""
    stable: NDArray[np.float64]
    """[478]: what each point counts where heads are compared; 0 for those that expressions move."""
    open_gap: float
    """Between the inner lips of the widest open mouth that there is a texture of, pixels of the picture."""
    turns: dict[str, float]
    """Key → degrees that its head is turned: "left", "right", "up", "down"."""
    embeddings: dict[str, NDArray[np.float32]]
    """Verifier's name → embedding of the face at rest: whom the output must be."""

    def save(self, folder: Path) -> Path:
        """Write a new folder. Raises OutputError where something is there already, or nothing can be written."""
        folder = folder.absolute()
        if folder.exists():
            raise OutputError(f"{folder} is there already; choose another name, or delete it first.")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", suffix=".part", dir=folder.parent) as place:
                whole = Path(place) / "rig"
                whole.mkdir()
                self._write(whole)
                return whole.rename(folder)
        except OSError as error:
            raise OutputError(
                f"The rig could not be written to {folder} ({error.strerror}); choose another place, or make room."
            ) from error

    def _write(self, at: Path) -> None:
        arrays: dict[str, NDArray[Any]] = {
            "rest": self.mesh.rest,
            "turning": self.mesh.turning,
            "triangles": self.mesh.triangles,
            "layer": self.mesh.layer,
            "spread": self.spread,
            "base": self.base,
            "bare": self.bare.difference,
            "plate": self.plate,
            "head": self.head,
            "stable": self.stable,
            **{_LAYER + name: layer.difference for name, layer in self.layers.items()},
            **{_VERIFIER + name: vector for name, vector in self.embeddings.items()},
        }
        record = {
            "schema": SCHEMA_VERSION,
            "name": self.name,
            "source": self.source,
            "note": self.note,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "open gap": self.open_gap,
            "turns": self.turns,
            "bare box": self.bare.box,
            "boxes": {name: layer.box for name, layer in self.layers.items()},
        }
        write_atomically(at / ARRAYS, save_arrays({name: np.ascontiguousarray(a) for name, a in arrays.items()}))
        kind = SourceType.COMPOSITE if self.source == "picture" else SourceType.SYNTHETIC
        write_atomically(at / STILL, synthetic_png(self.still, kind))
        write_atomically(at / RECORD, json.dumps(record, indent=1, ensure_ascii=False).encode())

    @classmethod
    def load(cls, folder: Path) -> "Rig":
        """The rig that was saved as ``folder``, wherever it has been moved. Raises RigError."""
        try:
            record = json.loads((folder / RECORD).read_text("utf-8"))
            if record["schema"] != SCHEMA_VERSION:
                raise RigError(
                    f"{folder} is a rig of version {record['schema']} and this program reads {SCHEMA_VERSION}; rig it anew."
                )
            if (folder / ARRAYS).stat().st_size > _MOST_BYTES:
                raise RigError(f"{folder / ARRAYS} is larger than any rig; rig the avatar anew.")
            arrays = load_arrays((folder / ARRAYS).read_bytes())
            boxes = record["boxes"]
            return cls(
                name=record["name"],
                source=record["source"],
                note=record["note"],
                mesh=Mesh(arrays["rest"], arrays["turning"], arrays["triangles"], arrays["layer"]),
                spread=arrays["spread"],
                base=arrays["base"],
                bare=Layer(_box(record["bare box"]), arrays["bare"]),
                layers={name: Layer(_box(boxes[name]), arrays[_LAYER + name]) for name in boxes},
                plate=arrays["plate"],
                still=read_image(folder / STILL),
                head=arrays["head"],
                stable=arrays["stable"],
                open_gap=float(record["open gap"]),
                turns={name: float(angle) for name, angle in record["turns"].items()},
                embeddings={n.removeprefix(_VERIFIER): a for n, a in arrays.items() if n.startswith(_VERIFIER)},
            )
        except (OSError, KeyError, TypeError, ValueError, SafetensorError, ImageError) as error:
            raise RigError(
                f"{folder} is no rig that can be read ({error}); make one with `doppelganger rig`."
            ) from error


def is_rig(folder: Path) -> bool:
    """Whether the folder looks like one."""
    return (folder / RECORD).is_file() and (folder / ARRAYS).is_file()


def delete(folder: Path) -> None:
    """Remove a rig and all that it holds. Raises RigError where the folder is none."""
    if not is_rig(folder):
        raise RigError(f"{folder} is no rig; nothing was deleted.")
    shutil.rmtree(folder)


def _box(values: list[int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = (int(n) for n in values)
    return left, top, right, bottom
