"""Names for what is written where something may be already: numbered, so that nothing is ever lost by it."""

import os
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path


def numbered(file: Path) -> Iterator[Path]:
    """``name.png``, ``name-2.png``, ``name-3.png`` … without end."""
    return chain([file], (file.with_stem(f"{file.stem}-{n}") for n in count(2)))


def taken(file: Path) -> bool:
    """Whether anything is there. Where that cannot be known, as in a folder that may not be read, writing will say why."""
    return os.path.lexists(file)


def free(file: Path) -> Path:
    """The first of its numbered names that nobody has."""
    return next(one for one in numbered(file) if not taken(one))
