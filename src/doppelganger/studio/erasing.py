"""Deleting: on request, when a job has ended, and when the time is over. Rows go first, then the files, at once.

A kill between the two leaves files that no row knows; the sweep finds those, at every start and from time to time.
"""

import asyncio
import logging
import time

from doppelganger.studio.config import Config
from doppelganger.studio.desk import Desk
from doppelganger.studio.foreman import Foreman
from doppelganger.studio.house import House, erase
from doppelganger.studio.rendering import Rendering
from doppelganger.studio.speech import where
from doppelganger.studio.tables.all import Tables
from doppelganger.studio.tables.jobs import JobRow
from doppelganger.studio.tables.personas import PersonaRow
from doppelganger.studio.tables.results import ResultRow
from doppelganger.studio.tables.uploads import UploadRow

log = logging.getLogger("doppelganger.studio")


class Eraser:
    """Erases what it is told to, with all that belongs to it."""

    def __init__(self, config: Config, tables: Tables, house: House) -> None:
        self._config, self._tables, self._house = config, tables, house
        self._desk: Desk
        self._foreman: Foreman
        self._rendering: Rendering

    def know(self, desk: Desk, foreman: Foreman, rendering: Rendering) -> None:
        """Whom to ask before a running job's files go, and who may have a result's faces in memory."""
        self._desk, self._foreman, self._rendering = desk, foreman, rendering

    def settle(self, job: JobRow) -> None:
        """A job has ended for good: its upload and its checkpoint go, and an upload that nobody wanted kept."""
        if job.kind == "make":
            erase(self._house.job(job.person, job.id).checkpoint)
        if job.upload:
            self._release(job.person, job.upload)

    async def upload(self, row: UploadRow) -> None:
        """And the jobs that cannot begin or go on without it."""
        for job in self._tables.jobs.on_upload(row.id):
            await self.job(job)
        self._remove_upload(row)

    async def job(self, row: JobRow) -> None:
        """Cancels it. What it made stays."""
        self._tables.jobs.remove(row.id)  # first: after a kill here it must not come back
        await self._foreman.cancel(row.id)
        self._desk.gone(row.id)  # last: whoever watches it would ask for it again
        self._house.erase(self._house.job(row.person, row.id))
        if row.upload:
            self._release(row.person, row.upload)

    async def result(self, row: ResultRow) -> None:
        """And the jobs that made it or begin from it."""
        for job in self._tables.jobs.about(row.id):
            await self.job(job)
        self._tables.results.remove(row.id)
        self._house.erase(self._house.result(row.person, row.id))
        await self._rendering.forget()

    async def persona(self, row: PersonaRow) -> None:
        """And the job that made it."""
        for job in self._tables.jobs.about(row.id):
            await self.job(job)
        self._tables.personas.remove(row.id)
        self._house.erase(self._house.persona(row.person, row.id))

    async def everything(self, person: str) -> None:
        """All that a person has here. They may stay."""
        for job in self._tables.jobs.all_of(person):
            await self.job(job)
        for upload in self._tables.uploads.all_of(person):
            self._remove_upload(upload)
        for result in self._tables.results.all_of(person):
            await self.result(result)
        for persona in self._tables.personas.all_of(person):
            await self.persona(persona)
        self._house.erase_person(person)
        self._tables.database.forget_deleted()

    async def sweep(self) -> None:
        """What has expired, and files that no row knows."""
        before = time.time()
        for job in self._tables.jobs.expired():
            await self.job(job)
        for upload in self._tables.uploads.expired():
            self._remove_upload(upload)
        for job in self._tables.jobs.ended():  # a kill can come between a job's end and this
            self.settle(job)
        for result in self._tables.results.expired():
            await self.result(result)
        for persona in self._tables.personas.expired():
            await self.persona(persona)
        for person in self._tables.people.absent(before - self._config.keep_seconds):
            self._tables.people.remove(person)
        self._leftovers()
        self._tables.database.forget_deleted()

    async def keep_sweeping(self) -> None:
        """Until the task is cancelled."""
        while True:
            await asyncio.sleep(self._config.limits.sweep_seconds)
            try:
                await self.sweep()
            except Exception as error:  # the next one may go better
                log.error("Deleting what has expired failed: %s.", where(error))

    def _leftovers(self) -> None:
        known = {
            "uploads": self._tables.uploads.ids(),
            "jobs": self._tables.jobs.ids(),
            "results": self._tables.results.ids(),
            "personas": self._tables.personas.ids(),
        }
        people = self._tables.people.everybody()
        for _, kind, name, folder in list(self._house.everything()):
            if name not in known[kind] and name not in self._house.building:
                erase(folder)
        for person in self._house.people():
            if person not in people:
                self._house.erase_person(person)

    def _release(self, person: str, upload: str) -> None:
        row = self._tables.uploads.of(person, upload)
        if row and not row.keep and not self._tables.jobs.on_upload(upload):
            self._remove_upload(row)

    def _remove_upload(self, row: UploadRow) -> None:
        self._tables.uploads.remove(row.id)
        self._house.erase(self._house.upload(row.person, row.id))
