"""The frames of a source as the loop takes them: the newest, whatever was missed, or every one.

A camera goes on while a frame is worked on. A queue between the two would only make the avatar late, so there is none: a thread
takes what the camera gives, and each frame replaces the one before that nobody asked for.
"""

import threading
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from doppelganger.errors import DoppelgangerError
from doppelganger.live.desktop.source import Captured, Source

RETRY_SECONDS = 0.5
"""Between attempts at a camera that has gone."""


class State(StrEnum):
    """Of a source."""

    OPENING = "opening"
    RUNNING = "running"
    LOST = "lost"
    ENDED = "ended"


class Frames(Protocol):
    """What the loop asks."""

    state: State
    notice: str
    """Why it is lost, a sentence; empty while it runs."""
    live: bool
    """Whether frames carry the clock of the call, by which one can be late."""
    dropped: int
    """Frames that came and were never asked for."""

    def take(self, seconds: float) -> Captured | None:
        """The next frame; None where none came for so long, or at the end."""

    def close(self) -> None:
        """Let go of the source."""


class Every:
    """Every frame, each when it is asked for."""

    live = False

    def __init__(self, source: Source) -> None:
        self._source = source
        self.state, self.notice, self.dropped = State.RUNNING, "", 0

    def take(self, seconds: float) -> Captured | None:
        """The next one, however long it takes."""
        try:
            captured = self._source.read()
        except DoppelgangerError as error:
            self.state, self.notice = State.ENDED, str(error)
            return None
        if captured is None:
            self.state = State.ENDED
        return captured

    def close(self) -> None:
        """Let go of the source."""
        self._source.close()


class Newest:
    """The newest frame. A source that fails after it has worked is opened again until it works or nobody wants it any more."""

    live = True

    def __init__(self, opening: Callable[[], Source], retry: float = RETRY_SECONDS) -> None:
        """``opening``: opens the source, in a thread of this class; ``retry``: seconds between attempts."""
        self._opening, self._retry = opening, retry
        self.state, self.notice, self.dropped = State.OPENING, "", 0
        self._newest: Captured | None = None
        self._fault: Exception | None = None
        self._changed = threading.Condition()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._capture, name="capture", daemon=True)
        self._thread.start()

    def take(self, seconds: float) -> Captured | None:
        """The newest that was not taken yet. Raises what kept the source from giving a first one."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self.state is State.ENDED, seconds)
            if self._fault is not None:
                raise self._fault
            captured, self._newest = self._newest, None
            return captured

    def close(self) -> None:
        """Stop; a camera that hangs in the system is left to its thread after two seconds."""
        self._over.set()
        self._thread.join(2.0)

    def _capture(self) -> None:
        while not self._over.is_set() and self.state is not State.ENDED:
            try:
                self._read_on()
            except Exception as error:
                if isinstance(error, DoppelgangerError) and self.state is not State.OPENING:
                    self._tell(State.LOST, str(error))
                    self._over.wait(self._retry)
                else:  # it never worked, or it is a mistake of the program: whoever asks for a frame is told
                    self._fault = error
                    self._tell(State.ENDED, str(error))

    def _read_on(self) -> None:
        source = self._opening()
        try:
            while not self._over.is_set():
                captured = source.read()
                if captured is None:
                    self._tell(State.ENDED, "")
                    return
                self._give(captured)
        finally:
            source.close()

    def _give(self, captured: Captured) -> None:
        with self._changed:
            self.dropped += self._newest is not None
            self._newest, self.state, self.notice = captured, State.RUNNING, ""
            self._changed.notify_all()

    def _tell(self, state: State, notice: str) -> None:
        with self._changed:
            self.state, self.notice = state, notice
            self._changed.notify_all()
