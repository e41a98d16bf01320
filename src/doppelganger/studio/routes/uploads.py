"""Pictures that come in."""

import time
from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from doppelganger.studio.access.rates import address_of
from doppelganger.studio.identity import new_id
from doppelganger.studio.refusals import Refusal, busy, not_found
from doppelganger.studio.routes.asking import (
    PICTURE_BODY,
    AnUpload,
    Person,
    TheStudio,
    limited,
    picture_in,
)
from doppelganger.studio.schema import FaceOut, UploadOut, at, troubles
from doppelganger.studio.state import Studio
from doppelganger.studio.tables.uploads import UploadRow

router = APIRouter(tags=["uploads"])
_OFTEN = "You have sent many pictures; wait a little."


@router.post(
    "/api/uploads",
    status_code=201,
    openapi_extra=PICTURE_BODY,
    responses=troubles(400, 401, 408, 413, 415, 422, 503),
)
async def take_in(request: Request, studio: TheStudio, person: Person) -> UploadOut:
    """Send a picture. Only its pixels are kept; they are deleted with the job that uses them, or after an hour."""
    limits = studio.config.limits
    if studio.tables.uploads.kept(person) >= limits.uploads_kept:
        limited(60, "You have many pictures here; delete some, or wait until they are deleted.")
    if (
        studio.tables.uploads.kept() >= limits.uploads_kept_in_all
        or studio.house.free_bytes() < limits.free_bytes + limits.body_bytes
    ):
        raise busy("The Studio has no room for more pictures just now; try again later.")
    limited(studio.quotas.uploads.take(person), _OFTEN)
    limited(studio.quotas.uploads_of_address.take(address_of(request.scope)), _OFTEN)
    with studio.gate.passing(person):
        return await _take_in(await picture_in(request), studio, person)


async def _take_in(data: bytes, studio: Studio, person: str) -> UploadOut:
    upload, now = new_id(), time.time()
    folder = studio.house.upload(person, upload)
    studio.house.building.add(upload)
    try:
        seen = await studio.looking.take_in(data, folder)
        if studio.tables.uploads.kept(person) >= studio.config.limits.uploads_kept:  # several came at once
            raise busy("You have many pictures here; delete some, or wait until they are deleted.")
        expires = now + min(studio.config.limits.unused_upload_hours * 3600, studio.config.keep_seconds)
        row = UploadRow(upload, person, seen["width"], seen["height"], seen["faces"], False, now, expires)
        studio.tables.uploads.add(row)
    except BaseException:
        studio.house.erase(folder)
        raise
    finally:
        studio.house.building.discard(upload)
    return _shown(row, at(expires))


@router.get(
    "/api/uploads/{upload}/picture",
    response_class=FileResponse,
    responses={
        200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
        **troubles(401, 404, 422),
    },
)
async def picture(row: AnUpload, studio: TheStudio) -> FileResponse:
    """What was sent, at most 1280 pixels long, without metadata."""
    preview = studio.house.upload(row.person, row.id).preview
    if not preview.is_file():
        raise not_found("picture")
    return FileResponse(preview, media_type="image/jpeg")


@router.delete("/api/uploads/{upload}", status_code=204, response_class=Response, responses=troubles(401, 404, 422))
async def delete(row: AnUpload, studio: TheStudio) -> None:
    """Delete it now; jobs that still need it are cancelled."""
    await studio.eraser.upload(row)


def _shown(row: UploadRow, expires: datetime) -> UploadOut:
    faces = [FaceOut(**face) for face in row.faces]
    return UploadOut(id=row.id, width=row.width, height=row.height, faces=faces, expires=expires)


def require_fit(row: UploadRow, face: int) -> None:
    """Raises Refusal where the picture has no such face, or a doppelgänger cannot be made of it."""
    if face >= len(row.faces):
        raise Refusal(422, "no-face", f"The picture has {len(row.faces)} faces; there is no face {face}.")
    why = row.faces[face]["why"]
    if why == "face-too-small":
        raise Refusal(422, why, "This face is too small; use a larger photo or come closer.")
    if why == "profile":
        raise Refusal(422, why, "This face is turned too far to the side; use one that shows both cheeks.")
