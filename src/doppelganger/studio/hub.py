"""Who listens to which job, so that they can be woken."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Hub:
    """Wakes the streams of a job. ``closing``: the server ends, and so shall they."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[asyncio.Event]] = {}
        self._people: dict[str, int] = {}
        self.closing = False

    @contextmanager
    def listening(self, job: str, person: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever something happened to the job."""
        woken = asyncio.Event()
        self._listeners.setdefault(job, set()).add(woken)
        self._people[person] = self._people.get(person, 0) + 1
        try:
            yield woken
        finally:
            self._listeners[job].discard(woken)
            if not self._listeners[job]:
                del self._listeners[job]
            self._people[person] -= 1
            if not self._people[person]:
                del self._people[person]

    def listeners(self, person: str | None = None) -> int:
        """How many streams are open: a person's, or all."""
        return sum(self._people.values()) if person is None else self._people.get(person, 0)

    def wake(self, job: str) -> None:
        """Something happened to it."""
        for woken in self._listeners.get(job, ()):
            woken.set()

    def close(self) -> None:
        """End every stream."""
        self.closing = True
        for job in list(self._listeners):
            self.wake(job)
