from itertools import islice
from pathlib import Path

from doppelganger.numbering import free, numbered


def test_the_number_stands_before_the_ending() -> None:
    assert [file.name for file in islice(numbered(Path("a.b.png")), 3)] == ["a.b.png", "a.b-2.png", "a.b-3.png"]


def test_the_first_name_that_nobody_has(tmp_path: Path) -> None:
    assert free(tmp_path / "a.png").name == "a.png"
    (tmp_path / "a.png").touch()
    (tmp_path / "a-2.png").touch()
    assert free(tmp_path / "a.png").name == "a-3.png"
    (tmp_path / "file").touch()
    assert free(tmp_path / "file" / "a.png").name == "a.png"  # writing will say what is wrong
