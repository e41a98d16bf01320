"""The desk: takes jobs, says where they are, and writes down what becomes of them. Who does them is the foreman."""

import asyncio
import time
from typing import Any

from doppelganger.studio.config import Config
from doppelganger.studio.house import House, private_folder
from doppelganger.studio.hub import Hub
from doppelganger.studio.identity import new_id
from doppelganger.studio.pace import Pace, Run
from doppelganger.studio.persona_reading import summary as persona_summary
from doppelganger.studio.queue_order import fair_order
from doppelganger.studio.reading import record_of, summary
from doppelganger.studio.refusals import Refusal, busy
from doppelganger.studio.schema import Job, Trouble, at
from doppelganger.studio.tables.all import Tables
from doppelganger.studio.tables.jobs import JobRow, Kind
from doppelganger.studio.tables.personas import PersonaRow
from doppelganger.studio.tables.results import ResultRow

MOST_CRASHES = 2
"""Of the worker in one job, after which the job is given up."""
MOST_RESTARTS = 5
"""Of the server in one job: it may be what ends the server."""


class Desk:
    """All that is written about jobs is written here. ``work``: set whenever there may be something to do."""

    def __init__(self, config: Config, tables: Tables, house: House, hub: Hub) -> None:
        self._config, self._tables, self._house, self._hub = config, tables, house, hub
        self._pace = Pace()
        self._positions: dict[str, int] = {}
        self.work = asyncio.Event()

    def view(self, job: JobRow) -> Job:
        """A job as the page sees it."""
        return Job(
            id=job.id,
            kind=job.kind,
            state=job.state,
            position=self._positions.get(job.id) if job.state == "queued" else None,
            stage=job.stage,
            done=job.done,
            total=job.total,
            share=job.share,
            seconds_left=job.seconds_left,
            error=Trouble(error=job.error, code=job.code) if job.error and job.code else None,  # type: ignore[arg-type]
            result=job.result,
            created=at(job.created),
            expires=at(job.expires),
        )

    def take(
        self, person: str, kind: Kind, settings: dict[str, Any], upload: str | None = None, source: str | None = None
    ) -> JobRow:
        """A new job joins the queue. Raises Refusal where there are too many."""
        jobs, limits = self._tables.jobs, self._config.limits
        if jobs.active(person) >= limits.jobs_a_person:
            raise busy(f"You have {limits.jobs_a_person} jobs under way; wait for one or stop it.")
        if jobs.active() >= limits.jobs_in_all:
            raise busy("Many people are being helped just now; try again in some minutes.")
        job = new_id()
        expires = time.time() + self._config.keep_seconds
        with self._tables.database.together():
            jobs.add(job, person, kind, settings, expires, upload, source)
            self._queue_changed(job)
        self.work.set()
        return self._row(job)

    def note_finished(self, person: str, kind: Kind, source: str) -> JobRow:
        """A job whose work is there already."""
        job = new_id()
        with self._tables.database.together():
            self._tables.jobs.add(
                job, person, kind, {}, time.time() + self._config.keep_seconds, source=source, finished_as=source
            )
            self._say_state(job)
        return self._row(job)

    def resume(self, job: JobRow) -> JobRow:
        """A stopped job joins the queue again. Raises Refusal."""
        if job.state != "stopped":
            raise Refusal(409, "state", "Only a stopped job can go on.")
        if self._tables.jobs.active(job.person) >= self._config.limits.jobs_a_person:
            raise busy(f"You have {self._config.limits.jobs_a_person} jobs under way; wait for one or stop it.")
        with self._tables.database.together():
            expires = time.time() + self._config.keep_seconds
            self._tables.jobs.update(job.id, state="queued", seconds_left=None, expires=expires)
            self._queue_changed(job.id)
        self.work.set()
        return self._row(job.id)

    def running(self) -> list[JobRow]:
        """What is written down as running."""
        return self._tables.jobs.running()

    def next(self) -> JobRow | None:
        """Whose turn it is."""
        order = self._order()
        return order[0] if order else None

    def begin(self, job: JobRow) -> tuple[Run, dict[str, Any]]:
        """The job runs from here on: its pace, and what the worker is told."""
        folder = self._house.job(job.person, job.id)
        result = job.source if job.kind == "film" else job.id if job.kind == "persona" else new_id()
        assert result
        order: dict[str, Any] = {"do": "job", "kind": job.kind, "settings": job.settings, "faces": str(folder.faces)}
        home = self._house.result(job.person, result)
        if job.kind == "film":
            order["target"] = str(home.film)
        elif job.kind == "persona":
            order["target"] = str(folder.persona)  # where it goes on after a stop
        else:
            self._house.building.add(result)
            order["target"] = str(home.saved)
        if job.kind == "make":
            assert job.upload
            order["checkpoint"] = str(folder.checkpoint)
            order["photo"] = str(self._house.upload(job.person, job.upload).photo)
        if job.source:
            order["source"] = str(self._house.result(job.person, job.source).saved)
        order["result"] = result
        with self._tables.database.together():
            self._tables.jobs.update(job.id, state="running", begun=time.time(), seconds_left=None)
            self._queue_changed(job.id)
        return self._pace.run(job.kind), order

    def progress(self, job: str, run: Run, said: dict[str, Any]) -> None:
        """The worker did a step."""
        run.advance(said["stage"], said["done"], said["total"])
        row = self._tables.jobs.find(job)
        if row is None:
            return
        share = max(row.share, min(run.share, 0.999))
        face = said["face"]
        with self._tables.database.together():
            self._tables.jobs.update(
                job,
                stage=said["stage"],
                done=said["done"],
                total=said["total"],
                share=share,
                seconds_left=run.seconds_left,
            )
            self._tables.events.add(
                job,
                "progress",
                {
                    "stage": said["stage"],
                    "done": said["done"],
                    "total": said["total"],
                    "share": share,
                    "seconds_left": run.seconds_left,
                    "lpips": said["lpips"],
                    "distances": said["distances"],
                    "face": None if face is None else f"/api/jobs/{job}/faces/{face}",
                },
            )
        self._hub.wake(job)

    def done(self, job: JobRow, run: Run, result: str) -> None:
        """The worker has made it: the result becomes visible."""
        now = time.time()
        expires = now + self._config.keep_seconds
        if job.kind == "persona":
            persona = self._moved_in(job, now, expires)
        elif job.kind != "film":
            made = summary(record_of(self._house.result(job.person, result)))
        with self._tables.database.together():
            if job.kind == "persona":
                self._tables.personas.add(persona)
            elif job.kind != "film":
                self._tables.results.add(ResultRow(result, job.person, job.source, made, now, expires))
            self._tables.jobs.update(
                job.id, state="done", result=result, share=1.0, seconds_left=0.0, expires=expires, settings="{}"
            )
            self._queue_changed(job.id)
        self._pace.learn(run)

    def _moved_in(self, job: JobRow, now: float, expires: float) -> PersonaRow:
        """A persona that is whole leaves its job's folder; its id is the job's."""
        home = self._house.persona(job.person, job.id)
        self._house.building.add(job.id)
        private_folder(home.root)
        self._house.job(job.person, job.id).persona.replace(home.saved)
        return PersonaRow(job.id, job.person, persona_summary(home), now, expires)

    def stopped(self, job: str) -> None:
        """It waits until somebody resumes it, with what it has found so far."""
        with self._tables.database.together():
            expires = time.time() + self._config.keep_seconds
            self._tables.jobs.update(job, state="stopped", seconds_left=None, expires=expires)
            self._queue_changed(job)

    def failed(self, job: str, sentence: str, code: str) -> None:
        """It ends without a result."""
        with self._tables.database.together():
            expires = time.time() + self._config.keep_seconds
            self._tables.jobs.update(
                job, state="failed", error=sentence, code=code, seconds_left=None, expires=expires, settings="{}"
            )
            self._queue_changed(job)

    def crashed(self, job: JobRow) -> bool:
        """It broke off, most likely since the worker died of it: once more, or given up (then True)."""
        if job.crashes + 1 >= MOST_CRASHES:
            self.failed(job.id, "This job broke off in the middle, twice; it was given up.", "trouble")
            return True
        self._tables.jobs.update(job.id, crashes=job.crashes + 1)
        self.back_to_queue(job.id)
        return False

    def back_to_queue(self, job: str) -> None:
        """It will go on where it was."""
        with self._tables.database.together():
            self._tables.jobs.update(job, state="queued", seconds_left=None)
            self._queue_changed(job)
        self.work.set()

    def recover(self) -> None:
        """After a start: what ran when the server ended goes on, or is given up."""
        for job in self._tables.jobs.running():
            if job.restarts + 1 > MOST_RESTARTS:
                self.failed(
                    job.id, "The server ended several times while it worked on this; it was given up.", "trouble"
                )
                continue
            self._tables.jobs.update(job.id, restarts=job.restarts + 1)
            self.back_to_queue(job.id)
        with self._tables.database.together():
            self._queue_changed(None)
        self.work.set()

    def gone(self, job: str) -> None:
        """It was deleted: whoever listens is sent away, those behind it move up."""
        with self._tables.database.together():
            self._queue_changed(None)
        self._hub.wake(job)

    def _order(self) -> list[JobRow]:
        jobs = self._tables.jobs
        return fair_order(jobs.queued(), jobs.last_begun(), {job.person for job in jobs.running()})

    def _queue_changed(self, job: str | None) -> None:
        """Tell everybody whose place in the queue is another now, and whoever listens to ``job``."""
        before = self._positions
        ahead = len(self._tables.jobs.running())
        self._positions = {row.id: ahead + k for k, row in enumerate(self._order())}
        moved = [one for one, place in self._positions.items() if before.get(one) != place]
        for one in dict.fromkeys([*([job] if job else []), *moved]):
            self._say_state(one)

    def _say_state(self, job: str) -> None:
        row = self._tables.jobs.find(job)
        if row:  # else it was deleted meanwhile
            self._tables.events.add(job, "state", self.view(row).model_dump(mode="json"))
        self._hub.wake(job)

    def _row(self, job: str) -> JobRow:
        row = self._tables.jobs.find(job)
        assert row
        return row
