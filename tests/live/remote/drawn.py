"""A reenactor that shows what it was told: the avatar's still, with a green square where the driver's nose went since they were at
rest. Run as a program it is served, so that a test can kill the server."""

import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from doppelganger.images import RGB, read_image
from doppelganger.listening import listen
from doppelganger.live.remote.config import Config, Limits
from doppelganger.live.remote.serving import serve
from doppelganger.live.shelf import Avatar
from doppelganger.puppet.motion import Motion

GREEN = (0, 255, 0)
ROW = 20
"""Of the square's middle, in pixels; it goes from side to side there."""
NOSE = 1
"""Point of the mesh."""


class Drawn:
    """``seconds``: that a picture takes at least."""

    def __init__(self, name: str, still: RGB, seconds: float = 0.0) -> None:
        self.name, self._still, self._seconds = name, still, seconds
        self._rest: float | None = None

    @property
    def still(self) -> RGB:
        return self._still

    def calibrate(self, reference: Motion) -> None:
        self._rest = float(reference.points[NOSE, 0])

    def render(self, motion: Motion, time: float) -> RGB:
        self._take_time()
        if self._rest is None:
            self.calibrate(motion)
        image = self._still.copy()
        assert self._rest is not None
        x = round(256 + float(motion.points[NOSE, 0]) - self._rest)
        cv2.rectangle(image, (x - 12, ROW - 12), (x + 12, ROW + 12), GREEN, -1)
        return image

    def swap(self, frame: RGB, motion: Motion, time: float) -> RGB:
        self._take_time()
        image = frame.copy()
        left, top = np.maximum(motion.points[:, :2].min(0), 0).astype(int)
        right, bottom = motion.points[:, :2].max(0).astype(int)
        patch = image[top:bottom, left:right]
        patch[:] = cv2.resize(self._still, (patch.shape[1], patch.shape[0]), interpolation=cv2.INTER_AREA)
        return image

    def _take_time(self) -> None:
        if self._seconds:
            time.sleep(self._seconds)


def moved(image: RGB) -> float | None:
    """Pixels that the square stands right of the middle, None where there is none."""
    row = image[ROW].astype(int)
    green = np.flatnonzero((row[:, 1] > 180) & (row[:, 0] < 90) & (row[:, 2] < 90))
    return None if len(green) < 10 else float(green.mean()) - 256


def main(told: str) -> None:
    """``told``: JSON of port, stills (name → file), seconds, limits, token_hash."""
    options = json.loads(told)

    def avatar(name: str, file: str) -> Avatar:
        still = read_image(Path(file))
        return Avatar(name, still, lambda: Drawn(name, still, options["seconds"]))

    avatars = tuple(avatar(name, file) for name, file in options["stills"].items())
    bound = listen("127.0.0.1", options["port"])
    config = Config(avatars, options["token_hash"], limits=Limits(**options["limits"]))
    port = bound.getsockname()[1]
    serve(config, bound, lambda: print(f"PORT {port}", flush=True))


if __name__ == "__main__":
    main(sys.argv[1])
