"""Every answer that is not what was asked for: a status, a short word that the page translates, a sentence."""

from collections.abc import Mapping
from typing import Literal, get_args

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

Code = Literal[
    "not-a-picture",
    "too-large",
    "too-many-pixels",
    "no-face",
    "face-too-small",
    "profile",
    "too-young",
    "not-found",
    "busy",
    "rate",
    "token",
    "forbidden",
    "state",
    "invalid",
    "gone",
    "trouble",
]
"""The short words."""

STATUS_OF = {
    "not-a-picture": 415,
    "too-large": 413,
    "too-many-pixels": 413,
    "no-face": 422,
    "face-too-small": 422,
    "profile": 422,
}
"""Statuses of what can be wrong with a picture."""


class Refusal(HTTPException):
    """Ends a request. ``str(detail)`` is a sentence for a person."""

    def __init__(self, status: int, code: str, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        assert code in get_args(Code), code
        super().__init__(status, sentence, dict(headers) if headers else None)
        self.code = code

    def response(self) -> JSONResponse:
        """The answer itself."""
        return JSONResponse({"error": self.detail, "code": self.code}, self.status_code, self.headers)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it from a middleware. Browsers show nobody why a WebSocket was refused: it is told 403 and no more."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self.response()(scope, receive, send)


def not_found(what: str = "page") -> Refusal:
    """For what is not there and for what is another person's: nobody can tell which."""
    return Refusal(404, "not-found", f"There is no such {what}; it may have been deleted.")


def wait(seconds: float, sentence: str) -> Refusal:
    """Too often; ``seconds`` until the next try may succeed."""
    return Refusal(429, "rate", sentence, {"Retry-After": str(max(1, round(seconds + 0.5)))})


def busy(sentence: str) -> Refusal:
    """Too many jobs, or too little room."""
    return Refusal(429, "busy", sentence)
