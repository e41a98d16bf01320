"""A bad line: a TCP proxy that delays, loses, stalls and cuts, and shares connections out over several servers."""

import asyncio
import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

_PACKETS = 65536
_RETRANSMISSION = 0.3
"""Seconds after which TCP sends again what was lost; everything behind it waits for that."""


class BadLine:
    """``delay``: seconds each way. ``loss``: share of what goes through that is lost and sent again."""

    def __init__(self, targets: Sequence[int], delay: float = 0.0, loss: float = 0.0, seed: int = 0) -> None:
        self.targets, self.delay, self.loss = list(targets), delay, loss
        self.up = bytearray()
        """All that went to the servers."""
        self.down = bytearray()
        self.lost = 0
        self.took: list[int] = []
        """The target of each connection, in order."""
        self.port = 0
        self._next = 0
        self._random = random.Random(seed)
        self._open: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Every connection, now."""
        self._do(lambda: [writer.transport.abort() for writer in list(self._open)])

    def stall(self, on: bool) -> None:
        """Let nothing through, and lose nothing: as a train in a tunnel."""
        self._do(self._flowing.clear if on else self._flowing.set)

    def close(self) -> None:
        self.cut()
        self._do(self._ended.set)
        self._thread.join()

    def _do(self, what: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(what)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._flowing, self._ended = asyncio.Event(), asyncio.Event()
        self._flowing.set()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ended.wait()
        server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in self.targets:
            target = self.targets[self._next % len(self.targets)]
            self._next += 1
            with suppress(OSError):
                there = await asyncio.open_connection("127.0.0.1", target)
                self.took.append(target)
                break
        else:
            writer.transport.abort()
            return
        both = {writer, there[1]}
        self._open |= both
        try:
            pumps = [self._pump(reader, there[1], self.up), self._pump(there[0], writer, self.down)]
            tasks = [asyncio.create_task(pump) for pump in pumps]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            self._open -= both
            for one in both:
                one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(256)

        async def arrive() -> None:
            while True:
                due, data = await under_way.get()
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()

        arriving = asyncio.create_task(arrive())
        try:
            with suppress(OSError):
                while data := await reader.read(_PACKETS):
                    kept += data
                    late = self._random.random() < self.loss
                    self.lost += late
                    await under_way.put((self._loop.time() + self.delay + late * _RETRANSMISSION, data))
        finally:
            arriving.cancel()
