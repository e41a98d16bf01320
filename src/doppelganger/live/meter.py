"""How long the parts of a frame take, and how many frames there are in a second."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

_FRAMES = 30  # over which is averaged


class Part(StrEnum):
    """``PRE``: decoding, framing, finding the face. ``MODEL``: the avatar's frame. ``POST``: mirroring, encoding."""

    PRE = "pre"
    MODEL = "model"
    POST = "post"


@dataclass(frozen=True)
class Times:
    """Frames a second, and milliseconds a frame in each part; means over the last 30 frames, 0 before the first."""

    fps: float
    pre: float
    model: float
    post: float


class Meter:
    """Counts the frames of one stream. Parts may lie within one another: the inner one's time is taken from the outer one's."""

    def __init__(self) -> None:
        self._frames: deque[tuple[float, dict[Part, float]]] = deque(maxlen=_FRAMES)
        self._now = dict.fromkeys(Part, 0.0)
        self._open: list[float] = []  # seconds of inner parts, for each part that is under way

    @contextmanager
    def measure(self, part: Part) -> Iterator[None]:
        """The block belongs to ``part`` of the frame under way."""
        self._open.append(0.0)
        begun = time.perf_counter()
        try:
            yield
        finally:
            taken = time.perf_counter() - begun
            self._now[part] += taken - self._open.pop()
            if self._open:
                self._open[-1] += taken

    def frame(self) -> None:
        """The frame is done."""
        self._frames.append((time.perf_counter(), self._now))
        self._now = dict.fromkeys(Part, 0.0)

    @property
    def times(self) -> Times:
        """As they are now."""
        if len(self._frames) < 2:
            return Times(0.0, 0.0, 0.0, 0.0)
        seconds = self._frames[-1][0] - self._frames[0][0]
        means = (1000 * sum(parts[part] for _, parts in self._frames) / len(self._frames) for part in Part)
        return Times((len(self._frames) - 1) / max(seconds, 1e-6), *means)
