"""What happened to each job, numbered, so that a page which was away hears all of it."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from doppelganger.studio.database import Database

EventKind = Literal["progress", "state"]
_PAGE = 100
"""Rows read at a time."""


@dataclass(frozen=True)
class EventRow:
    """``data``: JSON text."""

    number: int
    kind: EventKind
    data: str


class Events:
    """The table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, job: str, kind: EventKind, data: dict[str, Any]) -> int:
        """The next one of the job; returns its number."""
        number = 1 + self._database.count("SELECT coalesce(max(number), 0) FROM events WHERE job = ?", (job,))
        self._database.write(
            "INSERT INTO events VALUES (?, ?, ?, ?)", (job, number, kind, json.dumps(data, ensure_ascii=False))
        )
        return number

    def after(self, job: str, number: int) -> list[EventRow]:
        """The next ones, at most a hundred."""
        rows = self._database.read(
            "SELECT number, kind, data FROM events WHERE job = ? AND number > ? ORDER BY number LIMIT ?",
            (job, number, _PAGE),
        )
        return [EventRow(row["number"], row["kind"], row["data"]) for row in rows]
