"""Who is there: the cookie names a person, and without one the API is closed, whatever else is in the request."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from doppelganger.studio.refusals import Refusal

COOKIE = "doppelganger"
OPEN = ("/api/about", "/api/visit", "/api/health", "/api/openapi.json")
"""For everybody."""


class Visits:
    """Notes the person in the request's state; refuses where there must be one and is none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        cookie = Request(scope).cookies.get(COOKIE)
        person = scope["app"].state.studio.tables.people.known_by(cookie) if cookie else None
        scope.setdefault("state", {})["person"] = person
        if person is None and scope["path"] not in OPEN:
            sentence = "The Studio does not know you yet, or no longer; open its page again."
            await Refusal(401, "token", sentence, {"Connection": "close"}).answer(scope, receive, send)
            return
        await self._app(scope, receive, send)
