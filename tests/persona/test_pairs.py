import numpy as np
import pytest

from doppelganger.persona.pairs import across, beside, rates, within
from doppelganger.verifiers.protocol import OperatingPoint


def person(angle, members):
    """Embeddings whose angle to another's is the difference of the two, for every member."""
    return {m.name: np.array([np.cos(angle), np.sin(angle)], np.float32) for m in members}


@pytest.fixture
def members(networks):
    return networks.panel.members


def test_which_pairs_there_are(members):
    a, b, c = (person(x, members) for x in (0.0, 0.1, 0.2))
    assert [(x is a, y is c) for x, y in within([a, b, c])] == [(True, False), (True, True), (False, True)]
    assert len(list(beside(a, [b, c]))) == 2
    assert len(list(across([[a, b], [c]]))) == 2 and not list(across([[a, b]]))


def test_all_say_same_for_neighbours_and_none_for_opposites(members):
    near, far = person(0.05, members), person(np.pi, members)
    same = rates(beside(person(0.0, members), [near, far]), members, OperatingPoint.IDENTITY)
    assert same.pairs == 2 and same.all == same.any == 0.5 and set(same.each.values()) == {0.5}


def test_verifiers_can_disagree(members):
    """An angle of 45°: 0.29 as a cosine distance, inside every threshold; 0.77 as dlib's Euclidean one, outside."""
    found = rates(beside(person(0.0, members), [person(np.pi / 4, members)]), members, OperatingPoint.IDENTITY)
    assert found.all == 0.0 and found.any == 1.0 and found.each["dlib"] == 0.0 and found.each["SFace"] == 1.0


def test_no_pairs_no_rate(members):
    found = rates([], members, OperatingPoint.PRIVACY)
    assert found.pairs == 0 and found.all is None and found.any is None
