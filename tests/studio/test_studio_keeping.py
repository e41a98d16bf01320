"""Where a server ends, a disk fills or somebody cancels at the wrong moment: what is to go goes, and nobody is lost."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from doppelganger.studio import foreman
from doppelganger.studio.app import TOPICS
from doppelganger.studio.config import Config, HoursError
from doppelganger.studio.house import House, private_folder
from doppelganger.studio.identity import new_id
from doppelganger.studio.state import Studio
from doppelganger.studio.tables.jobs import State
from doppelganger.studio.tables.uploads import UploadRow

DAY = 86400.0
PATIENCE = 60.0


class Worker:
    """In the place of the process: says what it is told to say, and writes a result where a stop comes too late for it."""

    def __init__(self) -> None:
        self.alive, self.pid = True, None
        self.order: dict[str, Any] = {}
        self.begun = asyncio.Event()
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def start(self) -> None: ...

    async def end(self) -> None: ...

    async def say(self, message: dict[str, Any]) -> None:
        if message["do"] == "job":
            self.order = message
            self.begun.set()
            return
        target = Path(self.order["target"])
        private_folder(target)
        (target / "doppelganger.png").write_bytes(b"a face")
        self.said.put_nowait({"event": "done"})

    async def hear(self) -> dict[str, Any]:
        return await self.said.get()


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """None of its processes runs."""
    house = House(tmp_path / "data")
    house.occupy()
    studio = Studio(Config(house.root), house)
    yield studio
    studio.tables.database.close()
    house.leave()


def uploaded(studio: Studio, person: str, keep: bool, expires: float) -> str:
    upload = new_id()
    studio.tables.uploads.add(UploadRow(upload, person, 9, 9, [], keep, expires - DAY, expires))
    folder = studio.house.upload(person, upload)
    private_folder(folder.root)
    folder.photo.write_bytes(b"a photo")
    return upload


def job(studio: Studio, person: str, state: State, expires: float, upload: str) -> str:
    """With a checkpoint."""
    name = new_id()
    studio.tables.jobs.add(name, person, "make", {}, expires, upload)
    studio.tables.jobs.update(name, state=state)
    private_folder(studio.house.job(person, name).checkpoint)
    return name


@pytest.mark.parametrize("state", ["queued", "running", "stopped"])
def test_what_expired_while_there_was_no_server_is_not_begun_again(studio: Studio, state: State) -> None:
    person, _ = studio.tables.people.welcome()
    long_ago, later = time.time() - 13 * DAY, time.time() + DAY / 2
    old = job(studio, person, state, long_ago, uploaded(studio, person, True, long_ago))
    young = job(studio, person, state, later, uploaded(studio, person, False, later))
    asyncio.run(studio.recover())
    assert studio.tables.jobs.ids() == {young} != {old}
    assert [row.state for row in studio.tables.jobs.all_of(person)] == ["stopped" if state == "stopped" else "queued"]
    assert {name for _, _, name, _ in studio.house.everything()} == {young, *studio.tables.uploads.ids()}
    assert studio.tables.uploads.kept() == 1


@pytest.mark.parametrize("state", ["done", "failed"])
def test_a_kill_before_the_photo_went_leaves_it_to_the_next_start(studio: Studio, state: State) -> None:
    person, _ = studio.tables.people.welcome()
    later = time.time() + DAY
    kept, unused = uploaded(studio, person, True, later), uploaded(studio, person, False, later)
    over = uploaded(studio, person, False, later)
    jobs = [job(studio, person, state, later, upload) for upload in (kept, over)]
    needed = uploaded(studio, person, False, later)
    jobs += [job(studio, person, one, later, needed) for one in (state, "stopped")]
    asyncio.run(studio.recover())
    assert studio.tables.uploads.ids() == {kept, unused, needed}
    assert not studio.house.upload(person, over).root.exists()
    left = [name for name in jobs if studio.house.job(person, name).checkpoint.exists()]
    assert left == jobs[-1:], "only a stopped job goes on from its checkpoint"


async def working(studio: Studio) -> tuple[Worker, "asyncio.Task[None]"]:
    worker = Worker()
    studio.foreman._helper = worker  # type: ignore[assignment]
    return worker, asyncio.create_task(studio.foreman.run())


def test_what_is_cancelled_as_it_ends_leaves_nothing(studio: Studio) -> None:
    async def cancelled() -> None:
        person, _ = studio.tables.people.welcome()
        row = studio.desk.take(person, "take", {"step": 0}, source=new_id())
        async with asyncio.timeout(PATIENCE):
            worker, task = await working(studio)
            await worker.begun.wait()
            await studio.eraser.job(row)
            assert Path(worker.order["target"]).is_relative_to(studio.house.root)
            assert list(studio.house.everything()) == [] and studio.tables.jobs.ids() == set()
            task.cancel()

    asyncio.run(cancelled())


def test_a_cancelled_job_does_not_come_back_after_a_kill(studio: Studio) -> None:
    """The worker is still at its step when the server is killed."""

    async def killed() -> None:
        person, _ = studio.tables.people.welcome()
        row = studio.desk.take(person, "film", {}, source=new_id())
        async with asyncio.timeout(PATIENCE):
            worker, task = await working(studio)
            await worker.begun.wait()
            worker.say = lambda message: asyncio.Event().wait()  # type: ignore[assignment, method-assign]
            cancelling = asyncio.create_task(studio.eraser.job(row))
            await asyncio.sleep(0)
            for one in (cancelling, task):
                one.cancel()
        await studio.recover()
        assert studio.tables.jobs.ids() == set()

    asyncio.run(killed())


def test_a_job_whose_end_could_not_be_written_down_is_not_lost(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be written for a while, as on a full disk; later the job is done."""
    monkeypatch.setattr(foreman, "_BREATH", 0.01)

    async def full() -> None:
        person, _ = studio.tables.people.welcome()
        row = studio.desk.take(person, "film", {}, source=new_id())
        async with asyncio.timeout(PATIENCE):
            worker, task = await working(studio)
            await worker.begun.wait()
            studio.tables.database.write("PRAGMA query_only=ON")
            worker.said.put_nowait({"event": "done"})
            while studio.foreman._now:
                await asyncio.sleep(0.01)
            assert [one.id for one in studio.tables.jobs.running()] == [row.id]
            worker.begun.clear()
            studio.tables.database.write("PRAGMA query_only=OFF")
            await worker.begun.wait()
            worker.said.put_nowait({"event": "done"})
            while (now := studio.tables.jobs.find(row.id)) and now.state != "done":
                await asyncio.sleep(0.01)
            task.cancel()

    asyncio.run(full())


def test_a_commit_that_fails_leaves_no_transaction_behind(studio: Studio) -> None:
    database, people = studio.tables.database, studio.tables.people
    with pytest.raises(sqlite3.IntegrityError), database.together():
        database.write("PRAGMA defer_foreign_keys=ON")  # what is wrong shows at the commit
        studio.tables.uploads.add(UploadRow("a", "nobody", 9, 9, [], False, 0.0, 0.0))
    with database.together():
        person, _ = people.welcome()
    other = sqlite3.connect(studio.house.database)
    assert other.execute("SELECT id FROM people").fetchall() == [(person,)]
    other.close()


def test_the_database_is_the_event_loops_alone(studio: Studio) -> None:
    def plain(dependant: Dependant) -> list[Any]:
        """Functions that would be called in another thread."""
        below = [one for child in dependant.dependencies for one in plain(child)]
        call = dependant.call
        return (
            below
            if asyncio.iscoroutinefunction(call) or asyncio.iscoroutinefunction(type(call).__call__)
            else [call, *below]
        )

    for topic in TOPICS:
        for route in topic.router.routes:
            assert isinstance(route, APIRoute) and plain(route.dependant) == [], route
    with pytest.raises(sqlite3.ProgrammingError):
        asyncio.run(asyncio.to_thread(studio.tables.people.everybody))


@pytest.mark.parametrize("hours", [float("inf"), float("nan"), 7e7, 0.0, -1.0])
def test_hours_that_no_clock_counts_are_refused(tmp_path: Path, hours: float) -> None:
    with pytest.raises(HoursError, match="8760 hours"):
        Config(tmp_path, keep_hours=hours)


def test_two_folders_have_two_cookies(tmp_path: Path) -> None:
    assert Config(tmp_path / "a").cookie == Config(tmp_path / "b" / ".." / "a", port=1).cookie
    assert Config(tmp_path / "a").cookie != Config(tmp_path / "b").cookie
