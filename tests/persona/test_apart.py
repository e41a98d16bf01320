"""Where no face is far enough from everybody, the farthest will do, down to a border."""

import pytest

from doppelganger.networks import Networks
from doppelganger.persona import apart
from doppelganger.persona.apart import from_seed_apart, nearest
from doppelganger.persona.making import from_seed
from doppelganger.persona.persona import PersonaError


def test_the_farthest_of_those_who_are_near(networks: Networks, monkeypatch: pytest.MonkeyPatch) -> None:
    other = from_seed("Ada", 7, networks)
    members = networks.panel.members
    monkeypatch.setattr(apart, "APART", 99.0)
    monkeypatch.setattr(apart, "TRIES", 3)
    monkeypatch.setattr(apart, "LEAST", 0.1)
    chosen = from_seed_apart("Ben", [other], networks, 12)
    like = nearest(chosen.anchor, [other], members)
    again = nearest(from_seed("Ben", 12, networks).anchor, [other], members)
    assert chosen.provenance["seed"] in (12, 13, 14) and like and again
    assert like.ratio >= again.ratio
    monkeypatch.setattr(apart, "LEAST", 98.0)
    with pytest.raises(PersonaError, match="None of 3 faces"):
        from_seed_apart("Ben", [other], networks, 12)
