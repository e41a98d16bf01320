"""The first command, as far as it goes without installing everything again: that is what running it does."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from doppelganger.cli.options import needed
from doppelganger.weights import Store

START = Path(__file__).parents[1] / "start.py"


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """start.py as a module, living in a folder of its own."""
    spec = importlib.util.spec_from_file_location("start", START)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    environment = tmp_path / ".venv"
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    for name, value in {
        "ROOT": tmp_path,
        "ENVIRONMENT": environment,
        "PYTHON": python,
        "STAMP": environment / "installed.json",
        "BEGUN": environment / "installing",
        "LOG": environment / "install.log",
    }.items():
        monkeypatch.setattr(module, name, value)
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (tmp_path / "backend.py").write_text(BACKEND)
    return module


BACKEND = '''"""Builds an empty package without needing anything from anywhere."""
import zipfile
from pathlib import Path

NAME = "nothing_at_all-1.0"
METADATA = "Metadata-Version: 2.1\\nName: nothing-at-all\\nVersion: 1.0\\nProvides-Extra: example\\nProvides-Extra: dev\\n"
WHEEL = "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"

def build_editable(folder, config_settings=None, metadata_directory=None):
    if Path("fail").exists():
        raise SystemExit("the backend was told to fail")
    name = f"{NAME}-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder) / name, "w") as wheel:
        wheel.writestr(f"{NAME}.dist-info/METADATA", METADATA)
        wheel.writestr(f"{NAME}.dist-info/WHEEL", WHEEL)
        wheel.writestr(f"{NAME}.dist-info/RECORD", "")
    return name

build_wheel = build_editable
'''


def test_announced_sizes_of_the_networks_are_those_of_the_catalogue(start: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path / "empty")
    for announced, names in ((start.NETWORKS, needed(store)), (start.NETWORKS_TEST, list(store.catalogue))):
        assert announced["download"] == pytest.approx(store.download_size(names) / 1e6, abs=1)
        assert announced["disk"] == pytest.approx(store.kept_size(names) / 1e6, abs=1)


def test_installs_once_again_after_a_change_and_anew_after_an_interruption(
    start: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start, "install_torch", lambda: None)
    start.prepare("example")
    said = capsys.readouterr().out
    assert "MB of packages to download" in said and said.index("to download") < said.index("Installing")
    assert start.works() and start.installed("nothing-at-all") and not start.BEGUN.exists()
    first = json.loads(start.STAMP.read_text())

    start.prepare("example")
    assert capsys.readouterr().out == ""

    start.prepare("dev")
    assert "Installing" in capsys.readouterr().out
    assert set(json.loads(start.STAMP.read_text())["extras"]) == {"example", "dev"}
    start.prepare("example")
    assert capsys.readouterr().out == ""

    with (tmp_path / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    (tmp_path / "fail").touch()
    with pytest.raises(start.Failure, match="told to fail"):
        start.prepare("example")
    assert start.BEGUN.exists()
    (tmp_path / "fail").unlink()
    capsys.readouterr()
    start.prepare("example")
    assert "begun anew" in capsys.readouterr().out
    assert not start.BEGUN.exists() and json.loads(start.STAMP.read_text())["digest"] != first["digest"]


def test_a_folder_that_is_no_environment_is_not_touched(start: ModuleType) -> None:
    start.ENVIRONMENT.mkdir()
    (start.ENVIRONMENT / "diary.txt").write_text("dear")
    with pytest.raises(start.Failure, match="no Python environment"):
        start.create()
    assert (start.ENVIRONMENT / "diary.txt").read_text() == "dear"


def test_the_astronaut_needs_no_download(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "PYTHON", Path(sys.executable))
    assert start.astronaut().stat().st_size > 100_000


def test_help_and_an_old_python(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(START), "--help"], capture_output=True, encoding="utf-8", check=True)
    assert "start.py test" in done.stdout
    source = START.read_text("utf-8")
    old = tmp_path / "start.py"
    old.write_text(
        source.replace("sys.version_info < (3, 11)", "True").replace("sys.version_info[:2]", "(3, 8)"), "utf-8"
    )
    done = subprocess.run([sys.executable, str(old)], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1 and done.stderr.strip() == (
        "Python 3.8 is too old: start this with Python 3.11 or newer."
    )
