"""Faces read once: the stranger and what the tests paint on it."""

import numpy as np
import pytest

from doppelganger.directions.reader import FaceReader
from doppelganger.directions.reading import Reading
from doppelganger.directions.regions import Canvas
from doppelganger.images import RGB
from doppelganger.networks import Networks


@pytest.fixture(scope="session")
def stranger(networks: Networks) -> RGB:
    """A bare-headed woman with long dark hair who does not exist, [1024, 1024, 3]."""
    mean = networks.generator.w_mean
    return networks.generator.synthesise(mean + np.float32(0.8) * (networks.generator.sample(5, seed=51)[4] - mean))


@pytest.fixture(scope="session")
def reader(networks: Networks) -> FaceReader:
    return FaceReader(networks)


@pytest.fixture(scope="session")
def stranger_read(reader: FaceReader, stranger: RGB) -> Reading:
    return reader.read(stranger)


@pytest.fixture(scope="session")
def canvas(stranger: RGB, stranger_read: Reading) -> Canvas:
    return Canvas.of(stranger, stranger_read.labels, stranger_read.landmarks.points)
