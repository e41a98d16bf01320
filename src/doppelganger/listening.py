"""What every server here begins with: a bound socket, and uvicorn that says when it answers and why it ended."""

import errno
import os
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from doppelganger.errors import DoppelgangerError


class AddressError(DoppelgangerError):
    """The address cannot be listened on."""


class StartError(DoppelgangerError):
    """The server did not come up; the log says why."""


class AnsweringServer(uvicorn.Server):
    """Says when it answers. ``interrupted``: it was ended by Ctrl-C, not otherwise."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self.interrupted = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.interrupted = self.interrupted or sig == signal.SIGINT
        super().handle_exit(sig, frame)


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
