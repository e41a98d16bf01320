"""All tables of one database."""

from dataclasses import dataclass

from doppelganger.studio.database import Database
from doppelganger.studio.tables.events import Events
from doppelganger.studio.tables.jobs import Jobs
from doppelganger.studio.tables.people import People
from doppelganger.studio.tables.personas import Personas
from doppelganger.studio.tables.results import Results
from doppelganger.studio.tables.uploads import Uploads


@dataclass(frozen=True)
class Tables:
    """And the database itself, for what must happen together."""

    database: Database
    people: People
    uploads: Uploads
    jobs: Jobs
    events: Events
    results: Results
    personas: Personas


def tables(database: Database, door: str | None) -> Tables:
    """``door``: hash of the token that is asked for, None for none."""
    return Tables(
        database,
        People(database, door),
        Uploads(database),
        Jobs(database),
        Events(database),
        Results(database),
        Personas(database),
    )
