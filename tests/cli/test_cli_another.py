"""``--generator`` as somebody types it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from doppelganger.cli.main import run
from doppelganger.errors import OutputError
from doppelganger.generators.stylegan2 import Shape, StyleGAN2Network
from doppelganger.generators.stylegan2_generator import StyleGAN2, generator_file
from doppelganger.images import read_image
from doppelganger.invented import invented
from doppelganger.sculpting.album import read_latent


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("generator") / "tiny.safetensors"
    file.write_bytes(generator_file(StyleGAN2Network(Shape(16, 128, 8, z_dim=12, w_dim=12, mapping_layers=2))))
    return file


def test_faces_and_a_mix_of_another_generator(
    generator: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by = ["--generator", str(generator), "--out", str(tmp_path), "--json"]
    assert run(["face", "--seed", "3", "--count", "2", *by]) == 0
    faces = json.loads(capsys.readouterr().out)["faces"]
    network = StyleGAN2.of_file(generator, torch.device("cpu"))
    for seed, face in zip((3, 4), faces, strict=True):
        np.testing.assert_array_equal(read_image(face["picture"]), network.synthesise(invented(seed, network)))
    assert run(["face", "mix", faces[0]["file"], "9", "--row", "2", *by]) == 0
    mixed = read_latent(Path(json.loads(capsys.readouterr().out)["file"]), network)
    np.testing.assert_array_equal(mixed[:2], read_latent(Path(faces[0]["file"]), network)[:2])
    np.testing.assert_array_equal(mixed[2], invented(9, network))


def test_a_morph_of_another_generator(generator: Path, tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="the studio extra is not installed")
    film = tmp_path / "morph.mp4"
    order = ["face", "morph", "1", "2", "--seconds", "0.2", "--size", "64", "--generator", str(generator)]
    assert run([*order, "--out", str(film)]) == 0
    with av.open(str(film)) as opened:
        assert (opened.streams.video[0].width, opened.streams.video[0].height) == (64, 64)


def test_another_mix_and_another_film_take_another_name(
    generator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("av", reason="the studio extra is not installed")
    monkeypatch.chdir(tmp_path)

    def file(*words: str) -> str:
        assert run(["face", *words, "--generator", str(generator), "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        return Path(told.get("file") or told["film"]).name

    mixes = [file("mix", "1", "2", "--row", row) for row in ("2", "3", "2")]
    assert mixes == ["mix-1-2.json", "mix-1-2-2.json", "mix-1-2.json"]
    morph = ("morph", "1", "2", "--seconds", "0.2", "--size", "64")
    assert [file(*morph), file(*morph)] == ["morph.mp4", "morph-2.mp4"]
    assert file(*morph, "--out", "morph.mp4") == "morph.mp4"
    assert sorted(one.name for one in tmp_path.glob("*.mp4")) == ["morph-2.mp4", "morph.mp4"]


def test_what_it_cannot_do_is_refused_by_a_sentence(
    generator: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by = ["--generator", str(generator), "--out", str(tmp_path), "--json"]
    assert run(["face", "a bald man", *by]) == 2
    assert "built-in generator alone" in capsys.readouterr().out
    assert run(["face", "mix", "1", "2", "--row", "9", *by]) == 2
    assert "has 6 rows" in capsys.readouterr().out
    assert run(["face", "--seed", "1", *by]) == 0
    capsys.readouterr()
    with pytest.raises(OutputError, match=r"was made with --generator tiny\.safetensors"):
        read_latent(tmp_path / "face-1.json")
    (tmp_path / "evil.pkl").write_bytes(b"cos\nsystem\n(S'touch evil'\ntR.")
    assert run(["face", "--generator", str(tmp_path / "evil.pkl"), "--json"]) == 5
    assert "os.system" in capsys.readouterr().out
