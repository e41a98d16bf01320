import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save as save_arrays

from doppelganger.cli.main import run
from doppelganger.images import RGB, encode_png, read_image
from doppelganger.networks import Networks
from doppelganger.persona.folder import save
from doppelganger.persona.making import from_seed
from doppelganger.persona.own_photos import Entry, WornPhotos
from doppelganger.persona.persona import PersonaError
from doppelganger.persona.pictures import find_picture
from doppelganger.provenance import SourceType


@pytest.fixture(scope="module")
def persona(networks: Networks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(from_seed("ada", 12, networks), tmp_path_factory.mktemp("personas") / "ada")


@pytest.fixture
def wall(tmp_path: Path) -> Path:
    file = tmp_path / "wall.png"
    file.write_bytes(encode_png(np.full((300, 400, 3), (200, 160, 120), np.uint8)))
    return file


def said(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def test_the_reference_is_placed_and_marked(
    persona: Path, wall: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "placed.png"
    assert run(["persona", "place", str(persona), "reference", "--before", str(wall), "--out", str(out), "--json"]) == 0
    told = said(capsys)
    assert told["file"] == str(out) and told["same"] and set(told["turned"]) == {"light_left", "light_above"}
    assert len(told["persona"]) == 4
    assert SourceType.COMPOSITE.encode() in out.read_bytes()
    assert read_image(out).shape == (1024, 1024, 3)


def test_a_second_picture_before_one_place_takes_another_name(
    persona: Path, wall: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ada-before-wall.png").write_bytes(b"of yesterday")
    assert run(["persona", "place", str(persona), "reference", "--before", str(wall), "--json"]) == 0
    assert said(capsys)["file"] == str(tmp_path / "ada-before-wall-2.png")
    assert (tmp_path / "ada-before-wall.png").read_bytes() == b"of yesterday"


def test_many_photos_are_several_sheets_and_old_ones_go(tmp_path: Path) -> None:
    photos = [tmp_path / f"{k:03d}.png" for k in range(546)]
    for photo in photos:
        photo.write_bytes(encode_png(np.full((8, 8, 3), 90, np.uint8)))
    worn = WornPhotos(tmp_path / "worn")
    (tmp_path / "worn").mkdir()
    (tmp_path / "worn" / "a.png").write_bytes(photos[0].read_bytes())
    worn.entries = {photo.name: Entry(photo.name, "", worn="a.png") for photo in photos}
    worn.sheets(photos)
    sheets = [f"sheet{n}.jpg" for n in ("", "-2", "-3", "-4", "-5")]
    assert sorted(file.name for file in (tmp_path / "worn" / "private").iterdir()) == sorted(sheets)
    assert read_image(tmp_path / "worn" / "private" / "sheet-5.jpg").shape == (22 * 360, 2160, 3)
    worn.sheets(photos[:4])
    (only,) = (tmp_path / "worn" / "private").iterdir()
    assert read_image(only).shape == (720, 2160, 3)


def test_what_is_not_there_is_said(
    persona: Path, wall: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--before", str(wall), "--out", str(tmp_path / "x.png"), "--json"]
    assert run(["persona", "place", str(persona), "holidays/7", *place]) == 2
    assert "holidays/7" in said(capsys)["error"]
    assert run(["persona", "place", str(tmp_path / "nobody"), "reference", *place]) == 2
    assert "no persona" in said(capsys)["error"]
    assert not (tmp_path / "x.png").exists()
    (tmp_path / "empty").mkdir()
    assert run(["persona", "wear", str(persona), str(tmp_path / "empty"), "--json"]) == 2
    assert "no pictures" in said(capsys)["error"]


def test_photos_of_nobody_end_with_one_answer_and_its_exit_code(
    persona: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "torn.jpg").write_bytes(b"no picture")
    assert run(["persona", "wear", str(persona), str(photos), "--json"]) == 4
    told = said(capsys)
    assert told["folder"] == str(tmp_path / "photos-as-ada")
    assert [photo["photo"] for photo in told["photos"]] == ["torn.jpg"] and "torn.jpg" in told["photos"][0]["error"]


def test_a_picture_of_a_series_brings_its_latent(tmp_path: Path, stranger: RGB) -> None:
    own, other = np.ones((39, 512), np.float32), np.zeros((39, 512), np.float32)
    series = tmp_path / "shoots" / "holidays"
    (series / "latents").mkdir(parents=True)
    (series / "0003.png").write_bytes(encode_png(stranger[:8, :8]))
    (series / "latents" / "0003.safetensors").write_bytes(save_arrays({"latent": other}))
    for called in ("holidays/3", "3", str(series / "0003.png")):
        found = find_picture(tmp_path, called, own)
        assert found.file == series / "0003.png" and found.latent is not None and not found.latent.any()
    reference = find_picture(tmp_path, "reference", own)
    assert reference.file == tmp_path / "reference.png" and reference.latent is own
    again = tmp_path / "shoots" / "work"
    again.mkdir()
    (again / "0003.png").write_bytes(encode_png(stranger[:8, :8]))
    with pytest.raises(PersonaError, match="holidays/3, work/3"):
        find_picture(tmp_path, "3", own)
    assert find_picture(tmp_path, "work/3", own).latent is None
