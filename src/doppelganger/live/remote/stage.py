"""Where pictures are rendered: threads beside the event loop, and sessions that take turns on them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

_T = TypeVar("_T")


class Worker:
    """One thread, and the turns on it: first come, first served, one picture a turn, so nobody waits for two of another."""

    def __init__(self, number: int) -> None:
        self.sessions = 0
        self._thread = ThreadPoolExecutor(1, f"render-{number}")
        self._turns = asyncio.Lock()  # asyncio's wake those who wait in the order in which they came

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Within the block it is the session's turn."""
        async with self._turns:
            yield

    async def do(self, work: Callable[[], _T]) -> _T:
        """On the thread. What has begun is waited for even where the session ends: a reenactor is never in two hands."""
        future = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            raise

    def close(self) -> None:
        """Start nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)


class Stage:
    """All threads. A session stays on the one that it is given: reenactors are not for several."""

    def __init__(self, workers: int) -> None:
        self._workers = [Worker(k) for k in range(workers)]

    @property
    def sessions(self) -> int:
        """On all of them."""
        return sum(worker.sessions for worker in self._workers)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Worker]:
        """A worker for a session, the one with the fewest."""
        worker = min(self._workers, key=lambda one: one.sessions)
        worker.sessions += 1
        try:
            yield worker
        finally:
            worker.sessions -= 1

    def close(self) -> None:
        """End the threads once they have done what they do."""
        for worker in self._workers:
            worker.close()
