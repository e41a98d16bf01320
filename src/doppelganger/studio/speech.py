"""The helpers' side of the pipes: orders come in as lines of JSON, answers go out as such, and nothing else ever does."""

import json
import os
from threading import Lock
from typing import IO, Any


class Speech:
    """Standard input and output of a helper process. What libraries print goes to stderr from here on; they read nothing."""

    def __init__(self) -> None:
        self._in: IO[bytes] = os.fdopen(os.dup(0), "rb")
        self._out: IO[bytes] = os.fdopen(os.dup(1), "wb")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        self._lock = Lock()

    def say(self, **message: Any) -> None:
        """One message to the server."""
        line = json.dumps(message, ensure_ascii=True, default=lambda number: number.item()) + "\n"
        with self._lock:
            self._out.write(line.encode())
            self._out.flush()

    def say_bytes(self, data: bytes) -> None:
        """What follows a message that has said how many there are."""
        with self._lock:
            self._out.write(data)
            self._out.flush()

    def hear(self) -> dict[str, Any] | None:
        """The next order; None when the server has gone."""
        line = self._in.readline()
        order: dict[str, Any] | None = json.loads(line) if line.endswith(b"\n") else None
        return order

    def hear_bytes(self, size: int) -> bytes:
        """What follows an order."""
        return self._in.read(size)


def where(error: BaseException) -> str:
    """The kind of an error and the line it comes from, for the log: its words may name files, so they are left out."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}" if trace else "nowhere"
    return f"{type(error).__name__} in {place}"
