"""Read single files out of wheels and sdists: zip and tar are opened, nothing in them is run or unpacked elsewhere."""

import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

from doppelganger.errors import DigestMismatchError, WeightsUnavailableError
from doppelganger.weights.catalogue import Member, Weight
from doppelganger.weights.files import copy_hashing, writing


def extract(archive: Path, wanted: Iterable[tuple[Weight, Member, Path]]) -> None:
    """Write each wanted member to its path, in one pass over ``archive``.

    Raises:
        WeightsUnavailableError: the archive has no such member, or is no archive at all.
        DigestMismatchError: a member is not the bytes that the catalogue pins.
        CacheWriteError: the cache cannot be written.
    """
    left = {member.path: (weight, target) for weight, member, target in wanted}
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as bundle:
                for path in [path for path in left if path in bundle.namelist()]:
                    with bundle.open(path) as stream:
                        _write(cast(BinaryIO, stream), archive, path, *left.pop(path))
        else:
            with tarfile.open(archive, "r:*") as tape:
                for entry in tape:
                    if entry.isreg() and entry.name in left and (inner := tape.extractfile(entry)):
                        with inner:
                            _write(cast(BinaryIO, inner), archive, entry.name, *left.pop(entry.name))
                    if not left:
                        break
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise WeightsUnavailableError(f"{archive.name} is not a readable archive ({type(error).__name__})") from error
    if left:
        raise WeightsUnavailableError(f"{archive.name} has no member {next(iter(left))}")


def _write(stream: BinaryIO, archive: Path, path: str, weight: Weight, target: Path) -> None:
    with writing(target.parent):
        digest = copy_hashing(stream, target, weight.size)
    if digest != weight.sha256:
        target.unlink(missing_ok=True)
        raise DigestMismatchError(
            f"{path} in {archive.name} has the SHA-256 {digest} where {weight.sha256} is expected for '{weight.name}'"
        )
