"""The states of a run on disk: each written whole or not at all, the last few kept, the newest that is whole taken."""

import io
import zipfile
from pathlib import Path
from typing import Any

import torch

from doppelganger.images import write_atomically

KEPT = 3


class Checkpoints:
    """``folder/00000128.pt``: the state after that many steps."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, steps: int, state: dict[str, Any]) -> None:
        """Write a state, then forget all but the last ``KEPT``. Raises OutputError; then the older ones are all there."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_atomically(self._folder / f"{steps:08d}.pt", buffer.getvalue())
        for old in self._files()[:-KEPT]:
            old.unlink(missing_ok=True)

    def newest(self) -> dict[str, Any] | None:
        """The newest whole state; None where there is none."""
        for file in reversed(self._files()):
            try:
                with zipfile.ZipFile(file) as archive:
                    if archive.testzip() is not None:  # a sum that is wrong
                        continue
                # weights_only: PyTorch's own restricted reader, which knows tensors and plain containers alone.
                state = torch.load(file, map_location="cpu", weights_only=True)
            except Exception:  # a damaged archive raises almost anything
                continue
            if isinstance(state, dict):
                return state
        return None

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*.pt"))
