"""How much may come in: judged by what is announced, counted where nothing is, and cut off where it takes too long."""

import asyncio
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doppelganger.studio.refusals import Refusal

_CLOSE = {"Connection": "close"}
"""The rest of the body is not read, so nothing can follow it."""


class Bodies:
    """``limit``: method and path → bytes. ``seconds``: for the whole body."""

    def __init__(self, app: ASGIApp, limit: Callable[[str, str], int], seconds: float) -> None:
        self._app, self._limit, self._seconds = app, limit, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["method"], scope["path"])
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced) > limit:
            await _too_large(limit).answer(scope, receive, send)
            return
        arrived, whole = 0, False
        deadline = asyncio.get_running_loop().time() + self._seconds

        async def counted() -> Message:
            nonlocal arrived, whole
            if whole:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise Refusal(408, "invalid", "The upload took too long; try again.", _CLOSE) from None
            if message["type"] == "http.request":
                arrived += len(message.get("body", b""))
                whole = not message.get("more_body", False)
                if arrived > limit:
                    raise _too_large(limit)
            return message

        await self._app(scope, counted, send)


def _too_large(limit: int) -> Refusal:
    size = f"{limit / 1e6:.0f} MB" if limit >= 1_000_000 else f"{limit / 1e3:.0f} kB"
    return Refusal(413, "too-large", f"That is larger than {size}; save a smaller copy.", _CLOSE)
