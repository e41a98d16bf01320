"""The store: a weight's name to a verified file in the platform's cache folder, fetched on first use."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs
from filelock import FileLock, Timeout

from doppelganger.errors import DigestMismatchError, WeightsUnavailableError
from doppelganger.progress import Event, Progress, silent
from doppelganger.weights.catalogue import CATALOGUE, Archive, Member, Weight
from doppelganger.weights.files import sha256_of, writing
from doppelganger.weights.pip_settings import PipSettings

State = Literal["whole", "missing", "damaged"]

# Raised when ``convert`` comes to write other files, so that cached ones are made anew.
_CONVERSION = 1


def cache_folder() -> Path:
    """Where weights are kept: ``$DOPPELGANGER_CACHE``, else the platform's cache folder."""
    named = os.environ.get("DOPPELGANGER_CACHE")
    return (
        Path(named).expanduser().absolute() if named else platformdirs.user_cache_path("doppelganger", appauthor=False)
    )


@dataclass(frozen=True)
class _Note:
    """What is written beside a converted file: which bytes it came from, and its own size and digest."""

    source: str
    version: int
    sha256: str


@dataclass(frozen=True)
class Checkup:
    """What hashing a cached file anew gave; the digests are None for a file that is not there."""

    name: str
    file: Path
    state: State
    expected: str | None
    actual: str | None

    @property
    def sentence(self) -> str:
        """What is wrong and what to do."""
        if self.state == "whole":
            return f"The weight '{self.name}' is whole."
        if self.state == "missing":
            return f"The weight '{self.name}' is not in the cache; run `doppelganger weights fetch {self.name}`."
        return (
            f"The cached file {self.file} of the weight '{self.name}' is damaged: its SHA-256 is {self.actual} where "
            f"{self.expected} is expected; run `doppelganger weights remove {self.name}` to have it fetched anew."
        )


class Store:
    """Weights by name. Making one touches neither disk nor network.

    Layout: ``folder/file`` of each weight, ``file.json`` beside a converted one, ``partial/`` for what is not whole.
    """

    def __init__(
        self,
        folder: Path | None = None,
        catalogue: Mapping[str, Weight] = CATALOGUE,
        settings: PipSettings | None = None,
    ) -> None:
        """``settings``: pip's, read when a fetch first needs them if not given."""
        self.folder = cache_folder() if folder is None else folder
        self.catalogue = catalogue
        self._settings = settings
        self._checked: dict[str, tuple[int, int]] = {}

    def path(self, name: str, progress: Progress = silent) -> Path:
        """The verified file of a weight, fetched if it is not there yet.

        Its SHA-256 is checked once for each store and again when its size or time of change is another than then.

        Raises:
            WeightsUnavailableError: no such weight, no source has it, or the cache cannot be written.
            DigestMismatchError: the cached file or what a source gave is not the pinned bytes.
            UnsafePickleError: a file to be converted holds more than arrays.
        """
        weight = self._weight(name)
        file = self._file(weight)
        if self._expected(weight) is None:
            with self._lock(progress):
                if self._expected(weight) is None:  # another process may have been first
                    from doppelganger.weights.fetch import fetch  # network libraries, only when there is need

                    fetch(self, weight, self._settings or PipSettings.read(), progress)
        self._check(weight, file)
        return file

    def add(self, name: str, source: str | Path, progress: Progress = silent) -> Path:
        """Take a weight from the user's file or address: the file itself, or an archive that the catalogue pins.

        Raises: as ``path``.
        """
        weight = self._weight(name)
        with self._lock(progress):
            from doppelganger.weights.fetch import add

            add(self, weight, source, self._settings or PipSettings.read(), progress)
        self._check(weight, self._file(weight))
        return self._file(weight)

    def cached(self, name: str) -> bool:
        """Whether the file is there (its bytes are not looked at)."""
        return self._expected(self._weight(name)) is not None

    def download_size(self, names: Iterable[str] | None = None) -> int:
        """Bytes that fetching ``names`` (all by default) would download: each missing archive once."""
        archives: dict[Archive, None] = {}
        plain = 0
        for weight in self._weights(names):
            if self.cached(weight.name):
                continue
            first = weight.sources[0]
            if isinstance(first, Member):
                archives[first.archive] = None
            else:
                plain += weight.size
        return plain + sum(archive.size for archive in archives)

    def kept_size(self, names: Iterable[str] | None = None) -> int:
        """Bytes that ``names`` (all by default) take on the disk once fetched, with what comes in the same archives.

        A converted file is about as long as the published one. While fetching, the archive takes room as well.
        """
        kept = {weight.name: weight.size for weight in self._weights(names)}
        for weight in self._weights(names):
            first = weight.sources[0]
            if isinstance(first, Member) and not self.cached(weight.name):
                kept |= {sibling.name: sibling.size for sibling, _ in self.siblings(first.archive, weight)}
        return sum(kept.values())

    def verify(self, names: Iterable[str] | None = None) -> list[Checkup]:
        """Hash every cached file of ``names`` (all by default) anew."""
        return [self._checkup(weight) for weight in self._weights(names)]

    def remove(self, names: Iterable[str] | None = None) -> list[str]:
        """Remove cached files (all by default) and unfinished downloads; returns the names that were there."""
        if not self.folder.is_dir():
            return []
        removed = []
        with self._lock(), writing(self.folder):
            for weight in self._weights(names):
                file = self._file(weight)
                if file.exists():
                    removed.append(weight.name)
                file.unlink(missing_ok=True)
                self._note_file(weight).unlink(missing_ok=True)
                self._checked.pop(weight.name, None)
            for left in self.partial.glob("*"):
                if left.is_dir():  # npm works in one
                    shutil.rmtree(left)
                else:
                    left.unlink(missing_ok=True)
        return removed

    def digest(self, name: str) -> str:
        """SHA-256 that a weight's kept file must have: the catalogue's, or the one noted when it was converted.

        Raises:
            WeightsUnavailableError: a converted weight that is not in the cache yet.
        """
        weight = self._weight(name)
        expected = self._expected(weight) if weight.converter else weight.sha256
        if expected is None:
            raise WeightsUnavailableError(f"The weight '{name}' is not in the cache yet; fetch it first.")
        return expected

    # What follows serves ``fetch``, which runs under the lock.

    @property
    def partial(self) -> Path:
        """The folder of files that are not whole yet."""
        return self.folder / "partial"

    def install(self, weight: Weight, arrived: Path) -> None:
        """Move or convert ``arrived``, whose bytes were checked, to its place, in one step that cannot be half done."""
        file = self._file(weight)
        with writing(self.folder):
            file.parent.mkdir(parents=True, exist_ok=True)
            if weight.converter is None:
                arrived.replace(file)
                return
        from doppelganger.weights.convert import convert  # NumPy and PyTorch, only when there is need

        made = arrived.with_suffix(".converted")
        try:
            with writing(self.folder):
                convert(weight.converter, arrived, made)
                note = _Note(weight.sha256, _CONVERSION, sha256_of(made))
                self._note_file(weight).write_text(json.dumps(vars(note)))
                made.replace(file)
        finally:
            made.unlink(missing_ok=True)
            arrived.unlink(missing_ok=True)

    def siblings(self, archive: Archive, source_of: Weight) -> list[tuple[Weight, Member]]:
        """The weights that ``archive`` holds and the cache does not, ``source_of`` in any case."""
        return [
            (weight, source)
            for weight in self.catalogue.values()
            for source in weight.sources
            if isinstance(source, Member)
            and source.archive == archive
            and (weight == source_of or self._expected(weight) is None)
        ]

    def _weight(self, name: str) -> Weight:
        try:
            return self.catalogue[name]
        except KeyError:
            raise WeightsUnavailableError(
                f"There is no weight '{name}'; the catalogue has {', '.join(self.catalogue)}."
            ) from None

    def _weights(self, names: Iterable[str] | None) -> list[Weight]:
        return [self._weight(name) for name in (self.catalogue if names is None else names)]

    def _file(self, weight: Weight) -> Path:
        return self.folder / weight.folder / weight.file

    def _note_file(self, weight: Weight) -> Path:
        return self._file(weight).with_name(weight.file + ".json")

    def _expected(self, weight: Weight) -> str | None:
        """The digest that the cached file must have; None when there is no file, or none made from the pinned bytes."""
        if not self._file(weight).is_file():
            return None
        if weight.converter is None:
            return weight.sha256
        try:
            note = _Note(**json.loads(self._note_file(weight).read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return note.sha256 if (note.source, note.version) == (weight.sha256, _CONVERSION) else None

    def _checkup(self, weight: Weight) -> Checkup:
        file = self._file(weight)
        expected = self._expected(weight)
        if expected is None:
            return Checkup(weight.name, file, "missing", None, None)
        try:
            actual = sha256_of(file)
        except OSError as error:
            raise WeightsUnavailableError(
                f"The cached file {file} of the weight '{weight.name}' cannot be read ({error.strerror}); run "
                f"`doppelganger weights remove {weight.name}` and start again."
            ) from error
        return Checkup(weight.name, file, "whole" if actual == expected else "damaged", expected, actual)

    def _check(self, weight: Weight, file: Path) -> None:
        try:
            stat = file.stat()
            signature = (stat.st_size, stat.st_mtime_ns)
        except FileNotFoundError:  # removed by somebody since it was fetched
            signature = None
        if signature is None or self._checked.get(weight.name) != signature:
            checkup = self._checkup(weight)
            if signature is None or checkup.state == "missing":
                raise WeightsUnavailableError(checkup.sentence)
            if checkup.state == "damaged":
                raise DigestMismatchError(checkup.sentence)
            self._checked[weight.name] = signature

    @contextmanager
    def _lock(self, progress: Progress = silent) -> Iterator[None]:
        """One process fetches at a time; the operating system frees the lock of one that dies."""
        with writing(self.folder):
            self.partial.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / "fetch.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                progress(Event("waiting", 0, 1, "another process is fetching weights"))
                lock.acquire()
        try:
            yield
        finally:
            lock.release()
