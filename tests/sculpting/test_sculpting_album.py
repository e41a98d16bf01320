"""Faces on disk."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from doppelganger.errors import OutputError
from doppelganger.images import read_image
from doppelganger.sculpting.album import about_made, contact_sheet, keep_face, new_folder, read_latent
from doppelganger.sculpting.making import Made


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


def test_folders_are_numbered(tmp_path: Path) -> None:
    assert [new_folder(tmp_path / "x").name for _ in range(3)] == ["x", "x-2", "x-3"]
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        new_folder(tmp_path / "file" / "x")
