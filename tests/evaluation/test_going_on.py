"""What an evaluation that goes on makes anew."""

import json
from pathlib import Path

import numpy as np
import pytest

from doppelganger.evaluation.methods import BlackBar, KSame, Method, digest_of
from doppelganger.evaluation.people import Portrait
from doppelganger.evaluation.run import Case, EvaluationFolder, case_of
from doppelganger.evaluation.work import AGAIN
from doppelganger.settings import Settings


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    at = tmp_path / "ada.jpg"
    at.write_bytes(b"a portrait")
    return at


@pytest.fixture
def folder(tmp_path: Path) -> EvaluationFolder:
    return EvaluationFolder(tmp_path / "out", Settings())


@pytest.fixture
def case(folder: EvaluationFolder, picture: Path) -> Case:
    case = case_of(Portrait("ada", picture), "0123456789abcdef")
    folder.begin(case)
    (folder.cases / case.folder / "portrait.measured").write_bytes(b"")
    return case


def made(folder: EvaluationFolder, case: Case, method: Method, about: dict[str, object], found: bool = True) -> None:
    at = folder.cases / case.folder
    (at / f"{method.name}.json").write_text(json.dumps({"found": found, **about}))
    for end in ("png", "measured") if found else ():
        (at / f"{method.name}.{end}").write_bytes(b"")


def test_a_full_memory_is_no_result_but_a_face_that_is_not_there_is_one(
    folder: EvaluationFolder, case: Case, picture: Path
) -> None:
    bar = BlackBar()
    made(folder, case, bar, {"error": "no face", AGAIN: False}, found=False)
    assert folder.task(case, picture, [bar]) is None
    made(folder, case, bar, {"error": "MemoryError: ", AGAIN: True}, found=False)
    task = folder.task(case, picture, [bar])
    assert task is not None and task.methods == (bar,) and f"{bar.name}.json" not in task.have


def test_an_average_of_other_people_is_made_anew(folder: EvaluationFolder, case: Case, picture: Path) -> None:
    method, average = KSame(), np.zeros((16, 512), np.float32)
    made(folder, case, method, {"average": digest_of(average)})
    assert folder.task(case, picture, [method], average) is None
    task = folder.task(case, picture, [method], average + 1)
    assert task is not None and task.methods == (method,)
    assert not {f"{method.name}.{end}" for end in ("json", "png", "measured")} & set(task.have)


def test_a_picture_that_was_not_measured_yet_is_kept(folder: EvaluationFolder, case: Case, picture: Path) -> None:
    bar = BlackBar()
    made(folder, case, bar, {})
    (folder.cases / case.folder / f"{bar.name}.measured").unlink()
    task = folder.task(case, picture, [bar])
    assert task is not None and {f"{bar.name}.json", f"{bar.name}.png"} <= set(task.have)
