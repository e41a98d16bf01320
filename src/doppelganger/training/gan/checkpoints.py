"""The states of a run on disk: each written whole or not at all, the last few kept, the newest that is whole taken."""

import io
import zipfile
from pathlib import Path
from typing import Any

import torch

from doppelganger.images import write_atomically
from doppelganger.training.out_of_memory import is_out_of_memory
from doppelganger.training.swap.errors import CheckpointError

KEPT = 3


class Checkpoints:
    """``folder/00000128.pt``: the state after that many steps."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, steps: int, state: dict[str, Any]) -> None:
        """Write a state, then forget all but it and the last ones before it, ``KEPT`` together; what claims to be of later steps is
        damaged, or the run would go on from there. Raises OutputError; then the older ones are all there."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        file = self._folder / f"{steps:08d}.pt"
        write_atomically(file, buffer.getvalue())
        files = self._files()
        last = files.index(file) + 1
        for other in (*files[: max(last - KEPT, 0)], *files[last:]):
            other.unlink(missing_ok=True)

    def newest(self) -> dict[str, Any] | None:
        """The newest whole state; None where there is none yet. Raises CheckpointError where all are damaged."""
        files = self._files()
        for file in reversed(files):
            if (state := _read(file)) is not None:
                return state
        if files:
            raise CheckpointError(
                f"All {len(files)} checkpoints in {self._folder} are damaged; train anew with another --out. What else the run "
                "has made is left as it is."
            )
        return None

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*.pt"))


def _read(file: Path) -> dict[str, Any] | None:
    """The state in a file; None where that is damaged. Raises OSError and what says that memory ran out: neither is damage."""
    data = io.BytesIO(file.read_bytes())
    try:
        with zipfile.ZipFile(data) as archive:
            if archive.testzip() is not None:  # a sum that is wrong
                return None
        data.seek(0)
        # weights_only: PyTorch's own restricted reader, which knows tensors and plain containers alone.
        state = torch.load(data, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged archive raises almost anything
        if is_out_of_memory(error):
            raise
        return None
    return state if isinstance(state, dict) else None
