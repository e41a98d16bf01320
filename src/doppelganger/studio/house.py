"""Where everything lies on the disk: a folder a person, in it a folder an upload, a job, a result. One server a house.

    studio.sqlite3   studio.lock   token                        (hash of the token, where there is one)
    people/PERSON/uploads/ID/   photo.png, preview.jpg          pixels only: what came with the file is not kept
    people/PERSON/jobs/ID/      faces/0001.jpg …, checkpoint/, persona/ (in work)
    people/PERSON/results/ID/   doppelganger/ (a result folder), continuum.mp4, views/
    people/PERSON/personas/ID/  persona/ (a persona's folder), views/

Folders are the owner's alone (0700), files too (0600). A path is only ever built from ids that the database gave, never from
a request.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from doppelganger.errors import OutputError

Kind = Literal["uploads", "jobs", "results", "personas"]
KINDS: tuple[Kind, ...] = ("uploads", "jobs", "results", "personas")


@dataclass(frozen=True)
class UploadFolder:
    """An upload's files."""

    root: Path

    @property
    def photo(self) -> Path:
        """The picture as decoded: upright, sRGB, PNG."""
        return self.root / "photo.png"

    @property
    def preview(self) -> Path:
        """JPEG, at most 1280 pixels long."""
        return self.root / "preview.jpg"


@dataclass(frozen=True)
class JobFolder:
    """A job's files."""

    root: Path

    @property
    def checkpoint(self) -> Path:
        return self.root / "checkpoint"

    @property
    def faces(self) -> Path:
        return self.root / "faces"

    @property
    def persona(self) -> Path:
        """A persona as far as it has been made."""
        return self.root / "persona"

    def face(self, number: int) -> Path:
        """The face of a step, 256², JPEG."""
        return self.faces / f"{number:04d}.jpg"


@dataclass(frozen=True)
class HomeOfResult:
    """A result's files; ``saved`` is what `storage.save` made."""

    root: Path

    @property
    def saved(self) -> Path:
        return self.root / "doppelganger"

    @property
    def film(self) -> Path:
        return self.root / "continuum.mp4"

    def view(self, name: str, size: int) -> Path:
        """A picture at a smaller size, made when first asked for."""
        return self.root / "views" / f"{name}-{size}.jpg"


@dataclass(frozen=True)
class HomeOfPersona:
    """A persona's files; ``saved`` is the folder that `doppelganger persona` opens."""

    root: Path

    @property
    def saved(self) -> Path:
        return self.root / "persona"

    @property
    def series(self) -> Path:
        """Its pictures."""
        return self.saved / "shoots" / "holidays"

    def picture(self, number: int) -> Path:
        """Number 0 is the reference."""
        return self.series / f"{number:04d}.png" if number else self.saved / "reference.png"

    def view(self, number: int, size: int) -> Path:
        """A picture at a smaller size, made when first asked for."""
        return self.root / "views" / f"{number:04d}-{size}.jpg"


class House:
    """The data folder. ``occupy`` it before anything is written; ``leave`` it at the end."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.building: set[str] = set()
        """Ids whose folders are being written and which the database does not know yet."""
        self._lock = FileLock(root / "studio.lock", mode=0o600)

    @property
    def database(self) -> Path:
        return self.root / "studio.sqlite3"

    @property
    def token(self) -> Path:
        return self.root / "token"

    def occupy(self) -> None:
        """Raises OutputError where the folder cannot be used, or another server uses it."""
        try:
            private_folder(self.root)
            private_folder(self.root / "people")
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise OutputError(
                f"Another Studio uses {self.root}; end it, or choose another folder with --data."
            ) from error
        except OSError as error:
            raise OutputError(
                f"{self.root} cannot be used ({error.strerror or type(error).__name__}); choose another folder with --data."
            ) from error

    def leave(self) -> None:
        """Let another server use the folder."""
        self._lock.release()

    def upload(self, person: str, upload: str) -> UploadFolder:
        return UploadFolder(self._folder(person, "uploads", upload))

    def job(self, person: str, job: str) -> JobFolder:
        return JobFolder(self._folder(person, "jobs", job))

    def result(self, person: str, result: str) -> HomeOfResult:
        return HomeOfResult(self._folder(person, "results", result))

    def persona(self, person: str, persona: str) -> HomeOfPersona:
        return HomeOfPersona(self._folder(person, "personas", persona))

    def erase(self, folder: UploadFolder | JobFolder | HomeOfResult | HomeOfPersona) -> None:
        """Delete it and all that is in it, now."""
        erase(folder.root)

    def erase_person(self, person: str) -> None:
        """Delete a person's whole folder."""
        erase(self.root / "people" / person)

    def everything(self) -> Iterator[tuple[str, Kind, str, Path]]:
        """(person, kind, id, folder) of all that lies there, whoever wrote it."""
        for person in sorted((self.root / "people").iterdir()):
            for kind in KINDS:
                place = person / kind
                for one in sorted(place.iterdir()) if place.is_dir() else ():
                    yield person.name, kind, one.name, one

    def people(self) -> list[str]:
        """Names of the people's folders."""
        return sorted(path.name for path in (self.root / "people").iterdir())

    @property
    def belongings(self) -> tuple[Path, ...]:
        """All that a server keeps here, and nothing else that may lie in the folder. The lock holds nothing."""
        logs = (self.database.with_name(f"{self.database.name}-{name}") for name in ("wal", "shm"))
        return self.root / "people", *logs, self.database, self.token

    def clear(self) -> None:
        """Delete everybody and everything, now."""
        for path in self.belongings:
            erase(path)

    def free_bytes(self) -> int:
        """Room left on the disk."""
        return shutil.disk_usage(self.root).free

    def _folder(self, person: str, kind: Kind, name: str) -> Path:
        return self.root / "people" / person / kind / name


def private_folder(folder: Path) -> Path:
    """Make a folder for the owner alone, with its parents."""
    if not folder.parent.is_dir():
        private_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def private_file(path: Path, data: bytes) -> None:
    """Write a small file for the owner alone, whole or not at all."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    partial.replace(path)


def erase(path: Path) -> None:
    """Delete a folder or a file; what another has deleted meanwhile is no trouble."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        if path.is_dir():  # something was written into it meanwhile
            shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
