"""A study as a folder: ``study.html`` for participants, ``private/key.json`` for whoever analyses."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from doppelganger.images import write_atomically
from doppelganger.numbering import new_folder
from doppelganger.study import key
from doppelganger.study.answers import Answer, to_csv
from doppelganger.study.design import Design


@dataclass(frozen=True)
class StudyFolder:
    """Where everything of one study lies."""

    root: Path

    @property
    def page(self) -> Path:
        """What participants open. It shows real portraits."""
        return self.root / "study.html"

    @property
    def key(self) -> Path:
        """What every identifier stands for; participants and whoever sits beside them must not see it."""
        return self.root / "private" / "key.json"

    @property
    def simulated(self) -> Path:
        """Answers of a rehearsal."""
        return self.root / "private" / "answers-simulated.csv"


def save(folder: Path, design: Design, page: str, simulated: Sequence[Answer] = ()) -> StudyFolder:
    """Write a study as ``folder``, or ``folder-2`` … where something is there: an old key is never written over, or the
    answers to its page could not be read any more. Raises OutputError; then nothing is left behind."""
    at = StudyFolder(new_folder(folder))
    try:
        at.key.parent.mkdir(mode=0o700)
        write_atomically(at.key, key.to_json(design).encode())
        if simulated:
            write_atomically(at.simulated, to_csv(simulated).encode())
        write_atomically(at.page, page.encode())
    except BaseException:  # Ctrl-C included
        shutil.rmtree(at.root, ignore_errors=True)
        raise
    return at
