"""`doppelganger evaluate` on two faces, by the methods that need no projection; the others' search is tested where it lives."""

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from doppelganger.cli.main import run

FAST = ["--method", "pixelation-8", "--method", "bar", "--bank", "0", "--no-attack", "--workers", "1"]


@pytest.fixture(scope="module")
def portraits(astronaut_file: Path, stranger_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("portraits")
    shutil.copy(astronaut_file, folder)
    shutil.copy(stranger_file, folder)
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def measured(portraits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results") / "measured"
    assert run(["evaluate", str(portraits), "--out", str(out), *FAST]) == 0
    return out


def test_two_faces_become_a_table_a_front_and_a_page(measured: Path) -> None:
    result = json.loads((measured / "evaluation.json").read_text("utf-8"))
    assert result["portraits"] == result["people"] == 2 and "broken/broken.png" in result["unusable"]
    rows = result["rows"]
    assert set(rows) == {"pixelation, 8 blocks a face", "black bar over the eyes"}
    bar, coarse = (
        rows[name]["held out"]["clean"] for name in ("black bar over the eyes", "pixelation, 8 blocks a face")
    )
    assert bar["TAR at privacy"]["n"] == 8 and bar["TAR at privacy"]["people"] == 2
    assert bar["TAR at privacy"]["value"] > coarse["TAR at privacy"]["value"]  # a bar hides little, coarse blocks much
    assert 0 < bar["TAR at FAR 1e-3"]["high"] <= 1
    page = (measured / "index.html").read_text("utf-8")
    assert page.count("cases/") == 6 and "://" not in page
    for case in measured.glob("cases/*/portrait.png"):
        assert f"cases/{case.parent.name}/portrait.png" in page
    for name in (
        "front.svg",
        "front.png",
        "front.csv",
        "front.parquet",
        "trials.csv",
        "trials.parquet",
        "likeness.csv",
    ):
        assert (measured / name).stat().st_size > 100


def test_the_same_command_again_repeats_nothing(
    measured: Path, portraits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in measured.glob("cases/*/*")}
    assert len(before) == 2 * 9 + 2
    assert run(["evaluate", str(portraits), "--out", str(measured), *FAST, "--json"]) == 0
    assert {path: path.stat().st_mtime_ns for path in measured.glob("cases/*/*")} == before
    assert json.loads(capsys.readouterr().out)["portraits"] == 2


def test_mistakes_are_sentences(
    portraits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["evaluate", str(tmp_path / "nowhere")]) == 3
    assert "nowhere is not a folder" in capsys.readouterr().err
    assert run(["evaluate", str(portraits), "--out", str(tmp_path / "x"), "--method", "magic"]) == 2
    assert "'magic'" in capsys.readouterr().err
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "a.png").write_bytes(b"no picture")
    assert run(["evaluate", str(tmp_path / "only"), "--out", str(tmp_path / "y"), *FAST]) == 4
    assert "a.png" in capsys.readouterr().err
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyarrow" else found(name))
    assert run(["evaluate", str(portraits), "--out", str(tmp_path / "z")]) == 1
    assert "pyarrow" in (said := capsys.readouterr().err) and "evaluation" in said
