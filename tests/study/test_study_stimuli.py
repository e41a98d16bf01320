from pathlib import Path

import pytest
from small_study import METHODS, drawing, evaluation, name_person

from doppelganger.images import encode_png
from doppelganger.study.errors import StudyError
from doppelganger.study.stimuli import find_cases, methods_of, of_methods


def result(at: Path) -> Path:
    """The two files of a result that a study shows."""
    for file in (at / "private" / "portrait.png", at / "share" / "doppelganger.png"):
        file.parent.mkdir(parents=True)
        file.write_bytes(encode_png(drawing(1)))
    return at


def test_an_evaluation_has_a_case_a_folder_and_an_avatar_a_method(tmp_path: Path) -> None:
    root = evaluation(tmp_path, 3)
    name_person(root / "cases" / "qqcase2", "ada")
    (root / "cases" / ".half.part").mkdir()
    (root / "cases" / "no-avatar").mkdir()
    (root / "cases" / "no-avatar" / "portrait.png").write_bytes(b"")
    cases = find_cases(root)
    assert [case.name for case in cases] == ["qqcase0", "qqcase1", "qqcase2"]
    assert [case.person for case in cases] == ["qqcase0", "qqcase1", "ada"]
    assert methods_of(cases) == tuple(sorted(METHODS))
    assert all(path == root / "cases" / c.name / f"{m}.png" for c in cases for m, path in c.avatars.items())
    assert find_cases(root / "cases") == cases


def test_results_of_make_alone_or_several_in_a_folder(tmp_path: Path) -> None:
    one, two = result(tmp_path / "one"), result(tmp_path / "two")
    assert [case.name for case in find_cases(one)] == ["one"]
    several = find_cases(tmp_path)
    assert [(case.name, set(case.avatars)) for case in several] == [
        ("one", {"doppelganger"}),
        ("two", {"doppelganger"}),
    ]
    assert several[1].portrait == two / "private" / "portrait.png"


def test_methods_are_chosen_by_name_and_cases_without_them_left_out(tmp_path: Path) -> None:
    root = evaluation(tmp_path, 3)
    (root / "cases" / "qqcase1" / "qqpath.png").unlink()
    chosen = of_methods(find_cases(root), ["qqpath"])
    assert [(case.name, list(case.avatars)) for case in chosen] == [("qqcase0", ["qqpath"]), ("qqcase2", ["qqpath"])]
    with pytest.raises(StudyError, match="'blur'; there are qqnearest, qqpath, qqpixelation"):
        of_methods(find_cases(root), ["blur"])


def test_what_is_no_study_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="is not a folder"):
        find_cases(tmp_path / "missing")
    with pytest.raises(StudyError, match="holds no portrait with an avatar"):
        find_cases(tmp_path)
    root = evaluation(tmp_path, 1)
    (root / "cases" / "qqcase0" / "case.json").write_text("[1]")
    with pytest.raises(StudyError, match=r"case\.json cannot be read"):
        find_cases(root)
