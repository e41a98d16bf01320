"""The application on a socket, until it is told to end."""

import logging
import socket
from collections.abc import Callable

import uvicorn

from doppelganger.listening import AnsweringServer, StartError
from doppelganger.live.web.app import create_app
from doppelganger.live.web.call import Call
from doppelganger.live.web.config import Config
from doppelganger.live.web.wire import MAX_BYTES

_PATIENCE = 2
"""Seconds for a call under way when the server ends."""


class Server(AnsweringServer):
    """`stop` ends it from another thread."""

    def __init__(self, call: Call, config: Config, ready: Callable[[], None]) -> None:
        settings = uvicorn.Config(
            create_app(call, config),
            http="h11",
            ws="websockets-sansio",
            ws_max_size=MAX_BYTES,
            ws_per_message_deflate=False,  # pictures are packed already
            loop="asyncio",
            access_log=False,
            log_config=None,
            log_level="error",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_PATIENCE,
            ssl_certfile=config.tls.certificate if config.tls else None,
            ssl_keyfile=config.tls.key if config.tls else None,
        )
        super().__init__(settings, ready)

    def stop(self) -> None:
        """Soon."""
        self.should_exit = True


def serve(call: Call, config: Config, bound: socket.socket, ready: Callable[[], None]) -> None:
    """Until Ctrl-C, which passes through. ``bound``: of `listening.listen`; ``ready``: called once it answers."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    server = Server(call, config, ready)
    try:
        server.run(sockets=[bound])
    finally:
        call.close()
    if not server.started:
        raise StartError("The page could not be served; the lines above say why.")
    if server.interrupted:
        raise KeyboardInterrupt
