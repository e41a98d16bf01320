"""What tests of every part share: the user's own weights store, the networks loaded once, two faces on disk, an avatar that
moves."""

import signal
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from doppelganger.images import RGB, encode_png
from doppelganger.networks import Networks
from doppelganger.puppet.rig import Rig
from doppelganger.puppet.rigging import rig_invented
from doppelganger.weights import Store


def pytest_configure() -> None:
    """Ctrl-C is heard, also by the programs that tests start: what a shell runs in the background begins deaf to it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def store() -> Store:
    return Store()


@pytest.fixture(scope="session")
def networks(store: Store) -> Networks:
    return Networks(store, "cpu")


@pytest.fixture(scope="session")
def astronaut() -> RGB:
    """Eileen Collins, photographed by NASA, [512, 512, 3]."""
    return np.asarray(skimage.data.astronaut())


@pytest.fixture(scope="session")
def astronaut_file(astronaut: RGB, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("photos") / "astronaut.png"
    file.write_bytes(encode_png(astronaut))
    return file


@pytest.fixture(scope="session")
def stranger(networks: Networks) -> RGB:
    """A person who does not exist, [1024, 1024, 3]."""
    return networks.generator.synthesise(networks.generator.sample(1, seed=11)[0])


@pytest.fixture(scope="session")
def stranger_file(stranger: RGB, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("photos") / "stranger.png"
    file.write_bytes(encode_png(stranger))
    return file


@pytest.fixture(scope="session")
def rig(networks: Networks) -> Rig:
    """The invented face of seed 20, with glasses; it takes some ten seconds to make."""
    return rig_invented(20, "twenty", networks)


@pytest.fixture(scope="session")
def rig_folder(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same on the disk; nobody writes into it."""
    return rig.save(tmp_path_factory.mktemp("rigs") / "twenty")
