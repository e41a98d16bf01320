"""The rendering server as an ASGI application: ``/render`` for drivers, ``/health`` for whoever shares them out."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from doppelganger.live.remote.config import Config
from doppelganger.live.remote.session import Refusal, Session
from doppelganger.live.remote.stage import Stage
from doppelganger.live.remote.strangers import Door
from doppelganger.live.remote.wire import PATH
from doppelganger.studio.speech import where

log = logging.getLogger("doppelganger.serve")


def create_app(config: Config, door: Door) -> Starlette:
    """For uvicorn, which must be told the largest message. ``door``: the socket that it listens on."""
    stage = Stage(config.limits.workers)

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
            await socket.accept()
            hello = await session.greet()
            door.known(socket.scope["client"])
            await session.perform(hello)
        except WebSocketDisconnect:
            return
        except Refusal as refusal:
            await session.refuse(refusal)
        except Exception as error:
            log.error("A session failed: %s.", where(error))
            await session.refuse(Refusal("trouble", "This is a mistake of the program, not yours."))

    return Starlette(routes=[Route("/health", health), WebSocketRoute(PATH, render)], lifespan=lifespan)
