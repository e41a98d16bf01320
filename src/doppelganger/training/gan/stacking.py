"""Pictures one after another into a .npy file, so that a set may be larger than the memory: the bytes that ``np.save`` would write
of all at once."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from doppelganger.errors import OutputError
from doppelganger.images import RGB


class Stack:
    """The pictures so far, in a file of another name. All of it raises OutputError."""

    def __init__(self, file: Path, side: int) -> None:
        self._file, self._side = file, side
        self._hash = hashlib.sha256()
        self._count = 0
        with self._open("wb") as stream:
            self._head(stream)

    @property
    def digest(self) -> str:
        """SHA-256 of all pixels."""
        return self._hash.hexdigest()

    def add(self, picture: RGB) -> None:
        """[side, side, 3]."""
        pixels = picture.tobytes()
        with self._open("ab") as stream:
            stream.write(pixels)
        self._hash.update(pixels)
        self._count += 1

    def finish(self) -> None:
        """Their number goes into the header, where NumPy leaves room for it, and all onto the disk."""
        with self._open("r+b") as stream:
            self._head(stream)
            stream.flush()
            os.fsync(stream.fileno())

    def _head(self, stream: BinaryIO) -> None:
        shape = (self._count, self._side, self._side, 3)
        np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})

    @contextmanager
    def _open(self, mode: str) -> Iterator[BinaryIO]:
        with _said(self._file.parent), self._file.open(mode) as stream:
            yield cast(BinaryIO, stream)


@contextmanager
def stacked(file: Path, side: int) -> Iterator[Stack]:
    """The file is there when the block has ended well; when it raises, nothing is, and no folder that was made for it.

    Raises OutputError.
    """
    out, part = file.parent, file.with_name(f".{file.name}.part")
    new = not out.exists()
    try:
        with _said(out):
            out.mkdir(parents=True, exist_ok=True)
        stack = Stack(part, side)
        yield stack
        stack.finish()
        with _said(out):
            part.replace(file)
    except BaseException:
        with suppress(OSError):  # the folder that could not be made; one with something else in it by now
            part.unlink(missing_ok=True)
            if new:
                out.rmdir()
        raise


@contextmanager
def _said(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{out} could not be written ({error.strerror}); choose another --out, or make room."
        ) from error
