import pytest

from doppelganger.networks import Networks
from doppelganger.persona.making import from_seed
from doppelganger.persona.persona import Persona


@pytest.fixture(scope="session")
def ada(networks: Networks) -> Persona:
    """A generated woman, facing the camera."""
    return from_seed("Ada", 3, networks)
