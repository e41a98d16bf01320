"""Who is in a folder."""

import hashlib
from pathlib import Path

import pytest

from doppelganger.errors import ImageError
from doppelganger.evaluation.people import portraits_in
from doppelganger.evaluation.run import cases_of


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_a_picture_is_a_person_and_a_sub_folder_is_one_with_several(tmp_path: Path) -> None:
    touch(tmp_path / "zoe.JPG", tmp_path / "README.md", tmp_path / ".hidden.png", tmp_path / "ann" / "2.png")
    touch(tmp_path / "ann" / "1.webp", tmp_path / ".cache" / "x.png")
    found = portraits_in(tmp_path)
    assert [(p.person, p.path.name) for p in found] == [("ann", "1.webp"), ("ann", "2.png"), ("zoe", "zoe.JPG")]


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_without_portraits_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match=name):
        portraits_in(tmp_path / name)


def test_a_case_is_named_after_the_file_and_its_bytes(tmp_path: Path) -> None:
    touch(tmp_path / "ann b" / "../one/Ünal.png")
    (portrait,) = portraits_in(tmp_path)
    (case,) = cases_of([portrait]).values()
    assert case.folder == f"one-Ünal-{hashlib.sha256(b'x').hexdigest()[:8]}" and case.person == "one"
    portrait.path.write_bytes(b"y")
    assert cases_of([portrait])[portrait.path].folder != case.folder
