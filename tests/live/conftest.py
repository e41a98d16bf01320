"""What the tests of a call share: a driver, followed by the real networks, and the smallest honest avatar."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from doppelganger.images import RGB, resize
from doppelganger.live.inventing import InventingProcess
from doppelganger.live.shelf import Avatar
from doppelganger.networks import Networks
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.tracker import Tracker


class PointPuppet:
    """Moves a still as the driver's face moves from its reference, and draws their points on it: never a pixel of theirs."""

    def __init__(self, name: str, still: RGB) -> None:
        self.name = name
        self._still = still
        self.reference: Motion | None = None
        self.rendered = 0

    @property
    def still(self) -> RGB:
        return self._still

    def calibrate(self, reference: Motion) -> None:
        self.reference = reference

    def render(self, motion: Motion, time: float) -> RGB:
        self.rendered += 1
        if self.reference is None:
            self.calibrate(motion)
        assert self.reference is not None
        x, y = (motion.points - self.reference.points)[:, :2].mean(0) * 512 / motion.width
        moved = cv2.warpAffine(
            self._still, np.array([[1, 0, x], [0, 1, y]]), (512, 512), borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(moved, np.uint8)

    def swap(self, frame: RGB, motion: Motion, time: float) -> RGB:
        self.rendered += 1
        out = frame.copy()
        hull = cv2.convexHull(motion.points[:, :2].round().astype(np.int32))
        cv2.fillConvexPoly(out, hull, (200, 150, 120))
        return out


@pytest.fixture(scope="session")
def track(networks: Networks) -> Callable[[], Tracker]:
    """Makes a tracker."""
    return lambda: Tracker(networks.detector, networks.landmarks)


@pytest.fixture(scope="session")
def driver(astronaut: RGB) -> RGB:
    """A camera's frame with one face in it, [480, 640, 3]."""
    return resize(astronaut[:384], 640, 480)


@pytest.fixture(scope="session")
def puppets(networks: Networks) -> Callable[[], list[PointPuppet]]:
    """Two avatars who do not exist, new each time."""
    faces = [networks.generator.synthesise(networks.generator.sample(1, seed)[0]) for seed in (3, 5)]
    stills = [resize(face, 512, 512) for face in faces]
    return lambda: [PointPuppet(name, still) for name, still in zip(("Ada", "Ben"), stills, strict=True)]


@dataclass(frozen=True)
class Invented:
    """A real avatar. ``place``: the folder in which its rig lies."""

    place: Path
    avatar: Avatar


@pytest.fixture(scope="session")
def invented() -> Iterator[Invented]:
    """Made as the key Q makes one: by a process of its own, without the internet. Takes half a minute, once."""
    process = InventingProcess(seed=1)
    process.begin()
    deadline = time.monotonic() + 600
    while (avatar := process.take()) is None:
        assert process.at_work and time.monotonic() < deadline
        time.sleep(0.1)
    yield Invented(process.place, avatar)
    process.close()
    assert not process.place.exists()
