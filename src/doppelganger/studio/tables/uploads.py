"""Pictures that came in and wait for their job."""

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from doppelganger.studio.database import Database


@dataclass(frozen=True)
class UploadRow:
    """``faces``: as `looker` found them, the largest first. ``keep``: whether it outlives its jobs."""

    id: str
    person: str
    width: int
    height: int
    faces: list[dict[str, Any]]
    keep: bool
    created: float
    expires: float


class Uploads:
    """The table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, row: UploadRow) -> None:
        """A new one."""
        values = (row.id, row.person, row.width, row.height, json.dumps(row.faces), row.keep, row.created, row.expires)
        self._database.write("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def of(self, person: str, upload: str) -> UploadRow | None:
        """None where it is not there, or another's."""
        row = self._database.first("SELECT * FROM uploads WHERE id = ? AND person = ?", (upload, person))
        return _parse(row) if row else None

    def all_of(self, person: str) -> list[UploadRow]:
        """The oldest first."""
        return [
            _parse(row)
            for row in self._database.read("SELECT * FROM uploads WHERE person = ? ORDER BY created", (person,))
        ]

    def kept(self, person: str | None = None) -> int:
        """How many there are: a person's, or all."""
        if person is None:
            return self._database.count("SELECT count(*) FROM uploads")
        return self._database.count("SELECT count(*) FROM uploads WHERE person = ?", (person,))

    def hold(self, upload: str, expires: float, keep: bool) -> None:
        """It is needed until then; ``keep`` is never taken back."""
        self._database.write(
            "UPDATE uploads SET expires = max(expires, ?), keep = max(keep, ?) WHERE id = ?", (expires, keep, upload)
        )

    def expired(self) -> list[UploadRow]:
        """Those whose time is over and which no job waits for."""
        rows = self._database.read(
            "SELECT * FROM uploads AS u WHERE expires < ? AND NOT EXISTS"
            " (SELECT 1 FROM jobs WHERE upload = u.id AND state IN ('queued', 'running', 'stopped'))",
            (time.time(),),
        )
        return [_parse(row) for row in rows]

    def ids(self) -> set[str]:
        """All."""
        return {row["id"] for row in self._database.read("SELECT id FROM uploads")}

    def remove(self, upload: str) -> None:
        """The row."""
        self._database.write("DELETE FROM uploads WHERE id = ?", (upload,))


def _parse(row: sqlite3.Row) -> UploadRow:
    return UploadRow(
        row["id"],
        row["person"],
        row["width"],
        row["height"],
        json.loads(row["faces"]),
        bool(row["keep"]),
        row["created"],
        row["expires"],
    )
