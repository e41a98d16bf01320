"""Names for what is written where something may be already: numbered, so that nothing is ever lost by it."""

import os
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path

from doppelganger.errors import OutputError


def numbered(file: Path) -> Iterator[Path]:
    """``name.png``, ``name-2.png``, ``name-3.png`` … without end."""
    return chain([file], (file.with_stem(f"{file.stem}-{n}") for n in count(2)))


def numbered_folder(folder: Path) -> Iterator[Path]:
    """``name``, ``name-2``, ``name-3`` … without end; a folder's name may have points in it."""
    return chain([folder], (folder.with_name(f"{folder.name}-{n}") for n in count(2)))


def taken(file: Path) -> bool:
    """Whether anything is there. Where that cannot be known, as in a folder that may not be read, writing will say why."""
    return os.path.lexists(file)


def free(file: Path) -> Path:
    """The first of its numbered names that nobody has."""
    return next(one for one in numbered(file) if not taken(one))


def new_folder(folder: Path) -> Path:
    """Make ``folder``, or the first of its numbered names that is not there. Raises OutputError."""
    for name in numbered_folder(folder):
        try:
            name.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise OutputError(
                f"{name} could not be made ({error.strerror}); choose another folder with --out."
            ) from error
        return name
    raise AssertionError("count() never ends")
