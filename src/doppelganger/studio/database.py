"""The SQLite file: who there is, what they have, what happens to it. No picture and no file name is ever in it.

All of it is used from the event loop's thread alone, sqlite3 refuses every other: so nothing needs a lock. Each statement takes
well under a millisecond.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MIGRATIONS = (
    """
    CREATE TABLE people (
        id TEXT PRIMARY KEY,
        cookie TEXT NOT NULL UNIQUE,   -- SHA-256 of the cookie
        door TEXT NOT NULL,            -- hash of the token they came in with, '' for none: another token shuts them out
        created REAL NOT NULL,
        seen REAL NOT NULL
    ) STRICT;
    CREATE TABLE uploads (
        id TEXT PRIMARY KEY,
        person TEXT NOT NULL REFERENCES people(id) ON DELETE CASCADE,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        faces TEXT NOT NULL,           -- JSON
        keep INTEGER NOT NULL,         -- whether it outlives its jobs
        created REAL NOT NULL,
        expires REAL NOT NULL
    ) STRICT;
    CREATE INDEX uploads_of ON uploads(person);
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        person TEXT NOT NULL REFERENCES people(id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        upload TEXT,                   -- of a make
        source TEXT,                   -- the result that again, take and film begin from
        result TEXT,
        settings TEXT NOT NULL,        -- JSON
        stage TEXT NOT NULL,
        done INTEGER NOT NULL,
        total INTEGER NOT NULL,
        share REAL NOT NULL,
        seconds_left REAL,
        error TEXT,
        code TEXT,
        crashes INTEGER NOT NULL,      -- of the worker, while it ran
        restarts INTEGER NOT NULL,     -- of the server, while it ran
        begun REAL,                    -- last time
        created REAL NOT NULL,
        expires REAL NOT NULL
    ) STRICT;
    CREATE INDEX jobs_of ON jobs(person);
    CREATE INDEX jobs_in ON jobs(state);
    CREATE TABLE events (
        job TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        kind TEXT NOT NULL,
        data TEXT NOT NULL,            -- JSON
        PRIMARY KEY (job, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE results (
        id TEXT PRIMARY KEY,
        person TEXT NOT NULL REFERENCES people(id) ON DELETE CASCADE,
        parent TEXT,                   -- the result it was searched again from
        summary TEXT NOT NULL,         -- JSON, for lists
        created REAL NOT NULL,
        expires REAL NOT NULL
    ) STRICT;
    CREATE INDEX results_of ON results(person);
    """,
    """
    CREATE TABLE personas (
        id TEXT PRIMARY KEY,
        person TEXT NOT NULL REFERENCES people(id) ON DELETE CASCADE,
        summary TEXT NOT NULL,         -- JSON, for lists
        created REAL NOT NULL,
        expires REAL NOT NULL
    ) STRICT;
    CREATE INDEX personas_of ON personas(person);
    """,
)
"""One a version; the file says in its user_version how many it has had. A published one is never changed."""


class Database:
    """One connection."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._migrate()

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows."""
        return self._connection.execute(sql, values).fetchall()

    def first(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Row | None:
        """The first row, None without one."""
        row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def count(self, sql: str, values: Sequence[Any] = ()) -> int:
        """The number that a ``SELECT count(*) …`` gives."""
        return int(self._connection.execute(sql, values).fetchone()[0])

    def write(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Returns how many rows it touched."""
        return self._connection.execute(sql, values).rowcount

    @contextmanager
    def together(self) -> Iterator[None]:
        """All of the block or nothing; blocks inside belong to the outermost."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk can end it by itself, or leave it open after the commit
                self._connection.execute("ROLLBACK")
            raise

    def forget_deleted(self) -> None:
        """Take deleted rows out of the log beside the file, too."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Merge the log into the file and let go of it."""
        self._connection.close()

    def _migrate(self) -> None:
        version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        for number, migration in enumerate(MIGRATIONS[version:], version + 1):
            self._connection.executescript(f"BEGIN; {migration}; PRAGMA user_version={number}; COMMIT;")
