"""The command: what it says, and with which exit code it ends."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from serving import Serving


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
    for arguments in (("--keep-hours", "0"), ("--port", "99999"), ("--certificate", __file__), ("--device", "abacus")):
        assert run(*arguments, "--data", str(tmp_path / "data"), "--no-open").returncode == 2


def test_the_openapi_document(studio: Serving) -> None:
    ran = run("--openapi")
    assert ran.returncode == 0
    assert json.loads(ran.stdout) == studio.stranger().get("/api/openapi.json").json()


def test_it_says_where_things_lie_and_for_how_long(studio: Serving) -> None:
    said = studio.log.read_text("utf-8")
    assert str(studio.data) in said and "deleted after 24 hours" in said and "Ctrl-C" in said


def test_a_missing_extra_is_a_sentence() -> None:
    code = (
        "import sys, importlib.util as u; find = u.find_spec; "
        "u.find_spec = lambda name, *a: None if name == 'av' else find(name, *a); "
        "from doppelganger.cli.main import run; sys.exit(run(['studio', '--no-open']))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert ran.returncode == 1 and "deepfake-doppelganger[studio]" in ran.stderr and "start.py run studio" in ran.stderr
