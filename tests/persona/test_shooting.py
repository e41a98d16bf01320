from types import SimpleNamespace

import numpy as np
import pytest

from doppelganger import directions
from doppelganger.keeping import KeepSettings
from doppelganger.nearest import NearestSettings
from doppelganger.persona.plan import Wish
from doppelganger.persona.shooting import Photographer, ShootSettings, Taken, with_palette
from doppelganger.result import Verdict

BARELY = KeepSettings(search=NearestSettings(steps=1, extra_steps=1, rounds=1))
"""A search that has no time to give anybody back."""


def test_less_is_asked_until_every_verifier_says_same_and_that_is_said(ada, networks):
    settings = ShootSettings(keep=BARELY, looks_before=0, looks_after=0, factors=(1.0, 0.1))
    shot = Photographer(ada, networks, settings).shoot(Wish({"yaw": -23.0, "fringe": 3.0}, {}), seed=1)
    assert shot.factor == 0.1 and shot.same and shot.worst <= 1
    assert any("Only 10%" in sentence for sentence in shot.missed)
    assert any("yaw: -23 ° asked" in sentence for sentence in shot.missed)
    assert shot.strengths["fringe"] == pytest.approx(0.3)


def test_the_held_out_verifier_is_a_witness_and_decides_nothing():
    words = [("dlib", 0.8, False), ("edgeface", 1.4, True)]
    verdicts = tuple(Verdict(name, "identity", distance, 1.0, held_out) for name, distance, held_out in words)
    taken = Taken(None, None, None, verdicts)
    assert taken.worst == 0.8 and not taken.same


def test_strengths_stay_within_the_personas_bounds(ada, networks):
    settings = ShootSettings(keep=BARELY, looks_before=0, looks_after=0, factors=(1.0,))
    shot = Photographer(ada, networks, settings).shoot(Wish({"hair_grey": 50.0}, {}), seed=1)
    assert shot.strengths["hair_grey"] == ada.bounds["hair_grey"][1]


def test_a_palette_changes_fine_rows_alone_and_comes_from_the_seed(ada, networks):
    mixed, same, other = (with_palette(ada.latent, 0.5, seed, networks) for seed in (5, 5, 6))
    changed = np.flatnonzero(np.abs(mixed - ada.latent).max(1))
    assert set(changed) == set(range(9, 16))
    np.testing.assert_array_equal(mixed, same)
    assert not np.array_equal(mixed, other)
    np.testing.assert_array_equal(with_palette(ada.latent, 0.0, 5, networks), ada.latent)


def test_after_keeping_the_pose_is_asked_again_even_where_the_age_is_refused(ada, networks, monkeypatch):
    taken = SimpleNamespace(latent=ada.latent, reading=SimpleNamespace(values={"yaw": -13.0, "age": 40.0}), worst=0.5)
    refused, allowed = (SimpleNamespace(worst=worst) for worst in (1.2, 0.8))
    offered = []

    def take(self, latent, held_out):
        offered.append(latent)
        return refused if len(offered) == 1 else allowed

    monkeypatch.setattr(Photographer, "_take", take)
    end = ada.bounds["yaw"][0]
    found = Photographer(ada, networks)._nearer(taken, {"yaw": end, "age": 5.0}, {"yaw": -28.0, "age": 55.0}, ())
    assert found is not None
    strengths, nearer = found
    # what keeping had taken back is asked for once more, though the direction had been turned as far as it may be at once
    assert nearer is allowed and strengths == {"yaw": pytest.approx(end - 15), "age": 5.0}
    turned = directions.apply(ada.latent, {"yaw": -15.0})
    np.testing.assert_allclose(offered[1], turned, atol=1e-6)
    assert len(offered) == 2
