"""A training run as a folder, and its checkpoints: each whole or not there, the last ones kept.

    run.json                            preset, seed, which sets, both consents     preview.png, losses.png   to look at
    checkpoints/00001200-DIGEST.safetensors     weights, Adam's moments, every loss so far

A checkpoint's name holds the SHA-256 of its bytes, so a damaged one is known as such, and the one before it is taken.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from doppelganger import __version__
from doppelganger.errors import OutputError
from doppelganger.images import write_atomically
from doppelganger.storage import dump
from doppelganger.training.swap.errors import CheckpointError, RunError
from doppelganger.training.swap.faceset import FaceSet
from doppelganger.training.swap.presets import Preset

SCHEMA_VERSION = 1
KEPT = 3
"""Checkpoints."""
_RECORD = "run.json"


@dataclass(frozen=True)
class RunAbout:
    """What a run is of; it does not change while it trains. ``a``, ``b``: names of the sets; ``digests``: theirs."""

    preset: Preset
    seed: int
    a: str
    b: str
    digests: tuple[str, str]
    consents: tuple[str, str]

    @classmethod
    def of(cls, preset: Preset, seed: int, a: FaceSet, b: FaceSet) -> "RunAbout":
        """Of two sets."""
        return cls(preset, seed, a.name, b.name, (a.digest, b.digest), (a.consent, b.consent))


@dataclass(frozen=True)
class Checkpoint:
    """``step``: steps done. ``seconds``: of training in all. ``tensors``: name → value, all on the CPU."""

    step: int
    seconds: float
    tensors: Mapping[str, Tensor]


class RunFolder:
    """Where a run lies."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.checkpoints = self.root / "checkpoints"

    @property
    def exists(self) -> bool:
        """Whether a run was begun here."""
        return (self.root / _RECORD).exists()

    @property
    def trained(self) -> bool:
        """Whether there is a checkpoint, whole or damaged; a run without one has nothing to lose."""
        return bool(self._files())

    def begin(self, about: RunAbout) -> None:
        """Make the folder, or begin again in one whose run has no checkpoint. Raises OutputError where something else is there."""
        if self.root.exists() and not self.root.is_dir():
            raise OutputError(f"{self.root} is a file; choose another name with --out.")
        if self.root.exists() and not self.exists and not all(map(_is_part, self.root.iterdir())):
            raise OutputError(f"{self.root} holds something else; choose another name with --out.")
        record = {"schema": SCHEMA_VERSION, "software": f"Doppelgänger {__version__}", **asdict(about)}
        write_atomically(self.root / _RECORD, dump(record).encode())
        self.root.chmod(0o700)

    def about(self) -> RunAbout:
        """What it is of. Raises RunError for a folder that is no run."""
        try:
            record = json.loads((self.root / _RECORD).read_text("utf-8"))
            if record["schema"] != SCHEMA_VERSION:
                raise RunError(
                    f"{self.root} has version {record['schema']} and this program reads {SCHEMA_VERSION}; update it."
                )
            a, b = record["digests"]
            consent_a, consent_b = record["consents"]
            preset = Preset(**record["preset"])
            return RunAbout(preset, int(record["seed"]), record["a"], record["b"], (a, b), (consent_a, consent_b))
        except OSError as error:
            raise RunError(f"{self.root} is no training run: {_RECORD} cannot be read ({error.strerror}).") from error
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(f"{self.root} is a damaged training run ({error!r}).") from error

    def save(self, checkpoint: Checkpoint) -> Path:
        """Write one, and then remove all but the last ones. Raises OutputError (full disk); those before are untouched."""
        about = {"step": str(checkpoint.step), "seconds": repr(checkpoint.seconds)}
        data = save_tensors({name: t.contiguous() for name, t in checkpoint.tensors.items()}, about)
        path = self.checkpoints / f"{checkpoint.step:08d}-{_digest(data)}.safetensors"
        write_atomically(path, data)
        for old in self._files()[:-KEPT]:
            old.unlink(missing_ok=True)
        for part in self.checkpoints.glob(".*.part"):  # of a run that was killed while it wrote
            part.unlink(missing_ok=True)
        return path

    def latest(self) -> Checkpoint | None:
        """The newest whole one, None where there is none yet. Raises CheckpointError where all are damaged."""
        files = self._files()
        for path in reversed(files):
            try:
                return _read(path)
            except (OSError, ValueError, KeyError, SafetensorError):
                continue
        if files:
            raise CheckpointError(
                f"All {len(files)} checkpoints in {self.checkpoints} are damaged; delete {self.root} and train anew."
            )
        return None

    def _files(self) -> list[Path]:
        return sorted(self.checkpoints.glob("????????-*.safetensors"))


def _read(path: Path) -> Checkpoint:
    data = path.read_bytes()
    if _digest(data) != path.stem.split("-")[1]:
        raise ValueError("not the bytes that were written")
    length = int.from_bytes(data[:8], "little")
    about: dict[str, Any] = json.loads(data[8 : 8 + length])["__metadata__"]
    return Checkpoint(int(about["step"]), float(about["seconds"]), load_tensors(data))


def _is_part(path: Path) -> bool:
    """Whether it is what a kill while the record was written has left."""
    return path.match(f".{_RECORD}.*.part")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def to_cpu(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies that training does not change any more."""
    return {name: tensor.detach().to("cpu", torch.float32, copy=True) for name, tensor in tensors.items()}
