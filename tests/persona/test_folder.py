import json
import shutil

import numpy as np
import pytest
from PIL import Image

from doppelganger.errors import OutputError
from doppelganger.persona.folder import delete, load, personas_in, save
from doppelganger.persona.persona import PersonaError
from doppelganger.verifiers.protocol import OperatingPoint


@pytest.fixture
def saved(ada, tmp_path):
    return save(ada, tmp_path / "ada")


def test_a_new_persona_looks_at_the_camera_and_is_one_person_in_all_views(ada, networks):
    assert abs(ada.likeness["yaw"]) < 3 and abs(ada.likeness["pitch"]) < 3
    for member in networks.panel.members:
        limit = member.thresholds[OperatingPoint.IDENTITY].value
        assert member.distance(ada.front[member.name], ada.anchor[member.name]) < 0.7 * limit
    assert {"yaw", "age", "smile"} <= set(ada.bounds)
    assert ada.provenance["seed"] == 3 and "does not exist" in ada.consent


def test_it_can_be_moved_and_opened_again(ada, saved, tmp_path):
    moved = tmp_path / "elsewhere" / "renamed"
    moved.parent.mkdir()
    shutil.move(saved, moved)
    again = load(moved)
    assert again.name == "Ada" and again.consent == ada.consent and dict(again.bounds) == dict(ada.bounds)
    np.testing.assert_array_equal(again.latent, ada.latent)
    np.testing.assert_array_equal(again.reference, ada.reference)
    assert again.views.keys() == ada.views.keys()
    for name, embedding in ada.anchor.items():
        np.testing.assert_array_equal(again.anchor[name], embedding)
        np.testing.assert_array_equal(again.front[name], ada.front[name])
    assert again.likeness["age"] == pytest.approx(ada.likeness["age"], rel=1e-4)


def test_its_pictures_say_that_they_are_synthetic(saved):
    for file in (saved / "reference.png", *(saved / "views").iterdir()):
        assert "trainedAlgorithmicMedia" in Image.open(file).text["XML:com.adobe.xmp"]


def test_nothing_is_written_over(ada, saved):
    before = (saved / "persona.json").read_bytes()
    with pytest.raises(OutputError, match="already"):
        save(ada, saved)
    assert (saved / "persona.json").read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["ada"], "no remains beside it"


def test_delete_removes_all_and_says_what(saved):
    (saved / "shoots" / "x").mkdir(parents=True)
    (saved / "shoots" / "x" / "0001.png").write_bytes(b"123")
    files = [path for path in saved.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    removed = delete(saved)
    assert (removed.name, removed.files, removed.size) == ("Ada", len(files), size)
    assert not saved.exists() and removed.files > 7


def test_what_is_no_persona_is_not_deleted(tmp_path):
    folder = tmp_path / "holiday photos"
    folder.mkdir()
    (folder / "beach.jpg").write_bytes(b"1")
    with pytest.raises(PersonaError, match="nothing was deleted"):
        delete(folder)
    assert (folder / "beach.jpg").exists()


def test_personas_are_found(saved, tmp_path):
    (tmp_path / "other").mkdir()
    assert personas_in(tmp_path) == [saved]


@pytest.mark.parametrize("damage", ["persona.json", "persona.safetensors", "reference.png"])
def test_a_damaged_or_missing_file_is_a_sentence(saved, damage):
    (saved / damage).write_bytes(b"no")
    with pytest.raises(PersonaError):
        load(saved)
    (saved / damage).unlink()
    with pytest.raises(PersonaError):
        load(saved)


def test_a_newer_persona_is_refused(saved):
    record = json.loads((saved / "persona.json").read_text("utf-8"))
    (saved / "persona.json").write_text(json.dumps(record | {"schema": 99}), "utf-8")
    with pytest.raises(PersonaError, match="update"):
        load(saved)
