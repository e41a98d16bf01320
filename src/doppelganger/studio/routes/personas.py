"""Personas: made of a face, shown as a contact sheet, taken away, deleted."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from doppelganger.errors import ImageError
from doppelganger.studio.persona_reading import detail, listed, picture, zipped
from doppelganger.studio.refusals import Refusal, not_found
from doppelganger.studio.routes.asking import Person, TheStudio
from doppelganger.studio.schema import Job, Size, troubles
from doppelganger.studio.schema_faces import OfResult
from doppelganger.studio.schema_personas import (
    NewPersona,
    PersonaDetail,
    PersonaDownload,
    PersonaList,
)
from doppelganger.studio.tables.personas import PersonaRow

router = APIRouter(tags=["personas"])
_FILE = {"schema": {"type": "string", "format": "binary"}}
_GONE = Refusal(410, "gone", "The files of this persona are gone.")


async def persona_of(persona: str, studio: TheStudio, person: Person) -> PersonaRow:
    """The person's own. Raises Refusal."""
    row = studio.tables.personas.of(person, persona)
    if row is None:
        raise not_found("persona")
    return row


APersona = Annotated[PersonaRow, Depends(persona_of)]


@router.get("/api/personas", responses=troubles(401))
async def personas(studio: TheStudio, person: Person) -> PersonaList:
    """The visitor's personas, the newest first."""
    return PersonaList(personas=[listed(row) for row in studio.tables.personas.all_of(person)])


@router.post("/api/personas", status_code=201, responses=troubles(400, 401, 404, 413, 422))
async def make(asked: Annotated[NewPersona, Body()], studio: TheStudio, person: Person) -> Job:
    """Make a face a persona and take pictures of it. The job's result is the persona's id."""
    source = None
    if isinstance(asked.face, OfResult):
        row = studio.tables.results.of(person, asked.face.result)
        if row is None:
            raise not_found("result")
        source = row.id
    return studio.desk.view(studio.desk.take(person, "persona", asked.model_dump(), source=source))


@router.get("/api/personas/{persona}", responses=troubles(401, 404, 410, 422))
async def persona(row: APersona, studio: TheStudio) -> PersonaDetail:
    """All that the contact sheet shows of one."""
    try:
        return detail(row, studio.house.persona(row.person, row.id))
    except OSError as error:
        raise _GONE from error


@router.get(
    "/api/personas/{persona}/pictures/{number}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": _FILE, "image/png": _FILE}}, **troubles(401, 404, 410, 422)},
)
async def one_picture(
    row: APersona,
    studio: TheStudio,
    number: Annotated[int, Path(ge=0, le=10_000, description="0 is the reference")],
    size: Annotated[Size, Query(description="Side in pixels")] = Size.MIDDLE,
) -> Response:
    """One of its pictures: JPEG, at full size PNG."""
    try:
        data, kind = await asyncio.to_thread(picture, studio.house.persona(row.person, row.id), number, size)
    except (OSError, ImageError) as error:
        raise not_found("picture") from error
    return Response(data, media_type=kind)


@router.get(
    "/api/personas/{persona}/downloads/{name}",
    response_class=Response,
    responses={
        200: {"content": dict.fromkeys(("image/jpeg", "application/zip"), _FILE), "description": "The file"},
        **troubles(401, 404, 410, 422),
    },
)
async def download(row: APersona, studio: TheStudio, name: PersonaDownload) -> Response:
    """Take it away: its contact sheet, or the whole folder. All pictures are marked synthetic."""
    home = studio.house.persona(row.person, row.id)
    try:
        if name is PersonaDownload.SHEET:
            data, kind = await asyncio.to_thread((home.series / name).read_bytes), "image/jpeg"
        else:
            data, kind = await asyncio.to_thread(zipped, home), "application/zip"
    except OSError as error:
        raise _GONE from error
    return Response(data, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.delete("/api/personas/{persona}", status_code=204, response_class=Response, responses=troubles(401, 404, 422))
async def delete(row: APersona, studio: TheStudio) -> None:
    """Delete it now with all its pictures, and the job that made it."""
    await studio.eraser.persona(row)
