"""What routes need of a request: the Studio, and the person who asks.

All of it is ``async``: a plain function is called in a thread of its own, and the database is the event loop's alone.
"""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie

from doppelganger.studio.refusals import Refusal, not_found, wait
from doppelganger.studio.state import Studio
from doppelganger.studio.tables.jobs import JobRow
from doppelganger.studio.tables.results import ResultRow
from doppelganger.studio.tables.uploads import UploadRow

COOKIE = "visit"
"""What the OpenAPI document calls the cookie; its name is the `Config`'s."""
cookie = APIKeyCookie(name=COOKIE, scheme_name=COOKIE, description="Given by POST /api/visit", auto_error=False)
"""For that document; `access.visits` has judged it already."""


async def studio_of(request: Request) -> Studio:
    """The running Studio."""
    studio: Studio = request.app.state.studio
    return studio


async def person_of(request: Request, _: Annotated[str | None, Security(cookie)]) -> str:
    """Who asks."""
    person: str | None = request.state.person
    if person is None:  # `access.visits` lets nobody come this far
        raise Refusal(401, "token", "Open the Studio's page again.")
    return person


TheStudio = Annotated[Studio, Depends(studio_of)]
Person = Annotated[str, Depends(person_of)]


async def upload_of(upload: str, studio: TheStudio, person: Person) -> UploadRow:
    """The person's own. Raises Refusal."""
    row = studio.tables.uploads.of(person, upload)
    if row is None:
        raise not_found("picture")
    return row


async def job_of(job: str, studio: TheStudio, person: Person) -> JobRow:
    """The person's own. Raises Refusal."""
    row = studio.tables.jobs.of(person, job)
    if row is None:
        raise not_found("job")
    return row


async def result_of(result: str, studio: TheStudio, person: Person) -> ResultRow:
    """The person's own. Raises Refusal."""
    row = studio.tables.results.of(person, result)
    if row is None:
        raise not_found("result")
    return row


AnUpload = Annotated[UploadRow, Depends(upload_of)]
AJob = Annotated[JobRow, Depends(job_of)]
AResult = Annotated[ResultRow, Depends(result_of)]


async def picture_in(request: Request) -> bytes:
    """The raw body, as far as it can be a picture. Raises Refusal; `access.bodies` counts."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind.startswith("image/") and kind != "application/octet-stream":
        raise Refusal(
            415, "not-a-picture", "Send the picture itself, as image/jpeg, image/png, image/webp or image/heic."
        )
    data = await request.body()
    if not data:
        raise Refusal(400, "not-a-picture", "The picture is empty.")
    return data


def limited(seconds: float, sentence: str) -> None:
    """Raises Refusal where a bucket said to wait."""
    if seconds:
        raise wait(seconds, sentence)


PICTURE_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file as it is",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/octet-stream", "image/jpeg", "image/png", "image/webp", "image/heic")
        },
    }
}
"""For the OpenAPI document."""
