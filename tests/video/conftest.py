"""A driver who moves, followed by the real networks, and an avatar."""

from collections.abc import Callable

import numpy as np
import pytest

from doppelganger.images import RGB, resize
from doppelganger.networks import Networks
from doppelganger.puppet.tracker import Tracker
from filming import MarkedStill


@pytest.fixture(scope="session")
def tracker(networks: Networks) -> Tracker:
    return Tracker(networks.detector, networks.landmarks)


@pytest.fixture
def avatar(stranger: RGB) -> MarkedStill:
    return MarkedStill(resize(stranger, 512, 512))


@pytest.fixture(scope="session")
def moving(astronaut: RGB) -> Callable[[int], list[RGB]]:
    """So many frames, [240, 320, 3], of one person who sways from side to side."""
    wide = resize(astronaut[:384], 320, 240)

    def frames(count: int) -> list[RGB]:
        return [np.roll(wide, round(12 * np.sin(k / 3)), axis=1) for k in range(count)]

    return frames
