"""Results: the gallery, pictures, downloads, searching again, recognising, deleting."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request, Response
from fastapi.responses import FileResponse

from doppelganger.errors import ImageError
from doppelganger.storage import ResultFolder
from doppelganger.studio.access.rates import address_of
from doppelganger.studio.reading import detail, listed
from doppelganger.studio.refusals import Refusal, not_found
from doppelganger.studio.routes.asking import (
    PICTURE_BODY,
    AResult,
    Person,
    TheStudio,
    limited,
    picture_in,
)
from doppelganger.studio.schema import (
    Download,
    Job,
    NewSearch,
    NewTake,
    Picture,
    Recognised,
    ResultDetail,
    ResultList,
    Size,
    Step,
    troubles,
)
from doppelganger.studio.views import at_size, round_, square, zipped

router = APIRouter(tags=["results"])
_FILE = {"schema": {"type": "string", "format": "binary"}}
_GONE = Refusal(410, "gone", "The files of this result are gone.")
_OFTEN = "You have asked for many pictures; wait a little."


@router.get("/api/results", responses=troubles(401))
async def results(studio: TheStudio, person: Person) -> ResultList:
    """The visitor's gallery, the newest first."""
    return ResultList(results=[listed(row) for row in studio.tables.results.all_of(person)])


@router.get("/api/results/{result}", responses=troubles(401, 404, 410, 422))
async def result(row: AResult, studio: TheStudio) -> ResultDetail:
    """All that is known about one."""
    try:
        return detail(row, studio.house.result(row.person, row.id), studio.verifier_names)
    except OSError as error:
        raise _GONE from error


@router.get(
    "/api/results/{result}/pictures/{picture}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": _FILE, "image/png": _FILE}}, **troubles(401, 404, 410, 422)},
)
async def picture(
    row: AResult,
    studio: TheStudio,
    picture: Picture,
    size: Annotated[Size, Query(description="Side in pixels")] = Size.MIDDLE,
) -> Response:
    """One of its pictures: JPEG, at full size PNG."""
    home = studio.house.result(row.person, row.id)
    try:
        data, kind = await asyncio.to_thread(at_size, home, picture, size)
    except (OSError, ImageError) as error:
        raise not_found("picture") from error
    return Response(data, media_type=kind)


@router.get(
    "/api/results/{result}/frames/{step}",
    response_class=FileResponse,
    responses={200: {"content": {"image/png": _FILE}}, **troubles(401, 404, 422)},
)
async def frame(row: AResult, studio: TheStudio, step: Annotated[Step, Path()]) -> FileResponse:
    """A face of the continuum, 256²; the detail's `filmstrip` says of which steps there are some."""
    file = ResultFolder(studio.house.result(row.person, row.id).saved).frame(step)
    if not file.is_file():
        raise not_found("face")
    return FileResponse(file, media_type="image/png")


@router.get(
    "/api/results/{result}/downloads/{name}",
    response_class=Response,
    responses={
        200: {
            "content": dict.fromkeys(("image/png", "image/jpeg", "application/zip", "video/mp4"), _FILE),
            "description": "The file",
        },
        206: {"content": {"video/mp4": _FILE}, "description": "A part of the film"},
        416: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "The film has no such part"},
        **troubles(400, 401, 404, 410, 422),
    },
)
async def download(row: AResult, studio: TheStudio, name: Download) -> Response:
    """Take something away. All pictures are marked synthetic; the ZIP is for its owner, since the portrait is in it."""
    home = studio.house.result(row.person, row.id)
    saved = ResultFolder(home.saved)
    if name is Download.FILM:
        if not home.film.is_file():
            raise Refusal(404, "state", "The film has not been made yet.")
        return FileResponse(home.film, media_type="video/mp4", filename=name)
    try:
        if name is Download.PNG:
            data, kind = await asyncio.to_thread(saved.doppelganger.read_bytes), "image/png"
        elif name is Download.JPEG:
            data, kind = await asyncio.to_thread(saved.upload.read_bytes), "image/jpeg"
        elif name is Download.SQUARE:
            data, kind = await asyncio.to_thread(square, home), "image/jpeg"
        elif name is Download.ROUND:
            data, kind = await asyncio.to_thread(round_, home), "image/png"
        else:
            data, kind = await asyncio.to_thread(zipped, home), "application/zip"
    except (OSError, ImageError) as error:
        raise _GONE from error
    return Response(data, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.post("/api/results/{result}/again", status_code=201, responses=troubles(400, 401, 404, 413, 422))
async def again(row: AResult, asked: Annotated[NewSearch, Body()], studio: TheStudio) -> Job:
    """Search from it again, by another margin, other recognisers or another seed; nothing is projected anew."""
    return studio.desk.view(studio.desk.take(row.person, "again", asked.model_dump(), source=row.id))


@router.post("/api/results/{result}/take", status_code=201, responses=troubles(400, 401, 404, 413, 422))
async def take(row: AResult, asked: Annotated[NewTake, Body()], studio: TheStudio) -> Job:
    """Let a face of its path be the doppelgänger."""
    steps = row.summary["steps"]
    if asked.step > steps:
        raise Refusal(422, "invalid", f"The path has no step {asked.step}; its last one is {steps}.")
    return studio.desk.view(studio.desk.take(row.person, "take", asked.model_dump(), source=row.id))


@router.post(
    "/api/results/{result}/film",
    status_code=201,
    responses={200: {"model": Job, "description": "It is there, or under way"}, **troubles(401, 404, 422)},
)
async def film(row: AResult, studio: TheStudio, response: Response) -> Job:
    """Make the film of its continuum."""
    jobs = [job for job in studio.tables.jobs.about(row.id) if job.kind == "film"]
    under_way = [job for job in jobs if job.state in ("queued", "running")]
    done = [job for job in jobs if job.state == "done"]
    there = studio.house.result(row.person, row.id).film.is_file()
    if under_way or (there and done):
        response.status_code = 200
        return studio.desk.view((under_way or done)[0])
    if there:
        response.status_code = 200
        return studio.desk.view(studio.desk.note_finished(row.person, "film", row.id))
    return studio.desk.view(studio.desk.take(row.person, "film", {}, source=row.id))


@router.post(
    "/api/results/{result}/recognise",
    openapi_extra=PICTURE_BODY,
    responses=troubles(400, 401, 404, 408, 413, 415, 422, 503),
)
async def recognise(request: Request, row: AResult, studio: TheStudio) -> Recognised:
    """Any other picture against portrait and doppelgänger. It is not kept."""
    limited(studio.quotas.looks.take(row.person), _OFTEN)
    limited(studio.quotas.looks_of_address.take(address_of(request.scope)), _OFTEN)
    with studio.gate.passing(row.person):
        data = await picture_in(request)
        return Recognised(**await studio.looking.recognise(data, studio.house.result(row.person, row.id)))


@router.delete("/api/results/{result}", status_code=204, response_class=Response, responses=troubles(401, 404, 422))
async def delete(row: AResult, studio: TheStudio) -> None:
    """Delete it now, with the jobs that made it or begin from it."""
    await studio.eraser.result(row)


@router.delete("/api/everything", status_code=204, response_class=Response, responses=troubles(401))
async def delete_everything(studio: TheStudio, person: Person) -> None:
    """Delete all that the visitor has here: pictures, jobs, results."""
    await studio.eraser.everything(person)
