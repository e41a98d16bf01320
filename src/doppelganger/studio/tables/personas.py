"""Personas that were made here."""

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from doppelganger.studio.database import Database


@dataclass(frozen=True)
class PersonaRow:
    """``summary``: what lists show, see `persona_reading.summary`."""

    id: str
    person: str
    summary: dict[str, Any]
    created: float
    expires: float


class Personas:
    """The table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, row: PersonaRow) -> None:
        """A new one."""
        self._database.write(
            "INSERT INTO personas VALUES (?, ?, ?, ?, ?)",
            (row.id, row.person, json.dumps(row.summary, ensure_ascii=False), row.created, row.expires),
        )

    def of(self, person: str, persona: str) -> PersonaRow | None:
        """None where it is not there, or another's."""
        row = self._database.first("SELECT * FROM personas WHERE id = ? AND person = ?", (persona, person))
        return _parse(row) if row else None

    def all_of(self, person: str) -> list[PersonaRow]:
        """The newest first."""
        rows = self._database.read("SELECT * FROM personas WHERE person = ? ORDER BY created DESC", (person,))
        return [_parse(row) for row in rows]

    def expired(self) -> list[PersonaRow]:
        """Those whose time is over."""
        return [_parse(row) for row in self._database.read("SELECT * FROM personas WHERE expires < ?", (time.time(),))]

    def ids(self) -> set[str]:
        """All."""
        return {row["id"] for row in self._database.read("SELECT id FROM personas")}

    def remove(self, persona: str) -> None:
        """The row."""
        self._database.write("DELETE FROM personas WHERE id = ?", (persona,))


def _parse(row: sqlite3.Row) -> PersonaRow:
    return PersonaRow(row["id"], row["person"], json.loads(row["summary"]), row["created"], row["expires"])
