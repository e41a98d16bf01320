"""What is to be done, is being done, and was done."""

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from doppelganger.studio.database import Database

Kind = Literal["make", "again", "take", "film", "persona"]
State = Literal["queued", "running", "stopped", "done", "failed"]
FINAL: tuple[State, ...] = ("stopped", "done", "failed")
"""Nothing happens to a job in these by itself."""


@dataclass(frozen=True)
class JobRow:
    """One job; see the table's columns."""

    id: str
    person: str
    kind: Kind
    state: State
    upload: str | None
    source: str | None
    result: str | None
    settings: dict[str, Any]
    stage: str
    done: int
    total: int
    share: float
    seconds_left: float | None
    error: str | None
    code: str | None
    crashes: int
    restarts: int
    begun: float | None
    created: float
    expires: float


class Jobs:
    """The table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        job: str,
        person: str,
        kind: Kind,
        settings: dict[str, Any],
        expires: float,
        upload: str | None = None,
        source: str | None = None,
        finished_as: str | None = None,
    ) -> None:
        """A queued one; or one that is done already, with its result."""
        self._database.write(
            "INSERT INTO jobs (id, person, kind, state, upload, source, result, settings, stage, done, total, share,"
            " crashes, restarts, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', 0, 0, ?, 0, 0, ?, ?)",
            (
                job,
                person,
                kind,
                "queued" if finished_as is None else "done",
                upload,
                source,
                finished_as,
                json.dumps(settings),
                0.0 if finished_as is None else 1.0,
                time.time(),
                expires,
            ),
        )

    def find(self, job: str) -> JobRow | None:
        """Whoever's it is."""
        row = self._database.first("SELECT * FROM jobs WHERE id = ?", (job,))
        return _parse(row) if row else None

    def of(self, person: str, job: str) -> JobRow | None:
        """None where it is not there, or another's."""
        row = self.find(job)
        return row if row and row.person == person else None

    def all_of(self, person: str) -> list[JobRow]:
        """The newest first."""
        return self._read("WHERE person = ? ORDER BY created DESC", (person,))

    def queued(self) -> list[JobRow]:
        """The oldest first."""
        return self._read("WHERE state = 'queued' ORDER BY created")

    def running(self) -> list[JobRow]:
        """At most one, unless a server was killed."""
        return self._read("WHERE state = 'running'")

    def on_upload(self, upload: str, states: Sequence[State] = ("queued", "running", "stopped")) -> list[JobRow]:
        """Jobs in these states that need the upload."""
        marks = ", ".join("?" * len(states))
        return self._read(f"WHERE upload = ? AND state IN ({marks})", (upload, *states))

    def about(self, result: str) -> list[JobRow]:
        """Jobs that made the result, or begin from it."""
        return self._read("WHERE result = ? OR source = ?", (result, result))

    def active(self, person: str | None = None) -> int:
        """Queued and running ones: a person's, or all."""
        sql = "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')"
        return self._database.count(sql) if person is None else self._database.count(f"{sql} AND person = ?", (person,))

    def last_begun(self) -> dict[str, float]:
        """Person → when a job of theirs last began."""
        rows = self._database.read(
            "SELECT person, max(begun) AS begun FROM jobs WHERE begun IS NOT NULL GROUP BY person"
        )
        return {row["person"]: row["begun"] for row in rows}

    def update(self, job: str, **columns: Any) -> None:
        """Set columns by name."""
        names = ", ".join(f"{name} = ?" for name in columns)
        self._database.write(f"UPDATE jobs SET {names} WHERE id = ?", (*columns.values(), job))

    def ended(self) -> list[JobRow]:
        """Those for which nothing is needed any more."""
        return self._read("WHERE state IN ('done', 'failed')")

    def expired(self, states: Sequence[State] = FINAL) -> list[JobRow]:
        """Those in these states whose time is over; what is queued or running ends first, while there is a server."""
        marks = ", ".join("?" * len(states))
        return self._read(f"WHERE expires < ? AND state IN ({marks})", (time.time(), *states))

    def ids(self) -> set[str]:
        """All."""
        return {row["id"] for row in self._database.read("SELECT id FROM jobs")}

    def remove(self, job: str) -> None:
        """The row and its events."""
        self._database.write("DELETE FROM jobs WHERE id = ?", (job,))

    def _read(self, where: str, values: Sequence[Any] = ()) -> list[JobRow]:
        return [_parse(row) for row in self._database.read(f"SELECT * FROM jobs {where}", values)]


def _parse(row: sqlite3.Row) -> JobRow:
    return JobRow(**{**dict(row), "settings": json.loads(row["settings"])})
