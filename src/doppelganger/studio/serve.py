"""From a `Config` to a server that listens: the socket, uvicorn, and an end that leaves nothing behind."""

import errno
import logging
import os
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from doppelganger.errors import DoppelgangerError
from doppelganger.studio.app import create_app
from doppelganger.studio.config import Config
from doppelganger.studio.house import House

_PATIENCE = 3
"""Seconds for answers under way when the server ends."""


class AddressError(DoppelgangerError):
    """The address cannot be listened on."""


class StartError(DoppelgangerError):
    """The server did not come up; the log says why."""


class _Server(uvicorn.Server):
    """Says when it answers; sends the event streams away when it ends, for which uvicorn would wait."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._app, self._ready = app, ready
        self.interrupted = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.interrupted = self.interrupted or sig == signal.SIGINT
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if hasattr(self._app.state, "studio"):
            self._app.state.studio.hub.close()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises AddressError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise AddressError(f"{host} is no address of this machine; correct --host.") from error
    if os.name != "nt":  # there it would let two servers share the port
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressError(f"Port {port} is in use; end what uses it, or choose another with --port.") from error
        raise AddressError(f"{host} port {port} cannot be listened on ({error.strerror}); choose others.") from error
    return bound


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
