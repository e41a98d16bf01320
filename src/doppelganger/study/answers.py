"""Answers as CSV, one row a trial, the way the page writes them and the analysis reads them.

study             the study's name, as in its key
participant_seed  a random code of this participant, from which form, order and sides were drawn
form, position    which list of trials, and the place of this one in it, both from 0
trial, shown      identifiers of the trial and of its pictures on the screen, left to right, a space between
response          same or different; of a closest-of-N trial the identifier of the chosen picture
confidence        1 guessing … 4 certain; empty for closest-of-N
milliseconds      from the pictures' appearance to the response
knew              yes or no: whether the participant knew somebody shown; empty where not said
simulated         yes where a program drew the answers, else no
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from doppelganger.study.design import Design, Role
from doppelganger.study.errors import StudyError

SAME, DIFFERENT = "same", "different"


@dataclass(frozen=True)
class Answer:
    """One row; its fields in this order are the columns."""

    study: str
    participant_seed: str
    form: int
    position: int
    trial: str
    shown: tuple[str, ...]
    response: str
    confidence: int | None
    milliseconds: int
    knew: str
    simulated: bool


COLUMNS = tuple(field.name for field in fields(Answer))


def to_csv(answers: Iterable[Answer]) -> str:
    """Rows as text, a header first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in astuple(answer)] for answer in answers)
    return text.getvalue()


def read_answers(paths: Sequence[Path], design: Design) -> tuple[Answer, ...]:
    """All rows of the files, each checked against the study.

    Raises StudyError with one sentence for a file that cannot be read, a row that does not belong to the study, a trial
    answered twice by one participant, and simulated answers beside real ones.
    """
    answers: dict[tuple[str, str], Answer] = {}
    for path in paths:
        for number, row in _rows(path):
            answer = _answer(row, design, f"{path}, line {number},")
            known = (answer.participant_seed, answer.trial)
            if known in answers:
                raise StudyError(
                    f"{path}, line {number}, answers a trial that {answer.participant_seed} has answered already; "
                    "give every file once."
                )
            answers[known] = answer
    if not answers:
        raise StudyError(f"There is no answer in {', '.join(map(str, paths))}; give files that the study's page saved.")
    if len({answer.simulated for answer in answers.values()}) > 1:
        raise StudyError("Some of these answers are simulated and some are real; they are never analysed together.")
    return tuple(answers.values())


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True)
        rows = [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise StudyError(
            f"{path} cannot be read ({error.strerror}); give files that the study's page saved."
        ) from error
    except (ValueError, csv.Error) as error:
        raise StudyError(f"{path} is not a CSV file; give files that the study's page saved, as they are.") from error
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise StudyError(f"{path} does not have the columns of a study's answers; give files as the page saved them.")
    return rows


def _answer(row: dict[str, str], design: Design, where: str) -> Answer:
    if row["study"] != design.study:
        raise StudyError(
            f"{where} belongs to {row['study']!r}, the key to {design.study!r}; give the key of that study."
        )
    try:
        answer = Answer(
            row["study"],
            row["participant_seed"],
            int(row["form"]),
            int(row["position"]),
            row["trial"],
            tuple(row["shown"].split()),
            row["response"],
            int(row["confidence"]) if row["confidence"] else None,
            int(row["milliseconds"]),
            row["knew"],
            {"yes": True, "no": False}[row["simulated"]],
        )
        trial = design.trials[answer.trial]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(
            f"{where} is not an answer of this study ({error}); give files as the page saved them."
        ) from error
    closest = trial.role is Role.CLOSEST
    shown = trial.others if closest else (trial.reference, *trial.others)
    allowed = trial.others if closest else (SAME, DIFFERENT)
    confident = answer.confidence is None if closest else answer.confidence in (1, 2, 3, 4)
    fit = sorted(answer.shown) == sorted(shown) and answer.response in allowed and answer.knew in ("yes", "no", "")
    if not (fit and confident and answer.milliseconds >= 0 and answer.participant_seed):
        raise StudyError(f"{where} holds an answer that its trial does not allow; give files as the page saved them.")
    return answer


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(value)
    return "" if value is None else str(value)
