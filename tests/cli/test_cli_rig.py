"""``doppelganger rig``."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from doppelganger.cli.main import run
from doppelganger.images import read_image
from doppelganger.puppet.rig import Rig, is_rig


def test_a_picture_becomes_an_avatar(
    astronaut_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = "Eileen Collins by NASA, public domain"
    assert run(["rig", str(astronaut_file), "--note", said, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    folder = Path(answer["folder"])
    assert folder == tmp_path / "astronaut-rig" and is_rig(folder)
    assert Rig.load(folder).note == said
    look = read_image(Path(answer["look"]))
    assert look.shape == (512, 5 * 512, 3) and np.ptp(look) > 100
    with Image.open(answer["look"]) as picture:
        assert "compositeWithTrainedAlgorithmicMedia" in str(picture.info["XML:com.adobe.xmp"])
    assert run(["rig", str(astronaut_file), "--note", said]) == 6  # it overwrites nothing
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Give a result, a picture, or --seed N"),
        (["a.png", "--seed", "3"], "one of them"),
        (["a.png"], "say with --note whose face it is"),
    ],
)
def test_wrong_usage(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["rig", *arguments]) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.iterdir())


def test_what_is_no_picture_and_what_is_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jpg").write_text("hello")
    assert run(["rig", str(tmp_path / "a.jpg"), "--note", "x", "-o", str(tmp_path / "r")]) == 3
    assert run(["rig", str(tmp_path), "-o", str(tmp_path / "r")]) == 3
    assert "no result of `doppelganger make`" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()
