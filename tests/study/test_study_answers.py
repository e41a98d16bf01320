from dataclasses import replace
from pathlib import Path

import pytest
from small_study import by_hand, unread

from doppelganger.study.answers import COLUMNS, Answer, read_answers, to_csv
from doppelganger.study.design import Design, design
from doppelganger.study.errors import StudyError
from doppelganger.study.simulate import Truth, invented, simulate

STUDY = by_hand()
ROW = Answer(STUDY.study, "u1", 0, 0, "t-avatar-a", ("va", "pa"), "same", 3, 900, "", False)


def saved(folder: Path, *answers: Answer, name: str = "answers.csv") -> Path:
    file = folder / name
    file.write_text(to_csv(answers))
    return file


def test_answers_come_back_as_they_were(tmp_path: Path) -> None:
    study = design(unread(6), 24, 3)
    answers = simulate(study, 3, invented(study, 0))
    assert len(answers) == 72 and len({a.participant_seed for a in answers}) == 3
    file = saved(tmp_path, *answers)
    assert file.read_text().splitlines()[0] == ",".join(COLUMNS)
    assert read_answers([file], study) == tuple(answers)


def test_every_simulated_row_says_so(tmp_path: Path) -> None:
    rows = saved(tmp_path, *simulate(STUDY, 2, Truth({"m": 0.5}, {"m": 0.5}))).read_text().splitlines()[1:]
    assert len(rows) == 16 and all(row.endswith(",yes") for row in rows)


def test_a_spreadsheets_mark_in_front_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "marked.csv"
    file.write_text(to_csv([ROW]), encoding="utf-8-sig", newline="\r\n")
    assert read_answers([file], STUDY) == (ROW,)


def test_simulated_and_real_answers_do_not_mix(tmp_path: Path) -> None:
    drawn = replace(ROW, participant_seed="u2", simulated=True)
    files = [saved(tmp_path, ROW, name="1.csv"), saved(tmp_path, drawn, name="2.csv")]
    with pytest.raises(StudyError, match="never analysed together"):
        read_answers(files, STUDY)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (replace(ROW, study="study-0"), "give the key of that study"),
        (replace(ROW, trial="t-none"), "is not an answer of this study"),
        (replace(ROW, response="perhaps"), "its trial does not allow"),
        (replace(ROW, shown=("va", "pb")), "its trial does not allow"),
        (replace(ROW, confidence=5), "its trial does not allow"),
        (replace(ROW, confidence=None), "its trial does not allow"),
        (replace(ROW, milliseconds=-1), "its trial does not allow"),
        (replace(ROW, knew="maybe"), "its trial does not allow"),
        (replace(ROW, trial="t-closest-a", shown=("va", "vb"), confidence=None), "its trial does not allow"),
    ],
)
def test_a_row_that_the_study_did_not_ask_for_is_refused_by_its_line(tmp_path: Path, row: Answer, reason: str) -> None:
    with pytest.raises(StudyError, match=f"line 2, .*{reason}"):
        read_answers([saved(tmp_path, row)], STUDY)


def test_files_that_are_none_are_one_sentence(tmp_path: Path) -> None:
    def reading(text: str | bytes, study: Design = STUDY) -> None:
        file = tmp_path / "odd.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        read_answers([file], study)

    with pytest.raises(StudyError, match="does not have the columns"):
        reading("a,b\n1,2\n")
    with pytest.raises(StudyError, match="does not have the columns"):
        reading("")
    with pytest.raises(StudyError, match="is not a CSV file"):
        reading(b"\xff\xfe\x00")
    with pytest.raises(StudyError, match="There is no answer"):
        reading(to_csv([]))
    with pytest.raises(StudyError, match="is not an answer of this study"):
        reading(to_csv([ROW]).replace(",900,", ",soon,"))
    with pytest.raises(StudyError, match="is not an answer of this study"):
        reading(to_csv([ROW]).rsplit(",", 3)[0])  # cut short
    with pytest.raises(StudyError, match="cannot be read"):
        read_answers([tmp_path / "none.csv"], STUDY)
    twice = saved(tmp_path, ROW)
    with pytest.raises(StudyError, match="give every file once"):
        read_answers([twice, twice], STUDY)
