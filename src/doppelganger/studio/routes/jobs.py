"""Jobs: begin, watch, stop, go on, cancel."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Body, Header, Path, Query, Response
from fastapi.responses import FileResponse, StreamingResponse

from doppelganger.studio.refusals import Refusal, not_found
from doppelganger.studio.routes.asking import AJob, Person, TheStudio
from doppelganger.studio.routes.uploads import require_fit
from doppelganger.studio.schema import Job, JobList, NewJob, troubles
from doppelganger.studio.state import Studio
from doppelganger.studio.tables.jobs import FINAL, JobRow

router = APIRouter(tags=["jobs"])
_HEARTBEAT = 15.0
"""Seconds of silence after which a stream says that it is still there."""
_EVENT = {
    "type": "object",
    "description": "One event",
    "properties": {
        "id": {"type": "string", "description": "Its number in the job"},
        "event": {"enum": ["progress", "state"]},
        "data": {
            "type": "string",
            "description": (
                "JSON. state: a Job. progress: {stage, done, total, share, seconds_left, lpips, distances, face}, where distances "
                "is null or recogniser → distance over its threshold, and face is null or the address of a picture"
            ),
        },
    },
}
_MOST = 2**53
"""Numbers of events, as far as JavaScript can count."""


@router.post("/api/jobs", status_code=201, responses=troubles(400, 401, 404, 409, 413, 422))
async def make(asked: Annotated[NewJob, Body()], studio: TheStudio, person: Person) -> Job:
    """Make the doppelgänger of a face of an upload."""
    upload = studio.tables.uploads.of(person, asked.upload)
    if upload is None:
        raise not_found("picture")
    require_fit(upload, asked.face)
    settings = asked.model_dump(include={"face", "margin", "held_out", "seed", "background", "steps"})
    job = studio.desk.take(person, "make", settings, upload=upload.id)
    studio.tables.uploads.hold(upload.id, job.expires, asked.keep_photo)
    return studio.desk.view(job)


@router.get("/api/jobs", responses=troubles(401))
async def jobs(studio: TheStudio, person: Person) -> JobList:
    """All of the visitor's, the newest first."""
    return JobList(jobs=[studio.desk.view(row) for row in studio.tables.jobs.all_of(person)])


@router.get("/api/jobs/{job}", responses=troubles(401, 404, 422))
async def job(row: AJob, studio: TheStudio) -> Job:
    """One."""
    return studio.desk.view(row)


@router.post("/api/jobs/{job}/stop", responses=troubles(401, 404, 409, 422))
async def stop(row: AJob, studio: TheStudio) -> Job:
    """Stop it after the step it is at; what it has found is kept, and it can go on."""
    if row.state not in ("queued", "running"):
        raise Refusal(409, "state", "This job is not under way.")
    await studio.foreman.stop(row)
    return studio.desk.view(studio.tables.jobs.find(row.id) or row)


@router.post("/api/jobs/{job}/resume", responses=troubles(401, 404, 409, 422))
async def resume(row: AJob, studio: TheStudio) -> Job:
    """Let a stopped job go on where it was."""
    return studio.desk.view(studio.desk.resume(row))


@router.delete("/api/jobs/{job}", status_code=204, response_class=Response, responses=troubles(401, 404, 422))
async def cancel(row: AJob, studio: TheStudio) -> None:
    """Cancel it and delete everything of it: faces on the way, what it had found, its upload. A result it made stays."""
    await studio.eraser.job(row)


@router.get(
    "/api/jobs/{job}/events",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": _EVENT}}, "description": "Server-sent events"},
        **troubles(401, 404, 422),
    },
)
async def events(
    row: AJob,
    studio: TheStudio,
    after: Annotated[int, Query(ge=0, le=_MOST, description="Number of the last event that is known")] = 0,
    last_event_id: Annotated[int, Header(ge=0, le=_MOST, description="As `after`; browsers send it")] = 0,
) -> StreamingResponse:
    """What happened to it since then, and what happens, until it has ended (`progress` and `state`)."""
    limits = studio.config.limits
    if studio.hub.listeners(row.person) >= limits.streams_a_person or studio.hub.listeners() >= limits.streams_in_all:
        raise Refusal(429, "rate", "Too many pages watch at once; close some.", {"Retry-After": "5"})
    return StreamingResponse(_stream(studio, row, max(after, last_event_id)), media_type="text/event-stream")


async def _stream(studio: Studio, row: JobRow, after: int) -> AsyncIterator[str]:
    with studio.hub.listening(row.id, row.person) as woken:
        yield ": here\n\n"
        while not studio.hub.closing:
            woken.clear()
            news = studio.tables.events.after(row.id, after)
            for event in news:
                yield f"id: {event.number}\nevent: {event.kind}\ndata: {event.data}\n\n"
                after = event.number
            if news:
                continue
            job = studio.tables.jobs.find(row.id)
            if job is None or job.state in FINAL:
                return
            try:
                await asyncio.wait_for(woken.wait(), _HEARTBEAT)
            except TimeoutError:
                yield ": still here\n\n"


@router.get(
    "/api/jobs/{job}/faces/{number}",
    response_class=FileResponse,
    responses={
        200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
        **troubles(401, 404, 422),
    },
)
async def face(row: AJob, studio: TheStudio, number: Annotated[int, Path(ge=0, le=1_000_000)]) -> FileResponse:
    """A face on the way, 256²."""
    file = studio.house.job(row.person, row.id).face(number)
    if not file.is_file():
        raise not_found("face")
    return FileResponse(file, media_type="image/jpeg")
