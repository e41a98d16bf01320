"""What was made."""

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from doppelganger.studio.database import Database


@dataclass(frozen=True)
class ResultRow:
    """``summary``: what lists show, see `reading.summary`."""

    id: str
    person: str
    parent: str | None
    summary: dict[str, Any]
    created: float
    expires: float


class Results:
    """The table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, row: ResultRow) -> None:
        """A new one."""
        self._database.write(
            "INSERT INTO results VALUES (?, ?, ?, ?, ?, ?)",
            (row.id, row.person, row.parent, json.dumps(row.summary, ensure_ascii=False), row.created, row.expires),
        )

    def of(self, person: str, result: str) -> ResultRow | None:
        """None where it is not there, or another's."""
        row = self._database.first("SELECT * FROM results WHERE id = ? AND person = ?", (result, person))
        return _parse(row) if row else None

    def all_of(self, person: str) -> list[ResultRow]:
        """The newest first."""
        rows = self._database.read("SELECT * FROM results WHERE person = ? ORDER BY created DESC", (person,))
        return [_parse(row) for row in rows]

    def expired(self) -> list[ResultRow]:
        """Those whose time is over."""
        return [_parse(row) for row in self._database.read("SELECT * FROM results WHERE expires < ?", (time.time(),))]

    def ids(self) -> set[str]:
        """All."""
        return {row["id"] for row in self._database.read("SELECT id FROM results")}

    def remove(self, result: str) -> None:
        """The row; what was searched again from it stays and forgets its parent."""
        self._database.write("UPDATE results SET parent = NULL WHERE parent = ?", (result,))
        self._database.write("DELETE FROM results WHERE id = ?", (result,))


def _parse(row: sqlite3.Row) -> ResultRow:
    return ResultRow(
        row["id"], row["person"], row["parent"], json.loads(row["summary"]), row["created"], row["expires"]
    )
