"""The page's few addresses."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response, WebSocket
from pydantic import BaseModel, Field

from doppelganger import __version__
from doppelganger.live.actions import BINDINGS
from doppelganger.live.web.call import Call
from doppelganger.live.web.door import COOKIE, Guests
from doppelganger.provenance import synthetic_jpeg
from doppelganger.studio.access.rates import address_of
from doppelganger.studio.refusals import not_found

router = APIRouter()


class Visit(BaseModel, extra="forbid"):
    """Somebody comes in."""

    token: Annotated[str, Field(max_length=200)] | None = None


@router.get("/api/about")
async def about(request: Request) -> dict[str, Any]:
    """For everybody."""
    guests: Guests = request.app.state.guests
    return {
        "version": __version__,
        "token_needed": guests.token_hash is not None,
        "signed_in": guests.knows(request),
        "keys": [{"key": binding.key, "action": binding.action} for binding in BINDINGS],
    }


@router.post("/api/visit", status_code=204)
async def visit(request: Request, visit: Annotated[Visit, Body()]) -> Response:
    """The token for a cookie."""
    guests: Guests = request.app.state.guests
    answer = Response(status_code=204)
    if guests.token_hash is not None:
        cookie = guests.welcome(visit.token, address_of(request.scope))
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, cookie, path="/", secure=secure, httponly=True, samesite="strict")
    return answer


@router.get("/api/avatars")
async def avatars(request: Request) -> dict[str, Any]:
    """Their names in order."""
    shelf = _call(request).session.shelf
    return {"version": shelf.version, "names": [avatar.name for avatar in shelf.avatars]}


@router.get("/api/avatars/{place}/picture")
async def picture(request: Request, place: int) -> Response:
    """One of them at rest."""
    known = _call(request).session.shelf.avatars
    if not 0 <= place < len(known):
        raise not_found("avatar")
    return Response(synthetic_jpeg(known[place].picture), media_type="image/jpeg")


@router.websocket("/api/call")
async def call(page: WebSocket) -> None:
    """The call; with ``?take=1`` from whoever has it."""
    await _call(page).talk(page, page.query_params.get("take") == "1")


def _call(connection: Request | WebSocket) -> Call:
    found: Call = connection.app.state.call
    return found
