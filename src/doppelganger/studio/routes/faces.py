"""Invented faces, and faces changed by sliders."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response

from doppelganger.storage import ResultFolder
from doppelganger.studio.access.rates import address_of
from doppelganger.studio.refusals import Refusal, not_found
from doppelganger.studio.routes.asking import Person, TheStudio, limited
from doppelganger.studio.schema import troubles
from doppelganger.studio.schema_faces import DirectionList, DirectionOut, OfResult, Read, Wanted, WantedPicture
from doppelganger.studio.sliders import sliders
from doppelganger.studio.state import Studio

router = APIRouter(tags=["faces"])
_FILE = {"schema": {"type": "string", "format": "binary"}}
_OFTEN = "You have asked for many faces; wait a little."


@router.get("/api/directions", responses=troubles(401))
async def directions(_: Person) -> DirectionList:
    """What can be changed about a face, how far, and how far it stays the same person."""
    return DirectionList(
        directions=[
            DirectionOut(
                name=one.name,
                says=one.says,
                unit=one.unit,
                valid=one.valid_range,
                identity=one.identity_range,
                weak=one.weak,
            )
            for one in sliders()
        ]
    )


@router.post(
    "/api/faces/picture",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": _FILE, "image/png": _FILE}},
        **troubles(400, 401, 404, 409, 410, 413, 422, 503),
    },
)
async def picture(
    asked: Annotated[WantedPicture, Body()], request: Request, studio: TheStudio, person: Person
) -> Response:
    """A face, changed: marked synthetic, kept nowhere. A newer wish of the same visitor takes the place of one that still waits."""
    order = {**_order(asked, request, studio, person), "size": asked.size, "form": asked.form}
    data = await studio.rendering.picture(person, order, asked.patient)
    _still_there(asked, studio, person)
    return Response(data, media_type=f"image/{asked.form}")


@router.post("/api/faces/reading", responses=troubles(400, 401, 404, 409, 410, 413, 422, 503))
async def reading(asked: Annotated[Wanted, Body()], request: Request, studio: TheStudio, person: Person) -> Read:
    """What is read from a face, and whether the recognisers still take it for the same person."""
    said = await studio.rendering.reading(person, _order(asked, request, studio, person), asked.patient)
    _still_there(asked, studio, person)
    return Read(**said, job_under_way=studio.job_under_way())


def _order(asked: Wanted, request: Request, studio: Studio, person: str) -> dict[str, Any]:
    """What the rendering process is told. Raises Refusal."""
    limited(studio.quotas.faces.take(person), _OFTEN)
    limited(studio.quotas.faces_of_address.take(address_of(request.scope)), _OFTEN)
    strengths = asked.changes()
    if not isinstance(asked.face, OfResult):
        return {"face": {"seed": asked.face.seed}, "strengths": strengths}
    row = studio.tables.results.of(person, asked.face.result)
    if row is None:
        raise not_found("result")
    saved = ResultFolder(studio.house.result(person, row.id).saved)
    if not saved.latents.is_file():
        raise Refusal(410, "gone", "The files of this result are gone.")
    face = {"latents": str(saved.latents), "name": asked.face.of, "portrait": str(saved.picture("portrait"))}
    return {"face": face, "strengths": strengths}


def _still_there(asked: Wanted, studio: Studio, person: str) -> None:
    """What was deleted while it was drawn is not sent any more. Raises Refusal."""
    if isinstance(asked.face, OfResult) and studio.tables.results.of(person, asked.face.result) is None:
        raise not_found("result")
