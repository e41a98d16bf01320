"""What the tests of a call share: a driver, followed by the real networks, and the smallest honest avatar."""

import time
from collections.abc import Callable, Iterator

import pytest
from avatars import Invented, PointPuppet

from doppelganger.images import RGB, resize
from doppelganger.live.inventing import InventingProcess
from doppelganger.networks import Networks
from doppelganger.puppet.tracker import Tracker


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
