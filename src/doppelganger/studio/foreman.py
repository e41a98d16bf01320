"""The foreman: gives the worker one job after the other, hears what it says, and starts another where it died.

A job ends as done, failed, stopped, or, with the server or the worker gone, back in the queue. Whatever happens, the queue goes on.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from doppelganger.studio.config import Config
from doppelganger.studio.desk import Desk
from doppelganger.studio.helper import Helper
from doppelganger.studio.house import House
from doppelganger.studio.pace import Run
from doppelganger.studio.speech import where
from doppelganger.studio.tables.jobs import JobRow

log = logging.getLogger("doppelganger.studio")

Intent = Literal["stop", "cancel", "close"]
_PATIENCE = 15.0
"""Seconds for the worker to reach the end of a step and stop; then it is killed, and starts anew for the next job."""
_PATIENCE_CLOSING = 3.0
_BREATH = 2.0
"""Seconds before the next try where not even a failure could be written down."""


@dataclass
class UnderWay:
    """The job that the worker has. ``intent``: why it is to stop, if it is."""

    job: JobRow
    intent: Intent | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Foreman:
    """``run`` it as a task. ``settled``: called with a job that has ended for good (its upload may go)."""

    def __init__(self, config: Config, desk: Desk, house: House, settled: Callable[[JobRow], None]) -> None:
        self._config, self._desk, self._house, self._settled = config, desk, house, settled
        self._helper = Helper("doppelganger.studio.worker", config.device)
        self._now: UnderWay | None = None
        self._closing = False
        self._patient: set[asyncio.Task[None]] = set()

    @property
    def worker_pid(self) -> int | None:
        """Of the worker process, None where none runs."""
        return self._helper.pid

    async def run(self) -> None:
        """Until the task is cancelled."""
        while not self._closing:
            self._desk.work.clear()
            try:
                for lost in self._desk.running():  # nobody is on it: how it ended could not be written down
                    if self._desk.crashed(lost):
                        self._settled(lost)
                job = self._desk.next()
                if job is not None:
                    await self._see_through(job)
                    continue
            except Exception as error:  # the disk is full, perhaps: it could not even be written down
                log.error("The queue could not go on: %s.", where(error))
                await asyncio.sleep(_BREATH)
                continue
            try:
                await asyncio.wait_for(self._desk.work.wait(), self._config.limits.idle_seconds)
            except TimeoutError:
                await self._helper.end()  # nobody has needed its gigabytes for a while

    async def stop(self, job: JobRow) -> None:
        """It keeps what it has found and waits. A running one ends its step first, if that takes no longer than is to be borne."""
        if self._now and self._now.job.id == job.id:
            await self._ask(self._now, "stop")
            task = asyncio.create_task(self._wait_or_kill(self._now, _PATIENCE))
            self._patient.add(task)  # the loop itself would let it be collected
            task.add_done_callback(self._patient.discard)
        elif job.state == "queued":
            self._desk.stopped(job.id)

    async def cancel(self, job: str) -> None:
        """When this returns, nothing is written for the job any more."""
        if self._now and self._now.job.id == job:
            await self._ask(self._now, "cancel")
            await self._wait_or_kill(self._now, _PATIENCE)

    async def close(self) -> None:
        """The server ends: what runs goes back into the queue, for the next start."""
        self._closing = True
        if self._now:
            await self._ask(self._now, "close")
            await self._wait_or_kill(self._now, _PATIENCE_CLOSING)
        await self._helper.end()

    async def _ask(self, now: UnderWay, intent: Intent) -> None:
        if now.intent != "cancel":
            now.intent = intent
        if self._helper.alive:
            await self._helper.say({"do": "stop"})

    async def _wait_or_kill(self, now: UnderWay, patience: float) -> None:
        try:
            await asyncio.wait_for(now.ended.wait(), patience)
        except TimeoutError:
            await self._helper.end()
            await now.ended.wait()

    async def _see_through(self, job: JobRow) -> None:
        """One job, from its begin to its end."""
        run, order = self._desk.begin(job)
        self._now = now = UnderWay(job)
        try:
            said = await self._work(now, run, order)
            self._end(now, run, order["result"], said)
        except Exception as error:
            log.error("A job could not be seen through: %s.", where(error))
            await self._helper.end()
            self._desk.failed(job.id, "This is a mistake of the program, not yours.", "trouble")
            self._settled(job)
        finally:
            self._house.building.discard(order["result"])
            self._now = None
            now.ended.set()

    async def _work(self, now: UnderWay, run: Run, order: dict[str, Any]) -> dict[str, Any] | None:
        """The worker's last word on the job, None where it died."""
        if not self._helper.alive:
            await self._helper.end()
            await self._helper.start()
        if now.intent:  # meanwhile
            return {"event": "stopped"}
        await self._helper.say(order)
        try:
            async with asyncio.timeout(self._config.limits.job_seconds):
                while (said := await self._helper.hear()) is not None and said["event"] == "progress":
                    if now.intent != "cancel":
                        self._desk.progress(now.job.id, run, said)
        except TimeoutError:
            await self._helper.end()
            return {"event": "failed", "error": "This took far too long and was given up.", "code": "trouble"}
        if said is None:
            await self._helper.end()
        return said

    def _end(self, now: UnderWay, run: Run, result: str, said: dict[str, Any] | None) -> None:
        """What becomes of the job."""
        job, event = now.job, said["event"] if said else "died"
        if now.intent == "cancel":  # whoever cancelled it erases its folder
            if job.kind != "film":  # a result may have been saved, nearly or whole; a film's is another job's
                self._house.erase(self._house.result(job.person, result))
            return
        if event == "done":
            self._desk.done(job, run, result)
            self._settled(job)
        elif event == "failed":
            assert said
            self._desk.failed(job.id, said["error"], said["code"])
            self._settled(job)
        elif now.intent == "stop":
            self._desk.stopped(job.id)
        elif now.intent == "close" or event == "stopped":
            self._desk.back_to_queue(job.id)
        elif self._desk.crashed(job):
            self._settled(job)
