import numpy as np
import pytest
from puppet_driver import Driver

from doppelganger import directions
from doppelganger.images import RGB, resize_area
from doppelganger.invented import invented
from doppelganger.networks import Networks
from doppelganger.puppet.tracker import Tracker

DRIVER_SEED = 3


@pytest.fixture(scope="session")
def driver(networks: Networks) -> Driver:
    doing = {
        "rest": {"yaw": -12.0, "smile": -1.5, "mouth_open": -1.0},
        "left": {"yaw": 6.0, "smile": -1.5, "mouth_open": -1.0},
        "down": {"yaw": -12.0, "pitch": 10.0, "smile": -1.5, "mouth_open": -1.0},
        "open": {"yaw": -12.0, "smile": -1.5, "mouth_open": 3.0},
        "smile": {"yaw": -12.0, "smile": 1.0, "mouth_open": -1.0},
        "shut": {"yaw": -12.0, "smile": -1.5, "mouth_open": -1.0, "eyes_open": -4.0},
    }
    latent = invented(DRIVER_SEED, networks.generator)
    frames = {
        name: resize_area(networks.generator.synthesise(directions.apply(latent, strengths)), 512, 512)
        for name, strengths in doing.items()
    }
    motions = {}
    for name, frame in frames.items():
        motion = Tracker(networks.detector, networks.landmarks).look(frame).motion
        assert motion is not None, name
        motions[name] = motion
    return Driver(frames, motions)


@pytest.fixture(scope="session")
def empty_frame() -> RGB:
    return np.full((512, 512, 3), 90, np.uint8)
