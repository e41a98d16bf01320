"""The server's side of a helper process: started when needed, spoken to in lines of JSON, survived when it dies."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from typing import Any

_LONGEST_LINE = 1 << 20
_GONE_SECONDS = 5.0
_YIELDING = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads of a helper that wait for one another sleep meanwhile: the processors belong to whoever has something to do."""


class Helper:
    """One process that runs ``main`` of a module, see `helping`; a fresh interpreter, so that nothing of the server's is in it."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._command = (sys.executable, "-P", "-m", "doppelganger.studio.helping", module, *arguments)
        self._process: Process | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        """Of the process, None where it does not run."""
        return self._process.pid if self._process and self.alive else None

    async def start(self) -> None:
        """Begin; it gets no signal of the terminal, since the server ends it in its own way."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            limit=_LONGEST_LINE,
            start_new_session=True,
            env={**os.environ, **_YIELDING},
        )

    async def say(self, message: dict[str, Any], body: bytes = b"") -> None:
        """An order; a helper that has died says so by its silence."""
        process = self._process
        if process is None or process.stdin is None:  # ended meanwhile
            return
        with suppress(ConnectionError):
            process.stdin.write(json.dumps(message).encode() + b"\n" + body)
            await process.stdin.drain()

    async def hear(self) -> dict[str, Any] | None:
        """The next message; None when it has died."""
        process = self._process
        if process is None or process.stdout is None:
            return None
        try:
            line = await process.stdout.readline()
        except (ValueError, ConnectionError):
            line = b""
        if not line.endswith(b"\n"):
            return None
        message: dict[str, Any] = json.loads(line)
        return message

    async def hear_bytes(self, size: int) -> bytes | None:
        """What follows a message; None when it has died meanwhile."""
        process = self._process
        if process is None or process.stdout is None:
            return None
        try:
            return await process.stdout.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def end(self) -> None:
        """Kill it and wait until it is gone. Several may ask for that at once."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            if process.returncode is None:
                process.kill()
        # a process of its own that outlives it may hold the pipes, which are waited for as well
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _GONE_SECONDS)
        if process.stdin:
            process.stdin.close()
