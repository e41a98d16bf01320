import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from doppelganger.cli.main import BEGINS_ANEW, STOPPED, explain, run
from doppelganger.cli.options import needed, projection_settings
from doppelganger.errors import BorderNotFoundError, DoppelgangerError
from doppelganger.networks import NEEDED
from doppelganger.weights import Store


def test_help_names_every_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in ("make", "verify", "border", "weights"))
    documented = {0, 1, 2, 130} | {kind.exit_code for kind in every_error()}
    assert documented == {0, 1, 2, 3, 4, 5, 6, 7, 8, 130}
    assert all(f"{code} " in text for code in documented)


def every_error(kind: type[DoppelgangerError] = DoppelgangerError) -> list[type[DoppelgangerError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in every_error(child))]


@pytest.mark.parametrize("arguments", [["--help"], ["make", "--help"], ["weights", "list"], ["make", "missing.jpg"]])
def test_quick_answers_load_no_network_library(arguments: list[str]) -> None:
    code = f"import sys; from doppelganger.cli.main import run; run({arguments!r}); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_importing_the_package_is_light_and_its_names_are_there() -> None:
    code = """
import sys, doppelganger
assert not {"torch", "numpy", "openvino"} & set(sys.modules)
assert {"make", "save", "load", "Settings"} <= set(dir(doppelganger))
assert doppelganger.make.__module__ == "doppelganger.doppelganger"
assert doppelganger.save.__module__ == doppelganger.load.__module__ == "doppelganger.storage"
try:
    doppelganger.nothing
except AttributeError as error:
    assert "nothing" in str(error)
else:
    raise AssertionError
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["make"], "photo"),
        (["frobnicate"], "frobnicate"),
        (["make", "x.jpg", "--face", "-1"], "--face"),
        (["make", "x.jpg", "--method", "magic"], "magic"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert words in capsys.readouterr().err
    assert run([*arguments, "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert said["exit_code"] == 2 and words in said["error"]


def test_a_device_that_is_not_there_or_unheard_of(astronaut_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["make", str(astronaut_file), "--device", "abacus"]) == 2
    assert "abacus" in capsys.readouterr().err


def test_an_unknown_verifier_is_wrong_usage(astronaut_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["make", str(astronaut_file), "--hold-out", "oracle"]) == 2
    assert "oracle" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (BorderNotFoundError("It never flips."), 7, "It never flips."),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/x"), 6, "full"),
        (OSError(errno.EACCES, os.strerror(errno.EACCES), "/x"), 6, "/x"),
        (MemoryError(), 1, "memory"),
        (KeyError("surprise"), 1, "report"),
    ],
)
def test_every_error_becomes_a_sentence_and_a_code(
    error: Exception, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence, exit_code = explain(error)
    assert exit_code == code and words in sentence
    assert ("KeyError" in capsys.readouterr().err) == (code == 1 and "report" in sentence)


def test_the_weights_of_a_run_are_those_that_the_networks_load() -> None:
    assert set(needed(Store())) == set(NEEDED)
    assert set(needed(Store(), in_photo=True)) == {*NEEDED, "bisenet-parsing"}
    assert set(needed(Store(), background=True)) == {*NEEDED, "modnet"}
    assert set(needed(Store(), in_photo=True, background=True)) <= set(Store().catalogue)


@pytest.mark.parametrize("steps", [10, 33, 500])
def test_asked_for_steps_are_the_steps(steps: int) -> None:
    settings = projection_settings(steps)
    assert settings.steps == steps and settings.w_steps > 0 and settings.w_plus_steps > 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["make", "me.jpg"], STOPPED),
        (["face", "a man", "--seed", "3"], STOPPED),
        (["persona", "shoot", "ada"], STOPPED),
        (["verify", "a.jpg", "b.jpg"], BEGINS_ANEW),
        (["face", "mix", "1", "2"], BEGINS_ANEW),
        (["face", "morph", "1", "2"], BEGINS_ANEW),
        (["persona", "delete", "ada"], BEGINS_ANEW),
    ],
)
def test_only_a_command_that_goes_on_says_so(
    arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("typer.main.get_command", interrupted)
    before = signal.getsignal(signal.SIGINT)
    try:
        assert run(arguments) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err.strip() == sentence


def test_ctrl_c_inside_an_exec_while_libraries_load_ends_with_our_code_too(tmp_path: Path) -> None:
    """Data classes are made by `exec`; one that is interrupted there made `python -m` end by the signal, though it was caught."""
    program = """
import sys

class Interrupted:
    def find_spec(self, name, path=None, target=None):
        if name == "doppelganger.cli.app":
            exec("raise KeyboardInterrupt")

sys.meta_path.insert(0, Interrupted())
from doppelganger.cli.main import main
main()
"""
    (tmp_path / "interrupted.py").write_text(program)
    order = [sys.executable, "-m", "interrupted"]
    ended = subprocess.run(order, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert (ended.returncode, ended.stderr.strip()) == (130, STOPPED)
