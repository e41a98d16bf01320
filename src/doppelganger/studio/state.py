"""The running Studio: its parts, put together, begun and ended in the right order."""

import asyncio
import logging
from contextlib import suppress

from doppelganger.studio.access.buckets import Buckets
from doppelganger.studio.access.gate import Gate
from doppelganger.studio.config import Config
from doppelganger.studio.database import Database
from doppelganger.studio.desk import Desk
from doppelganger.studio.erasing import Eraser
from doppelganger.studio.foreman import Foreman
from doppelganger.studio.house import House
from doppelganger.studio.hub import Hub
from doppelganger.studio.looking import Looking
from doppelganger.studio.rendering import Rendering
from doppelganger.studio.tables.all import tables

log = logging.getLogger("doppelganger.studio")


class Quotas:
    """How often a person, or an address, may do what costs most; in memory, a restart forgives."""

    def __init__(self, config: Config) -> None:
        limits = config.limits
        hour, factor = 3600.0, limits.address_factor
        self.uploads = Buckets(limits.uploads_an_hour, hour)
        self.uploads_of_address = Buckets(limits.uploads_an_hour * factor, hour)
        self.looks = Buckets(limits.looks_an_hour, hour)
        self.looks_of_address = Buckets(limits.looks_an_hour * factor, hour)
        self.faces = Buckets(limits.faces_a_minute, 60)
        self.faces_of_address = Buckets(limits.faces_a_minute * factor, 60)
        self.visits = Buckets(limits.visits_an_hour, hour)
        self.wrong_tokens = Buckets(limits.wrong_tokens, 300)


class Studio:
    """What the routes work with. ``house`` is occupied already."""

    def __init__(self, config: Config, house: House) -> None:
        self.config, self.house = config, house
        self._database = Database(house.database)
        self.tables = tables(self._database, config.token_hash)
        self.hub = Hub()
        self.quotas = Quotas(config)
        self.gate = Gate(config.limits.bodies_a_person, config.limits.bodies_in_all)
        self.looking = Looking(config.limits)
        self.eraser = Eraser(config, self.tables, house)
        self.desk = Desk(config, self.tables, house, self.hub)
        self.foreman = Foreman(config, self.desk, house, self.eraser.settle)
        self.rendering = Rendering(config.limits, self.job_under_way)
        self.eraser.know(self.desk, self.foreman, self.rendering)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def verifier_names(self) -> dict[str, str]:
        """Short name → name."""
        return {row["short"]: row["name"] for row in self.looking.verifiers}

    def job_under_way(self) -> bool:
        """Whether the worker has something to do."""
        return bool(self.tables.jobs.running())

    async def recover(self) -> None:
        """Erase what expired while there was no server, and let what ran when the last one ended go on."""
        for job in self.tables.jobs.expired(("queued", "running")):
            await self.eraser.job(job)
        self.desk.recover()
        await self.eraser.sweep()

    async def begin(self) -> None:
        """Recover, and start to work."""
        await self.recover()
        await self.looking.start()
        self._tasks = [
            asyncio.create_task(task)
            for task in (self.foreman.run(), self.rendering.run(), self.eraser.keep_sweeping())
        ]

    async def end(self) -> None:
        """What runs goes back into the queue; every process ends."""
        self.hub.close()
        await self.foreman.close()
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self.rendering.close()
        await self.looking.close()
        self._database.close()
