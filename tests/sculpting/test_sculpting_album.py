"""Faces on disk."""

import io
import json
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from doppelganger.errors import OutputError
from doppelganger.images import RGB, read_image
from doppelganger.sculpting.album import (
    A_SHEET,
    about_made,
    contact_sheet,
    keep_face,
    keep_sheets,
    made_before,
    new_folder,
    read_latent,
)
from doppelganger.sculpting.making import Made
from doppelganger.sculpting.wish import wish

SMALL = np.full((8, 8, 3), 90, np.uint8)


def test_a_face_comes_back_from_its_file(made: Made, tmp_path: Path) -> None:
    kept = keep_face(tmp_path / "out", "face-7", made.steered.picture, made.steered.latent, about_made(made, 1.5))
    np.testing.assert_array_equal(read_latent(kept.record), made.steered.latent)
    np.testing.assert_array_equal(read_image(kept.picture), made.steered.picture)
    assert "synthetic" in Image.open(kept.picture).text["Description"]
    record = json.loads(kept.record.read_text())
    assert record["asked"] == dict(made.wish.asked) and record["seed"] == 7
    assert record["measured"]["hair"] == made.steered.reading.hair_colour
    assert record["missed"] == made.steered.missed
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["face-7.json", "face-7.png"]


def test_another_face_takes_another_name_and_the_same_one_its_own(tmp_path: Path) -> None:
    (tmp_path / "face-0.png").write_bytes(b"somebody's own")
    (tmp_path / "face-0-2.json").write_text("[]")

    def keep(level: float, asked: dict[str, float], seconds: float) -> str:
        about = {"seed": 0, "asked": asked, "seconds": seconds}
        return keep_face(tmp_path, "face-0", SMALL, np.full((16, 512), level, np.float32), about).record.name

    assert keep(0, {"age": 60}, 1.5) == "face-0-3.json"
    assert keep(1, {"age": 30}, 1.5) == keep(1, {"age": 30}, 2.5) == "face-0-4.json"
    assert keep(0, {"age": 61}, 1.5) == "face-0-5.json"  # the same face for another wish
    assert read_latent(tmp_path / "face-0-3.json").max() == 0
    assert (tmp_path / "face-0.png").read_bytes() == b"somebody's own"
    assert json.loads((tmp_path / "face-0-4.json").read_text())["picture"] == "face-0-4.png"
    found = made_before(tmp_path, "face-0", 0, wish({"age": 30}))
    assert found is not None and found[0].picture.name == "face-0-4.png" and "latent" not in found[1]
    assert made_before(tmp_path, "face-0", 1, wish({"age": 30})) is None
    (tmp_path / "face-0-4.png").unlink()  # as after a stop between the two files
    assert made_before(tmp_path, "face-0", 0, wish({"age": 30})) is None
    assert keep(1, {"age": 30}, 1.5) == "face-0-4.json"


@pytest.mark.parametrize(
    "text", ["", "{}", '{"latent": 3}', '{"latent": {"shape": [2, 2], "float32": "AAAAAAAAAAAAAAAAAAAAAA=="}}']
)
def test_a_file_that_is_no_face_is_one_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(OutputError):
        read_latent(tmp_path / "a.json")


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be read"):
        read_latent(tmp_path / "none.json")


def test_the_sheet_has_every_face(made: Made) -> None:
    white, black = (np.full((1024, 1024, 3), level, np.uint8) for level in (255, 0))
    sheet = np.asarray(Image.open(io.BytesIO(contact_sheet([white, black, made.steered.picture], ["a", "b", "c"], 2))))
    assert sheet.shape == (2 * 278, 512, 3)
    assert sheet[100, 100].min() > 250 and sheet[100, 400].max() < 5
    assert sheet[300:500, 30:200].std() > 20


def test_many_faces_are_several_sheets_and_none_is_replaced(tmp_path: Path) -> None:
    def faces(count: int, level: int) -> list[str]:
        pictures = ((str(k), np.full((8, 8, 3), level, np.uint8)) for k in range(count))
        return [sheet.name for sheet in keep_sheets(tmp_path, pictures)]

    assert faces(1, 0) == []
    assert faces(A_SHEET + 1, 0) == ["sheet.jpg", "sheet-2.jpg"]
    first = (tmp_path / "sheet.jpg").read_bytes()
    assert faces(2, 200) == ["sheet-3.jpg"]
    assert faces(A_SHEET + 1, 0) == ["sheet.jpg", "sheet-2.jpg"]
    assert (tmp_path / "sheet.jpg").read_bytes() == first
    assert read_image(tmp_path / "sheet-2.jpg").shape == (278, 256, 3)


def test_a_sheet_keeps_no_whole_picture(tmp_path: Path) -> None:
    given: list[weakref.ref[RGB]] = []

    def faces() -> Iterator[tuple[str, RGB]]:
        for k in range(5):
            picture = np.zeros((1024, 1024, 3), np.uint8)
            given.append(weakref.ref(picture))
            yield str(k), picture
            assert sum(one() is not None for one in given) < 3

    assert len(keep_sheets(tmp_path, faces())) == 1


def test_folders_are_numbered(tmp_path: Path) -> None:
    assert [new_folder(tmp_path / "x").name for _ in range(3)] == ["x", "x-2", "x-3"]
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        new_folder(tmp_path / "file" / "x")
