"""Writing into the cache: digests taken on the way, a sentence when the disk is full or closed."""

import errno
import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from doppelganger.errors import WeightsUnavailableError

CHUNK = 1 << 20
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


class CacheWriteError(WeightsUnavailableError):
    """The cache folder cannot be written; another source of the same weight would not help."""


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def copy_hashing(source: BinaryIO, target: Path, limit: int, seen: Callable[[int], None] | None = None) -> str:
    """Copy ``source`` to ``target`` and return the SHA-256 of what was copied.

    At most ``limit`` + 1 bytes are taken, so that a lying archive cannot fill the disk: one byte too many already
    makes another digest. ``seen`` is told the bytes copied so far.
    """
    digest = hashlib.sha256()
    left = limit + 1
    with target.open("wb") as out:
        while left and (chunk := source.read(min(CHUNK, left))):
            out.write(chunk)
            digest.update(chunk)
            left -= len(chunk)
            if seen:
                seen(limit + 1 - left)
    return digest.hexdigest()


def room(folder: Path, need: int) -> None:
    """Refuse at once, rather than after a long download, to put ``need`` bytes into ``folder`` where they do not fit.

    Raises:
        CacheWriteError: fewer bytes are free.
    """
    free = shutil.disk_usage(folder).free
    if free < need:
        raise CacheWriteError(
            f"The disk of the weights cache {folder} is too full: {need / 1e6:.0f} MB are needed and "
            f"{free / 1e6:.0f} MB are free; free some space, or set DOPPELGANGER_CACHE to a folder on another disk."
        )


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write into ``CacheWriteError`` with a sentence about ``folder``."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise CacheWriteError(
                f"The disk of the weights cache {folder} is full; free some space, or set DOPPELGANGER_CACHE to a "
                "folder on another disk."
            ) from error
        raise CacheWriteError(
            f"The weights cache {folder} cannot be written ({error.strerror or type(error).__name__}); make it "
            "writable, or set DOPPELGANGER_CACHE to another folder."
        ) from error
