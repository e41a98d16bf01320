"""Where frames come from: a camera, or a video in its place."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from doppelganger.images import RGB
from doppelganger.video.reading import VideoFile

Clock = Callable[[], float]


@dataclass(frozen=True)
class Captured:
    """``image``: uint8 [H, W, 3]. ``time``: seconds on the clock of the call, rising."""

    image: RGB
    time: float


class Source(Protocol):
    """Gives one frame after the other, in one thread."""

    name: str
    """For people."""

    def read(self) -> Captured | None:
        """The next frame; waits for it. None at the end of a video. Raises CameraError where a camera has gone."""

    def close(self) -> None:
        """Let go of the camera or the file."""


class VideoSource:
    """A video in a camera's place.

    In ``real_time`` a frame comes when it is due, and has that moment of the call's clock. Otherwise frames come as fast as they
    are asked for and the clock is the video's own.
    """

    def __init__(self, path: Path, real_time: bool = True, clock: Clock = time.monotonic) -> None:
        """Raises VideoError."""
        self.name = path.name
        self._video = VideoFile(path)
        self._frames = self._video.frames()
        self._real_time, self._clock = real_time, clock
        self._begun: float | None = None

    def read(self) -> Captured | None:
        """The next frame."""
        frame = next(self._frames, None)
        if frame is None:
            return None
        due = float(frame.time)
        if not self._real_time:
            return Captured(frame.image, due)
        if self._begun is None:
            self._begun = self._clock() - due
        time.sleep(max(0.0, self._begun + due - self._clock()))
        return Captured(frame.image, self._begun + due)

    def close(self) -> None:
        """Let go of the file."""
        self._video.close()
