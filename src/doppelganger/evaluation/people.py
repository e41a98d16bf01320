"""Who is in a folder: one picture a person, or sub-folders of several pictures a person."""

from dataclasses import dataclass
from pathlib import Path

from doppelganger.errors import ImageError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif")
"""Files with another ending are no portraits and are passed over."""

RESULTS = "settings.json"
"""A sub-folder that holds this is no person, but an evaluation's results."""


@dataclass(frozen=True)
class Portrait:
    """One picture of one person. ``person`` is the sub-folder's name, or the file's, with its ending where only that is its own."""

    person: str
    path: Path


def portraits_in(folder: Path) -> list[Portrait]:
    """Every portrait, ordered by person and file name; a picture in the folder itself is a person of its own.

    Raises ImageError when the folder is not there or holds no picture.
    """
    if not folder.is_dir():
        raise ImageError(f"{folder} is not a folder; give one that holds portraits.")

    def pictures(of: Path) -> list[Path]:
        return sorted(p for p in of.iterdir() if p.is_file() and p.suffix.lower() in SUFFIXES and p.name[0] != ".")

    people = sorted(p for p in folder.iterdir() if p.is_dir() and p.name[0] != "." and not (p / RESULTS).exists())
    several = [Portrait(sub.name, path) for sub in people for path in pictures(sub)]
    loose = pictures(folder)
    taken = [*(sub.name for sub in people), *(path.stem for path in loose)]
    alone = [Portrait(path.stem if taken.count(path.stem) == 1 else path.name, path) for path in loose]
    found = sorted([*alone, *several], key=lambda p: (p.person, p.path.name))
    if not found:
        raise ImageError(f"{folder} holds no pictures ({', '.join(SUFFIXES)}); give a folder of portraits.")
    return found
