"""The command: what it says, and with which exit code it ends."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from serving import PATIENCE, Serving, upload


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "doppelganger.cli", "studio", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"},
    )


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ran = run("--port", str(taken.getsockname()[1]), "--data", str(tmp_path / "data"), "--no-open")
    assert ran.returncode == 1
    assert ran.stderr.strip().splitlines()[-1].endswith("choose another with --port.")
    assert not (tmp_path / "data").exists()


def test_a_folder_in_use_or_of_no_use(studio: Serving, tmp_path: Path) -> None:
    ran = run("--port", "0", "--data", str(studio.data), "--no-open")
    assert ran.returncode == 6 and "Another Studio uses" in ran.stderr
    (tmp_path / "file").write_text("")
    ran = run("--port", "0", "--data", str(tmp_path / "file" / "data"), "--no-open")
    assert ran.returncode == 6 and len(ran.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "no.such.host.invalid"), "no address of this machine"),
        (("--host", "192.0.2.1"), "cannot be listened on"),
    ],
)
def test_an_address_of_no_use(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    ran = run(*arguments, "--port", "0", "--data", str(tmp_path / "data"), "--no-open")
    assert ran.returncode == 1 and words in ran.stderr


def test_wrong_usage(tmp_path: Path) -> None:
    for arguments in (
        ("--keep-hours", "0"),
        ("--keep-hours", "7e7"),
        ("--keep-hours", "inf"),
        ("--keep-hours", "nan"),
        ("--port", "99999"),
        ("--certificate", __file__),
        ("--device", "abacus"),
    ):
        assert run(*arguments, "--data", str(tmp_path / "data"), "--no-open").returncode == 2


def test_the_openapi_document(studio: Serving) -> None:
    ran = run("--openapi", "--data", str(studio.data))
    assert ran.returncode == 0
    assert json.loads(ran.stdout) == studio.stranger().get("/api/openapi.json").json()


def test_it_says_where_things_lie_and_for_how_long(studio: Serving) -> None:
    said = studio.log.read_text("utf-8")
    assert str(studio.data) in said and "deleted after 24 hours" in said and "Ctrl-C" in said
    assert "nothing is deleted" in said


def test_at_the_end_it_says_what_is_left_and_erase_deletes_it(serving: Callable[..., Serving], photo: bytes) -> None:
    studio = serving("--token")
    erase = ("--erase", "--data", str(studio.data))
    ran = run(*erase)
    assert ran.returncode == 6 and "Another Studio uses" in ran.stderr
    client = studio.visitor()
    studio.interrupt()
    assert "--erase" not in studio.log.read_text("utf-8").rpartition("Ctrl-C")[2].partition("\n")[2], "nothing is left"
    studio.start()
    upload(client, photo)
    (studio.data / "mine.txt").write_text("not the Studio's")
    assert studio.interrupt() == 130
    said = studio.log.read_text("utf-8")
    assert f"still lies in {studio.data}" in said and f"doppelganger studio --erase --data {studio.data}\n" in said
    assert studio.files()
    for sentence in ("All that a Studio kept", "There is nothing of a Studio"):
        ran = run(*erase)
        assert ran.returncode == 0 and sentence in ran.stdout
        assert {file.name for file in studio.data.iterdir()} <= {"mine.txt", "studio.lock"}
    assert (studio.data / "mine.txt").exists()
    assert run("--erase", "--data", str(studio.data / "nowhere")).returncode == 0
    assert not (studio.data / "nowhere").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="another program opens pages elsewhere")
def test_the_browsers_command_line_has_no_token(
    serving: Callable[..., Serving], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every user of the machine can read it. A file that only its owner can read has the link, until the Studio ends."""
    told = tmp_path / "told"
    browser = tmp_path / "bin" / "xdg-open"
    browser.parent.mkdir()
    browser.write_text(
        f'#!/bin/sh\n(echo "$@"; stat -c %a "$1"; cat "$1") > "{told}.part"; mv "{told}.part" "{told}"\n'
    )
    browser.chmod(0o700)
    monkeypatch.setenv("PATH", f"{browser.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")))
    monkeypatch.setenv("HOME", str(tmp_path))
    studio = serving("--token", "--open")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not told.exists():
        time.sleep(0.05)
    command, mode, page = told.read_text().splitlines()
    assert studio.token and studio.token not in command and mode == "600" and f"url={studio.link}" in page
    assert studio.interrupt() == 130
    assert not list(tmp_path.glob("*.html"))


def test_a_missing_extra_is_a_sentence() -> None:
    code = (
        "import sys, importlib.util as u; find = u.find_spec; "
        "u.find_spec = lambda name, *a: None if name == 'av' else find(name, *a); "
        "from doppelganger.cli.main import run; sys.exit(run(['studio', '--no-open']))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert ran.returncode == 1 and "deepfake-doppelganger[studio]" in ran.stderr and "start.py run studio" in ran.stderr
