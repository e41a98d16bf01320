"""``face`` and its commands, as somebody types them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from doppelganger.cli.main import run
from doppelganger.images import read_image
from doppelganger.sculpting.album import read_latent

av = pytest.importorskip("av", reason="the studio extra is not installed")


FIRST = ("face-4.png", "face-5.png")


def said(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faces")
    assert (
        run(
            [
                "face",
                "a smiling woman on roller-skates",
                "--yaw",
                "-15",
                "--seed",
                "4",
                "--count",
                "2",
                "--out",
                str(folder),
            ]
        )
        == 0
    )
    return folder


def test_a_batch_has_pictures_files_and_a_sheet(faces: Path) -> None:
    names = {path.name for path in faces.iterdir()}
    assert names >= {"face-4.png", "face-4.json", "face-5.png", "face-5.json", "sheet.jpg"}
    for seed in (4, 5):
        record = json.loads((faces / f"face-{seed}.json").read_text())
        assert record["asked"] == {"sex": "female", "smile": 0.7, "yaw": "-15"}
        assert record["measured"]["female"] > 0.5
        assert record["measured"]["yaw"] == pytest.approx(-15, abs=6)


def test_another_wish_takes_nothing_away_and_the_same_one_finds_its_own(
    faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "faces"
    shutil.copytree(faces, folder)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    other = ["face", "--seed", "4", "--count", "2", "--out", str(folder), "--json"]
    first = ["face", "a smiling woman", "--yaw", "-15", *other[1:]]
    for words, names, sheet in ((other, ("face-4-2.png", "face-5-2.png"), "sheet-2.jpg"), (first, FIRST, "sheet.jpg")):
        for _ in range(2):
            assert run(words) == 0
            told = said(capsys)
            assert tuple(Path(face["picture"]).name for face in told["faces"]) == names
            assert [Path(one).name for one in told["sheets"]] == [sheet]
    after = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert before.items() <= after.items() and len(after) == 2 * len(before)


def test_unknown_words_and_what_was_read_are_in_the_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["face", "a woman on roller-skates", "--out", str(tmp_path), "--json"]
    assert run(words) == 0
    answer = said(capsys)
    assert answer["unknown words"] == ["roller-skates"]
    (face,) = answer["faces"]
    assert face["reached"] == ["sex"] and Path(face["picture"]).is_file()


def test_a_mix_and_a_child_are_kept_as_faces(faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = str(faces / "face-4.json"), str(faces / "face-5.png")
    assert run(["face", "mix", first, second, "--row", "5", "--out", str(tmp_path), "--json"]) == 0
    mixed = read_latent(Path(said(capsys)["file"]))
    np.testing.assert_array_equal(mixed[:5], read_latent(Path(first))[:5])
    assert run(["face", "child", first, "12", "--age", "10", "--out", str(tmp_path), "--json"]) == 0
    child = said(capsys)
    assert child["child of"] == [first, "12"]
    assert read_image(Path(child["picture"])).shape == (1024, 1024, 3)


def test_a_morph_is_a_film(faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = tmp_path / "two.mp4"
    words = ["face", "morph", str(faces / "face-4.json"), "9", "--seconds", "0.2", "--size", "65", "--out", str(film)]
    assert run([*words, "--json"]) == 0
    assert said(capsys)["frames"] == 4
    with av.open(str(film)) as opened:
        assert (opened.streams.video[0].width, opened.streams.video[0].height) == (64, 64)
        assert "synthetic" in opened.metadata["comment"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["face", "--hair", "green"], "hair takes black"),
        (["face", "--age", "500"], "age takes a number"),
        (["face", "morph", "3"], "needs two faces"),
        (["edit", "photo.png"], "Say what to change"),
        (["edit", "photo.png", "--age", "older"], "age takes a number"),
    ],
)
def test_what_cannot_be_asked_ends_with_2_and_a_sentence(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(words) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_face_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text("{}")
    assert run(["face", "mix", str(tmp_path / "a.json"), "3", "--out", str(tmp_path / "out")]) == 6
    assert "is not a face's file" in capsys.readouterr().err
