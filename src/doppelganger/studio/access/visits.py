"""Who is there: the cookie names a person, and without one the API is closed, whatever else is in the request."""

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doppelganger.studio.config import Config
from doppelganger.studio.refusals import Refusal

OPEN = ("/api/about", "/api/visit", "/api/health", "/api/openapi.json")
"""For everybody."""
_LONGER = 86400.0
"""Seconds by which a cookie outlives what is made now: a result begins its time when its job ends, and the queue can be long."""


class Visits:
    """Notes the person in the request's state; refuses where there must be one and is none.

    Every answer to somebody known gives the cookie anew: whoever lost it could neither see nor delete what they made. ``cookie``
    in the state is the one to give; the visit sets it for who is new.
    """

    def __init__(self, app: ASGIApp, config: Config) -> None:
        self._app, self._config, self._name = app, config, config.cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        cookie = Request(scope).cookies.get(self._name)
        person = scope["app"].state.studio.tables.people.known_by(cookie) if cookie else None
        state = scope.setdefault("state", {})
        state.update(person=person, cookie=cookie if person else None)
        if person is None and scope["path"] not in OPEN:
            sentence = "The Studio does not know you yet, or no longer; open its page again."
            await Refusal(401, "token", sentence, {"Connection": "close"}).answer(scope, receive, send)
            return

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start" and state["cookie"]:
                MutableHeaders(scope=message).append("Set-Cookie", self._give(state["cookie"]))
            await send(message)

        await self._app(scope, receive, send_with)

    def _give(self, cookie: str) -> str:
        answer = Response()
        answer.set_cookie(
            self._name,
            cookie,
            max_age=round(self._config.keep_seconds + _LONGER),
            path="/",
            secure=self._config.tls is not None,
            httponly=True,
            samesite="strict",
        )
        return answer.headers["Set-Cookie"]
