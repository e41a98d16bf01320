"""What changes something must come from our own page: other sites cannot send the header, and browsers say where they are.

A WebSocket can have no header of ours, but browsers always say which origin opens it.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from doppelganger.studio.refusals import Refusal

SAFE = ("GET", "HEAD", "OPTIONS")
HEADER = "x-doppelganger"
_SENTENCE = "This request does not come from our own page."


class Origins:
    """Refuses unsafe methods without the header, of another origin, or of another site."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _may_pass(scope):
            await Refusal(403, "forbidden", _SENTENCE, {"Connection": "close"}).answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _may_pass(scope: Scope) -> bool:
    if scope["type"] == "websocket":
        return _of_this_site(Headers(scope=scope))
    if scope["type"] != "http" or scope["method"] in SAFE:
        return True
    headers = Headers(scope=scope)
    return headers.get(HEADER) == "1" and _of_this_site(headers)


def _of_this_site(headers: Headers) -> bool:
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == headers.get("host", "").lower()
