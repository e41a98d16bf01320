import json
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from doppelganger.cli import study as commands
from doppelganger.study.analysis import WARNING

sys.path.insert(0, str(Path(__file__).parent.parent / "study"))
from small_study import METHODS, evaluation

APP = typer.Typer()
APP.command("study")(commands.study)
APP.command("study-analyse")(commands.analyse)


def run(*arguments: object) -> str:
    """What a command prints on stdout; its own errors are raised."""
    done = CliRunner().invoke(APP, [str(a) for a in arguments], catch_exceptions=False, env={"COLUMNS": "100"})
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return evaluation(tmp_path_factory.mktemp("runs") / "evaluated", 6)


def test_a_rehearsal_from_folder_to_figures(evaluated: Path, tmp_path: Path) -> None:
    out = tmp_path / "asked"
    said = run("study", evaluated, "--out", out, "--trials", 24, "--choices", 3, "--simulate", 12)
    assert "real portraits" in said and "SIMULATED" in said and all(method in said for method in METHODS)
    assert {f.relative_to(out).as_posix() for f in out.rglob("*") if f.is_file()} == {
        "study.html",
        "private/key.json",
        "private/answers-simulated.csv",
    }
    answers = out / "private" / "answers-simulated.csv"
    table = run("study-analyse", answers, "--out", tmp_path / "figures")
    assert table.count(WARNING) == 2 and all(method in table for method in METHODS)
    written = {f.name for f in (tmp_path / "figures").iterdir()}
    assert written == {f"analysis-simulated.{form}" for form in ("json", "svg", "png")}
    record = json.loads(run("study-analyse", answers, "--json"))
    assert record["warning"] == WARNING and record["simulated"] and record["participants"] == 12
    assert record == json.loads((out / "private" / "analysis-simulated.json").read_text())


def test_methods_are_chosen_and_json_is_all_there_is(evaluated: Path, tmp_path: Path) -> None:
    record = json.loads(
        run(
            "study",
            evaluated,
            "-o",
            tmp_path / "s",
            "--methods",
            f"{METHODS[0]}, {METHODS[1]}",
            "--choices",
            2,
            "--json",
        )
    )
    assert record["methods"] == sorted(METHODS[:2]) and record["forms"] == 2 and record["simulated"] is None
    assert Path(record["page"]).exists() and Path(record["key"]).exists()


def test_an_old_key_is_never_written_over(evaluated: Path, tmp_path: Path) -> None:
    first, second = (
        json.loads(run("study", evaluated, "-o", tmp_path / "s", "--seed", seed, "--json")) for seed in (0, 1)
    )
    assert first["key"] == str(tmp_path / "s" / "private" / "key.json")
    assert second["key"] == str(tmp_path / "s-2" / "private" / "key.json")
    assert first["study"] != second["study"]


def test_fewer_questions_than_asked_for_are_said(evaluated: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(APP, ["study", str(evaluated), "-o", str(tmp_path / "s"), "--trials", "200"])
    assert done.exit_code == 0 and "fewer than the 200" in done.stderr
