"""Who has connected and has not said who they are: how many of them there may be, and for how long."""

import asyncio
import socket
from contextlib import suppress
from typing import Any

from doppelganger.live.remote.config import Limits


class Door(socket.socket):
    """The listening socket itself, by whose `accept` asyncio lets connections in: who sends nothing, half a TLS handshake or half a
    request counts as much as who does not say hello."""

    def __init__(self, bound: socket.socket, limits: Limits) -> None:
        """In the place of ``bound``, which is nothing any more afterwards."""
        super().__init__(bound.family, bound.type, bound.proto, bound.detach())
        self._limits = limits
        self._strangers: dict[tuple[str, int], socket.socket] = {}

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection. Raises ConnectionAbortedError, which asyncio passes over, where there are too many strangers."""
        connection, address = super().accept()
        stranger = address[:2]
        self._strangers = {who: one for who, one in self._strangers.items() if one.fileno() >= 0}  # closed: −1
        here = sum(host == stranger[0] for host, _ in self._strangers)
        if here >= self._limits.strangers_an_address or len(self._strangers) >= self._limits.strangers:
            connection.close()
            raise ConnectionAbortedError
        self._strangers[stranger] = connection
        asyncio.get_running_loop().call_later(self._limits.hello_seconds, self._send_away, stranger, connection)
        return connection, address

    def known(self, stranger: tuple[str, int]) -> None:
        """Who comes from this address and port has said hello."""
        self._strangers.pop(stranger, None)

    def _send_away(self, stranger: tuple[str, int], connection: socket.socket) -> None:
        if self._strangers.get(stranger) is connection:
            del self._strangers[stranger]
            with suppress(OSError):  # gone already
                connection.shutdown(socket.SHUT_RDWR)  # asyncio reads an end, and closes it
