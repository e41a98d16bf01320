"""From a `Config` to a server that listens, and an end of it that was asked for."""

import logging
import os
import socket
import sys
import threading
from collections.abc import Callable

import uvicorn

from doppelganger.listening import AnsweringServer, StartError
from doppelganger.live.remote.app import create_app
from doppelganger.live.remote.config import Config
from doppelganger.live.remote.strangers import Door
from doppelganger.live.remote.wire import LARGEST

_PATIENCE = 2
"""Seconds for sessions when the server ends."""
_PING_SECONDS = 10.0
_UNSENT = 256_000
"""Bytes of pictures that the system may hold for one session: enough for a fast line far away, too few to grow old in."""


def serve(config: Config, bound: socket.socket, ready: Callable[[], None], with_input: bool = False) -> None:
    """Until Ctrl-C, which passes through. ``bound``: of `listening.listen`, closed at the end; ``ready``: called once it answers.

    ``with_input``: end as well when standard input does, which is how a server at the other end of an ssh connection learns that
    the connection is gone. Raises StartError.
    """
    os.umask(0o077)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNSENT)  # every connection inherits it
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    door = Door(bound, config.limits)
    settings = uvicorn.Config(
        create_app(config, door),
        http="h11",
        ws="websockets-sansio",
        ws_max_size=LARGEST,
        ws_ping_interval=_PING_SECONDS,
        ws_ping_timeout=_PING_SECONDS,
        ws_per_message_deflate=False,  # pictures are packed already, and packed nothing can be a bomb
        loop="asyncio:SelectorEventLoop",  # on every system: it is the one that asks the door
        access_log=False,
        log_config=None,
        log_level="critical",  # its errors would repeat what strangers sent
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=_PATIENCE,
        ssl_certfile=config.tls.certificate if config.tls else None,
        ssl_keyfile=config.tls.key if config.tls else None,
    )
    server = AnsweringServer(settings, ready)
    if with_input:
        threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
    server.run(sockets=[door])
    if not server.started:
        raise StartError("The server could not begin; the lines above say why.")
    if server.interrupted:
        raise KeyboardInterrupt


def _end_with_input(server: uvicorn.Server) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    server.should_exit = True
