from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from doppelganger import directions
from doppelganger.images import RGB, resize_area
from doppelganger.invented import invented
from doppelganger.networks import Networks
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.rig import Rig
from doppelganger.puppet.rigging import rig_invented
from doppelganger.puppet.tracker import Tracker

DRIVER_SEED, AVATAR_SEED = 3, 20


@dataclass(frozen=True)
class Driver:
    """A face of nobody doing things: what → frame [512, 512, 3], and what a tracker sees in it."""

    frames: dict[str, RGB]
    motions: dict[str, Motion]


@pytest.fixture(scope="session")
def rig(networks: Networks) -> Rig:
    return rig_invented(AVATAR_SEED, "twenty", networks)


@pytest.fixture(scope="session")
def rig_folder(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rig.save(tmp_path_factory.mktemp("rigs") / "twenty")


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
