"""How long each stage of a frame took, over the last minutes of a call."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

_FRAMES = 10_000  # kept: more than five minutes, and no more memory in a long call


class Stage(StrEnum):
    """``CAPTURE``: from the camera's frame to the loop's taking it. ``SESSION``: seeing the driver and rendering the avatar.
    ``OUT``: all sinks. ``LATENCY``: all three."""

    CAPTURE = "capture"
    SESSION = "session"
    OUT = "out"
    LATENCY = "latency"


@dataclass(frozen=True)
class Span:
    """Milliseconds."""

    median: float
    p95: float


class Stages:
    """Keeps the times of frames."""

    def __init__(self) -> None:
        self._times: dict[Stage, deque[float]] = {stage: deque(maxlen=_FRAMES) for stage in Stage}

    def add(self, capture: float, session: float, out: float) -> None:
        """Seconds of one frame."""
        for stage, seconds in zip(Stage, (capture, session, out, capture + session + out), strict=True):
            self._times[stage].append(seconds)

    def spans(self) -> dict[Stage, Span]:
        """Of each stage; empty before the first frame."""
        return {
            stage: Span(1000 * float(np.median(times)), 1000 * float(np.percentile(times, 95)))
            for stage, times in self._times.items()
            if times
        }
