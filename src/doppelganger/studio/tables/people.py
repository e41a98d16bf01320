"""Who there is: people are known by their cookie alone, of which only the hash is kept."""

import time

from doppelganger.studio.database import Database
from doppelganger.studio.identity import digest, new_id, new_secret

_SEEN_EVERY = 60.0
"""Seconds between two notes of a person's presence."""


class People:
    """Those who came in by ``door``: the hash of the token, "" where none is asked for."""

    def __init__(self, database: Database, door: str | None) -> None:
        self._database, self._door = database, door or ""

    def welcome(self) -> tuple[str, str]:
        """A new person: id and cookie."""
        person, cookie, now = new_id(), new_secret(), time.time()
        self._database.write(
            "INSERT INTO people VALUES (?, ?, ?, ?, ?)", (person, digest(cookie), self._door, now, now)
        )
        return person, cookie

    def known_by(self, cookie: str) -> str | None:
        """The person of a cookie, None where there is none or they came in by another door."""
        row = self._database.first(
            "SELECT id, seen FROM people WHERE cookie = ? AND door = ?", (digest(cookie), self._door)
        )
        if row is None:
            return None
        now = time.time()
        if now - row["seen"] > _SEEN_EVERY:
            self._database.write("UPDATE people SET seen = ? WHERE id = ?", (now, row["id"]))
        return str(row["id"])

    def everybody(self) -> set[str]:
        """All ids."""
        return {row["id"] for row in self._database.read("SELECT id FROM people")}

    def absent(self, since: float) -> list[str]:
        """Those not seen since, who have nothing here any more."""
        rows = self._database.read(
            "SELECT id FROM people AS p WHERE seen < ?"
            " AND NOT EXISTS (SELECT 1 FROM uploads WHERE person = p.id)"
            " AND NOT EXISTS (SELECT 1 FROM jobs WHERE person = p.id)"
            " AND NOT EXISTS (SELECT 1 FROM results WHERE person = p.id)"
            " AND NOT EXISTS (SELECT 1 FROM personas WHERE person = p.id)",
            (since,),
        )
        return [row["id"] for row in rows]

    def remove(self, person: str) -> None:
        """And every row of theirs."""
        self._database.write("DELETE FROM people WHERE id = ?", (person,))
