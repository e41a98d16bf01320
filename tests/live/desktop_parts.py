"""Sources and sinks whose every frame is known."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from doppelganger.errors import CameraError
from doppelganger.images import RGB
from doppelganger.live.desktop.source import Captured


class Roll:
    """A camera that gives these frames, 40 ms apart, and then is unplugged, or ends."""

    def __init__(self, images: Sequence[RGB], begun: float = 0.0, unplugged: bool = False) -> None:
        self.name = "roll"
        self._images = list(images)
        self._begun, self._unplugged = begun, unplugged
        self._given = 0
        self.closed = False

    def read(self) -> Captured | None:
        if self._given == len(self._images):
            if self._unplugged:
                raise CameraError("The camera was unplugged.")
            return None
        self._given += 1
        return Captured(self._images[self._given - 1], self._begun + 0.04 * self._given)

    def close(self) -> None:
        self.closed = True


class Kept:
    """A sink that keeps what it gets; ``after``: how many it takes until ``then`` is raised."""

    def __init__(self, after: int | None = None, then: Callable[[], BaseException] | None = None) -> None:
        self.images: list[RGB] = []
        self.times: list[float] = []
        self.closed = 0
        self._after, self._then = after, then

    def send(self, image: RGB, time: float) -> None:
        if self._then is not None and len(self.images) == self._after:
            raise self._then()
        self.images.append(image.copy())
        self.times.append(time)

    def close(self) -> None:
        self.closed += 1


def difference(a: RGB, b: RGB) -> float:
    """Mean over all pixels, in grey levels; 255 where the shapes differ."""
    return 255.0 if a.shape != b.shape else float(np.abs(a.astype(int) - b.astype(int)).mean())


def decoded(path: Path) -> list[tuple[RGB, float]]:
    """Frames of a file and their seconds."""
    import av

    with av.open(str(path)) as film:
        return [(np.asarray(f.to_ndarray(format="rgb24"), np.uint8), float(f.time)) for f in film.decode(video=0)]
