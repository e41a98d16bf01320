"""``gan`` as somebody types it: a folder, a set, a run, its page, its generator."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from doppelganger.cli import gan
from doppelganger.cli.main import run
from doppelganger.images import encode_png, read_image
from doppelganger.training.gan import picture_set


def test_from_a_folder_to_a_face(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said() -> dict:
        return json.loads(capsys.readouterr().out)

    photos, out, trained = tmp_path / "photos", str(tmp_path / "set"), str(tmp_path / "run")
    photos.mkdir()
    for i, picture in enumerate(np.random.default_rng(0).integers(0, 256, (20, 24, 24, 3), np.uint8)):
        (photos / f"{i}.png").write_bytes(encode_png(picture))
    assert (
        run(
            [
                "gan",
                "prepare",
                str(photos),
                "--resolution",
                "8",
                "--out",
                out,
                "--consent",
                "Nobody, drawn noise",
                "--json",
            ]
        )
        == 0
    )
    assert said()["count"] == 20
    train = ["gan", "train", out, "--out", trained, "--batch", "4", "--device", "cpu", "--json"]
    assert run([*train, "--images", "4"]) == 0
    first = said()
    assert first["images"] == 256 and Path(first["generator"]).is_file()
    assert run([*train, "--images", "200"]) == 0  # there already
    assert said() == first
    assert run(["gan", "look", trained, "--json"]) == 0
    assert Path(said()["page"]).read_text().count("<li>") == 1
    face = ["face", "--seed", "1", "--generator", first["generator"], "--out", str(tmp_path), "--json"]
    assert run(face) == 0
    assert read_image(said()["faces"][0]["picture"]).shape == (8, 8, 3)


@pytest.mark.parametrize(
    ("order", "code", "why"),
    [
        (["prepare"], 2, "or --invented"),
        (["prepare", ".", "--resolution", "48"], 2, "power of two"),
        (["prepare", "none"], 2, "with --consent"),
        (["prepare", "none", "--consent", "nobody is there"], 3, "no folder"),
        (["train", "none"], 3, "not a set"),
        (["train", "none", "--batch", "6"], 2, "multiple of 4"),
        (["train", "none", "--device", "gpu"], 2, "no device 'gpu'"),
        (["train", "none", "--device", "cuda"], 2, "finds no cuda"),
        (["train", "none", "--device", "mps"], 2, "finds no mps"),
        (["look", "none"], 6, "no run yet"),
    ],
)
def test_mistakes_are_a_sentence(
    order: list[str],
    code: int,
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for backend in (torch.cuda, torch.backends.mps):
        monkeypatch.setattr(backend, "is_available", lambda: False)
    assert run(["gan", *order, "--json"]) == code
    assert why in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_what_a_stopped_preparation_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Invented faces are kept as they are made; those of a folder are read again."""

    def stops(*_: object) -> None:
        raise KeyboardInterrupt

    out = ["--out", str(tmp_path / "set"), "--json"]
    monkeypatch.setattr(picture_set, "read_image", stops)
    (tmp_path / "a.png").write_bytes(encode_png(np.zeros((32, 32, 3), np.uint8)))
    assert run(["gan", "prepare", str(tmp_path), "--consent", "nobody is there", *out]) == 130
    assert "begins anew" in capsys.readouterr().out and not (tmp_path / "set").exists()
    monkeypatch.setattr(gan, "_generator_store", stops)
    assert run(["gan", "prepare", "--invented", "16", *out]) == 130
    assert "goes on where it was" in capsys.readouterr().out
