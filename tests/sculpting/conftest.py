"""The networks that render and read, and one face to order, made once."""

import pytest

from doppelganger.networks import Networks
from doppelganger.sculpting.making import Made, make_face
from doppelganger.sculpting.mirror import Look, Mirror
from doppelganger.sculpting.wish import wish

ASKED = {"sex": "female", "age": 45, "hair": "red", "glasses": "yes", "smile": 0.7, "yaw": -20}


@pytest.fixture(scope="session")
def mirror(networks: Networks) -> Mirror:
    return Mirror(networks)


@pytest.fixture(scope="session")
def made(mirror: Mirror) -> Made:
    return make_face(wish(ASKED), 7, mirror)


@pytest.fixture(scope="session")
def plain(mirror: Mirror) -> Look:
    """Seed 3 without a wish."""
    return make_face(wish({}), 3, mirror).start
