"""The rendering server as an ASGI application: ``/render`` for drivers, ``/health`` for whoever shares them out."""

import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from doppelganger.live.remote.config import Config, Limits
from doppelganger.live.remote.session import Refusal, Session
from doppelganger.live.remote.stage import Stage
from doppelganger.live.remote.wire import PATH
from doppelganger.studio.access.rates import address_of
from doppelganger.studio.speech import where

log = logging.getLogger("doppelganger.serve")


class Door:
    """How many connections may stand there without having said who they are."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: Counter[str] = Counter()

    @contextmanager
    def waiting(self, address: str) -> Iterator[bool]:
        """Within the block one more does; False where there are too many."""
        here = self._waiting[address] < self._limits.strangers_an_address
        fits = here and self._waiting.total() < self._limits.strangers
        self._waiting[address] += fits
        try:
            yield fits
        finally:
            self._waiting[address] -= fits
            if not self._waiting[address]:
                del self._waiting[address]


def create_app(config: Config) -> Starlette:
    """For uvicorn, which must be told the largest message."""
    stage, door = Stage(config.limits.workers), Door(config.limits)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            stage.close()

    async def health(request: Request) -> Response:
        free = max(0, config.limits.sessions - stage.sessions)
        return JSONResponse({"status": "ok", "free": free}, headers={"Cache-Control": "no-store"})

    async def render(socket: WebSocket) -> None:
        if "origin" in socket.headers:  # browsers always send it, programs never: no page may come in from elsewhere
            await socket.close()
            return
        session = Session(socket, config, stage)
        try:
            with door.waiting(address_of(socket.scope)) as fits:
                if not fits:
                    await socket.close()
                    return
                await socket.accept()
                hello = await session.greet()
            await session.perform(hello)
        except WebSocketDisconnect:
            return
        except Refusal as refusal:
            await session.refuse(refusal)
        except Exception as error:
            log.error("A session failed: %s.", where(error))
            await session.refuse(Refusal("trouble", "This is a mistake of the program, not yours."))

    return Starlette(routes=[Route("/health", health), WebSocketRoute(PATH, render)], lifespan=lifespan)
