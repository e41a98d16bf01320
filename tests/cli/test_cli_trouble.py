"""Bad input through the real command: one sentence, a documented exit code, nothing left behind."""

import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from doppelganger.cli.main import run
from doppelganger.images import RGB, encode_jpeg, encode_png, resize
from doppelganger.weights import Store

COMMAND = [sys.executable, "-m", "doppelganger.cli"]


def bomb(side: int) -> bytes:
    """A valid PNG of ``side``² black pixels in a few hundred kilobytes at most."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def landscape() -> RGB:
    """Sky above hills, [600, 800, 3]."""
    y, x = np.mgrid[0:600, 0:800]
    sky = np.stack([120 + y // 8, 160 + y // 10, 230 - y // 12], -1)
    hills = np.stack([40 + x // 20, 110 + (x + y) // 30, 50 + y // 40], -1)
    return np.where((y > 350 + 60 * np.sin(x / 90))[..., None], hills, sky).astype(np.uint8)


def small_face(astronaut: RGB) -> RGB:
    """The astronaut so far away that her face is about 40 pixels high."""
    canvas = np.full((600, 800, 3), 190, np.uint8)
    canvas[200:400, 300:500] = resize(astronaut, 200, 200)
    return canvas


@pytest.fixture
def photos(astronaut: RGB, stranger: RGB) -> dict[str, bytes]:
    small = resize(stranger, 512, 512)
    return {
        "text.jpg": b"This is no picture.\n",
        "truncated.jpg": encode_jpeg(astronaut)[:20_000],
        "bomb.png": bomb(30_000),
        "landscape.jpg": encode_jpeg(landscape()),
        "group.png": encode_png(np.hstack([astronaut, small])),
        "far.png": encode_png(small_face(astronaut)),
    }


@pytest.mark.parametrize(
    ("name", "options", "code", "words"),
    [
        ("text.jpg", [], 3, "text.jpg is not a picture"),
        ("truncated.jpg", [], 3, "damaged or cut short"),
        ("bomb.png", [], 3, "more than 100 megapixels"),
        ("missing.jpg", [], 3, "does not exist"),
        ("landscape.jpg", [], 4, "No face was found in landscape.jpg"),
        ("group.png", ["--face", "2"], 4, "has 2 faces, numbered 0 to 1"),
        ("far.png", [], 4, "too small"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_photo_that_will_not_do_is_refused_by_one_sentence(
    photos: dict[str, bytes],
    name: str,
    options: list[str],
    code: int,
    words: str,
    as_json: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    if name in photos:
        Path(name).write_bytes(photos[name])
    before = set(tmp_path.iterdir())
    assert run(["make", name, *options, *(["--json"] if as_json else [])]) == code
    captured = capsys.readouterr()
    if as_json:
        said = json.loads(captured.out)
        assert said["exit_code"] == code and words in said["error"]
    else:
        assert captured.out == ""
        sentences = [line for line in captured.err.splitlines() if line and not line.startswith("loading")]
        assert len(sentences) == 1 and words in sentences[0]
    assert set(tmp_path.iterdir()) == before


def test_the_bomb_is_small() -> None:
    assert len(bomb(30_000)) < 200_000


def unwritable(tmp_path: Path) -> list[Path]:
    """Places where no folder can be made, for the superuser neither."""
    (tmp_path / "file").write_text("not a folder")
    places = [tmp_path / "file" / "out"]
    if sys.platform == "linux":
        places.append(Path("/proc/doppelganger-out"))
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o555)
        places.append(closed / "out")
    return places


def test_an_output_folder_that_cannot_be_is_refused_before_the_work(
    astronaut_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("make", "border"):
        for place in unwritable(tmp_path):
            assert run([command, str(astronaut_file), "--out", str(place)]) == 6
            captured = capsys.readouterr()
            assert str(place) in captured.err and "Traceback" not in captured.err and captured.out == ""


@pytest.mark.parametrize("command", ["make", "verify"])
def test_no_network_and_an_empty_cache(
    command: str,
    astronaut_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in [key for key in os.environ if key.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_PROXY", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("DOPPELGANGER_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    photos = [str(astronaut_file)] * (2 if command == "verify" else 1)
    assert run([command, *photos]) == 5
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert "could not be had" in last and "doppelganger weights add" in last
    assert {path.name for path in tmp_path.iterdir()} == {"cache"}


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need rights on Windows")
def test_a_corrupted_cached_weight_is_named_with_both_digests(
    store: Store,
    astronaut_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = store.path("sface")
    cache = tmp_path / "cache"
    for file in store.folder.rglob("*"):
        if file.is_file() and "partial" not in file.parts and file.name != "fetch.lock":
            link = cache / file.relative_to(store.folder)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
    damaged = cache / whole.relative_to(store.folder)
    damaged.unlink()
    damaged.write_bytes(whole.read_bytes()[:-1] + b"?")
    monkeypatch.setenv("DOPPELGANGER_CACHE", str(cache))
    monkeypatch.chdir(tmp_path)
    assert run(["make", str(astronaut_file), "--json"]) == 5
    said = json.loads(capsys.readouterr().out)["error"]
    assert "sface" in said and store.catalogue["sface"].sha256 in said and "weights remove sface" in said
    assert {path.name for path in tmp_path.iterdir()} == {"cache"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files, which Windows has not")
def test_a_full_cache_disk(store: Store, tmp_path: Path) -> None:
    import resource

    limit = 100_000  # bytes; yunet has twice as many
    done = subprocess.run(
        [*COMMAND, "weights", "add", "yunet", str(store.path("yunet"))],
        env={**os.environ, "DOPPELGANGER_CACHE": str(tmp_path / "cache")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 5 and "is full" in done.stderr and "Traceback" not in done.stderr
    left = [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.stat().st_size]
    assert left == []
