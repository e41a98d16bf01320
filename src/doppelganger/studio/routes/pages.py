"""The page itself."""

from fastapi import APIRouter, Request, Response

from doppelganger.studio.pages import PageFile
from doppelganger.studio.refusals import not_found
from doppelganger.studio.schema import troubles

router = APIRouter(include_in_schema=False)
_FOR_EVER = "public, max-age=31536000, immutable"


@router.get("/")
async def index(request: Request) -> Response:
    """The one page there is."""
    return _answer(request, "index.html")


@router.get("/page/{name:path}", responses=troubles(404))
async def file(request: Request, name: str) -> Response:
    """A file of it."""
    return _answer(request, name)


def _answer(request: Request, name: str) -> Response:
    found: PageFile | None = request.app.state.pages.find(name)
    if found is None:
        raise not_found("page")
    tag = f'"{found.hash}"'
    named = request.query_params.get("v") == found.hash
    headers = {"ETag": tag, "Cache-Control": _FOR_EVER if named else "no-cache", "Vary": "Accept-Encoding"}
    if tag in (known.strip().removeprefix("W/") for known in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    if found.packed is not None and _takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(found.packed, media_type=found.kind, headers={**headers, "Content-Encoding": "gzip"})
    return Response(found.data, media_type=found.kind, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    for entry in accepted.split(","):
        name, _, weight = entry.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
