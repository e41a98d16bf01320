"""Faces to order, by the real networks: what is asked is what other eyes than the loop's see as well."""

import numpy as np
import pytest

from doppelganger.directions import apply
from doppelganger.faces.second_opinion import SecondOpinion
from doppelganger.sculpting.choosing import foreseen, truncated
from doppelganger.sculpting.making import Made, MakingSettings, make_face
from doppelganger.sculpting.mirror import Look, Mirror
from doppelganger.sculpting.steering import SteeringSettings, steer
from doppelganger.sculpting.wish import wish
from doppelganger.weights import Store


def test_a_wish_is_measured_on_the_face(made: Made) -> None:
    reading = made.steered.reading
    assert reading["female"] > 0.5
    assert reading["age"] == pytest.approx(45, abs=7)
    assert reading["yaw"] == pytest.approx(-20, abs=6)
    assert reading["smile"] == pytest.approx(0.7, abs=0.2)
    assert reading["glasses"] > 0.1
    assert reading.hair_colour == "red"
    assert set(made.steered.reached) | set(made.steered.missed) == set(made.wish.asked)


def test_networks_that_the_loop_never_saw_agree(made: Made, store: Store) -> None:
    second, picture, landmarks = SecondOpinion(store), made.steered.picture, made.steered.reading.landmarks
    guess = second.age_sex(picture, landmarks)
    assert guess.female > 0.5
    assert guess.age == pytest.approx(45, abs=12)
    assert second.yaw(picture, landmarks) == pytest.approx(-20, abs=9)
    assert second.happiness(picture, landmarks) > 0.5


def test_the_strengths_are_what_was_added_and_stay_in_their_ranges(made: Made) -> None:
    steered = made.steered
    np.testing.assert_allclose(apply(made.start.latent, steered.strengths), steered.latent, atol=2e-3)
    from doppelganger.directions import load

    for name, strength in steered.strengths.items():
        assert abs(strength) <= max(map(abs, load()[name].valid_range)) * 1.001


def test_the_same_seed_and_wish_give_the_same_face(mirror: Mirror) -> None:
    settings = MakingSettings(looked_at=1, starts=1, steering=SteeringSettings(rounds=1))
    first, second, other = (make_face(wish({"age": 30}), seed, mirror, settings) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.steered.picture, second.steered.picture)
    assert not np.array_equal(first.steered.picture, other.steered.picture)


def test_steering_is_never_worse_than_where_it_began(plain: Look, mirror: Mirror) -> None:
    away = -12 if plain.reading["yaw"] > 0 else 12
    asked = wish({"yaw": round(plain.reading["yaw"] + away), "smile": 0.9 if plain.reading["smile"] < 0.5 else 0.1})
    steered = steer(plain.latent, asked, mirror, first=plain)
    assert steered is not None
    assert asked.miss(steered.reading) < asked.miss(plain.reading)
    assert steered.reading["yaw"] == pytest.approx(plain.reading["yaw"] + away, abs=6)
    assert steered.looks == len(steered.history) <= 8


def test_what_cannot_be_is_said_and_not_forced(plain: Look, mirror: Mirror) -> None:
    """Both at once no face has: the sentence says so, and the face is still one."""
    asked = wish({"bald": "yes", "fringe": "yes"})
    steered = steer(plain.latent, asked, mirror, SteeringSettings(rounds=2), first=plain)
    assert steered is not None
    assert steered.missed.keys() == set(asked.asked) - set(steered.reached) != set()
    assert all("was asked" in said and "was read" in said for said in steered.missed.values())


def test_nothing_asked_changes_nothing(plain: Look, mirror: Mirror) -> None:
    steered = steer(plain.latent, wish({}), mirror, first=plain)
    assert steered is not None and steered.looks == 1 and not steered.strengths
    np.testing.assert_array_equal(steered.picture, plain.picture)


def test_likely_draws_have_what_is_asked_and_unlikely_ones_have_not(mirror: Mirror) -> None:
    drawn = truncated(mirror, 300, 23)
    order = foreseen(wish({"yaw": -20, "sex": "female"}), drawn)
    likely, unlikely = ([mirror.look(drawn[i]) for i in some] for some in (order[:3], order[-3:]))
    assert all(look is not None for look in likely)
    yaws = [np.mean([look.reading["yaw"] for look in looks if look]) for looks in (likely, unlikely)]
    assert yaws[0] < -8 < yaws[1]
    assert np.mean([look.reading["female"] for look in likely if look]) > 0.6


def test_a_picture_without_a_face_is_none(mirror: Mirror) -> None:
    far = np.full(512, 30, np.float32)
    assert mirror.look(far) is None
    assert steer(far, wish({"age": 40}), mirror) is None
