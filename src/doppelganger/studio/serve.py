"""From a `Config` to a server that listens: the socket, uvicorn, and an end that leaves nothing behind."""

import logging
import os
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from doppelganger.listening import AnsweringServer, StartError
from doppelganger.studio.app import create_app
from doppelganger.studio.config import Config
from doppelganger.studio.house import House

_PATIENCE = 3
"""Seconds for answers under way when the server ends."""


class _Server(AnsweringServer):
    """Sends the event streams away when it ends, for which uvicorn would wait."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, ready: Callable[[], None]) -> None:
        super().__init__(config, ready)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if hasattr(self._app.state, "studio"):
            self._app.state.studio.hub.close()
        await super().shutdown(sockets)


def serve(config: Config, house: House, bound: socket.socket, ready: Callable[[], None]) -> None:
    """Until Ctrl-C, which passes through. ``house`` is occupied; ``bound``: of `listen`; ``ready``: called once it answers."""
    os.umask(0o077)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    app = create_app(config, house)
    settings = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        access_log=False,
        log_config=None,
        log_level="error",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_PATIENCE,
        ssl_certfile=config.tls.certificate if config.tls else None,
        ssl_keyfile=config.tls.key if config.tls else None,
    )
    server = _Server(settings, app, ready)
    server.run(sockets=[bound])
    if not server.started:
        raise StartError("The Studio could not begin; the lines above say why.")
    if server.interrupted:  # uvicorn raises it again, but not where the shell had told us to ignore it (`… &`)
        raise KeyboardInterrupt
