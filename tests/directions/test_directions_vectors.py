"""The directions in the package: what they are, and what adding them to a latent does."""

import hashlib
from importlib import resources

import numpy as np
import pytest

from doppelganger import directions
from doppelganger.directions import DirectionError, Directions
from doppelganger.directions.plan import NATURAL, PLANS
from doppelganger.directions.reading import ATTRIBUTES
from doppelganger.generators.mobile_stylegan import S_ROWS, W_ROWS

EXPECTED = (
    *("yaw", "pitch", "age", "female", "smile", "mouth_open", "eyes_open", "brow_raise", "glasses", "beard"),
    *("hair_black", "hair_brown", "hair_blond", "hair_red", "hair_grey", "hair_length", "fringe", "curl", "baldness"),
    *("skin_tone", "eyes_blue", "makeup", "full_lips", "clear_skin", "less_shine", "nose_width", "teeth", "face_width"),
    "light_left",
)


@pytest.fixture(scope="module")
def known() -> Directions:
    return directions.load()


def test_all_that_were_planned_are_there(known: Directions) -> None:
    assert set(known) <= set(PLANS)
    assert set(EXPECTED) <= set(known)
    for name, direction in known.items():
        assert direction.name == name
        assert direction.vector.shape == (16, 512) and direction.vector.dtype == np.float32
        assert np.isfinite(direction.vector).all() and np.abs(direction.vector).max() > 0
        assert direction.attribute in ATTRIBUTES
        assert direction.unit == NATURAL.get(direction.attribute, "population deviations")


def test_ranges_hold_zero_and_identity_goes_first(known: Directions) -> None:
    for direction in known.values():
        low, high = direction.valid_range
        assert low <= 0 <= high and high - low > 0
        assert low <= direction.identity_range[0] <= 0 <= direction.identity_range[1] <= high
    assert known["yaw"].valid_range[1] > 15 and known["age"].valid_range[1] > 10


def test_scores_say_what_each_does_to_every_attribute(known: Directions) -> None:
    for direction in known.values():
        assert set(direction.scores["side effects"]) == set(ATTRIBUTES)
        assert 0 <= direction.scores["right way"] <= 1
        assert set(direction.scores["distance"]) == {"dlib", "SFace", "ArcFace-MBF", "EdgeFace-S"}
    assert known.about["score faces"] >= 6
    seeds = known.about["seeds"]
    assert len({seeds["population"], seeds["polish"], seeds["score"]}) == 3


def test_the_vectors_are_those_that_were_scored(known: Directions) -> None:
    folder = resources.files("doppelganger.directions")
    data = folder.joinpath("directions.safetensors").read_bytes()
    assert len(data) < 1_500_000
    assert hashlib.sha256(data).hexdigest() == known.about["sha256"]


def test_adding_is_linear_and_can_be_undone(known: Directions) -> None:
    w = np.random.default_rng(1).standard_normal(512).astype(np.float32)
    once, twice = directions.apply(w, {"smile": 1.0}), directions.apply(w, {"smile": 2.0})
    assert once.shape == (16, 512) and once.dtype == np.float32
    assert twice - w == pytest.approx(2 * (once - w), abs=1e-5)
    both = directions.apply(directions.apply(w, {"yaw": 10.0}), {"smile": 1.0})
    assert directions.apply(w, {"smile": 1.0, "yaw": 10.0}) == pytest.approx(both, abs=1e-5)
    assert directions.apply(both, {"smile": -1.0, "yaw": -10.0}) == pytest.approx(
        np.broadcast_to(w, (16, 512)), abs=1e-5
    )
    assert (directions.apply(w, {}) == w).all() and (directions.apply(w, {"age": 0.0}) == w).all()


def test_the_latent_given_is_left_alone(known: Directions) -> None:
    w = np.zeros((16, 512), np.float32)
    known.apply(w, {"age": 10.0})
    assert not w.any()
    with pytest.raises(ValueError, match="read-only"):
        known["age"].vector[0, 0] = 1


def test_an_unknown_name_is_told_with_the_known_ones(known: Directions) -> None:
    for ask in (lambda: known["beauty"], lambda: directions.apply(np.zeros(512, np.float32), {"beauty": 1})):
        with pytest.raises(DirectionError, match=r"There is no direction 'beauty'; choose from yaw, .*smile") as caught:
            ask()
        assert caught.value.exit_code == 2
    assert "beauty" not in known


def test_latents_and_strengths_that_cannot_be_used_are_told(known: Directions) -> None:
    with pytest.raises(DirectionError, match=r"must have the shape .* not \[18, 512\]"):
        known.apply(np.zeros((18, 512), np.float32), {})
    with pytest.raises(DirectionError, match="'age' must be a number"):
        known.apply(np.zeros(512, np.float32), {"age": float("nan")})


def test_a_latent_in_stylespace_keeps_its_offsets() -> None:
    latent = np.random.default_rng(0).standard_normal((S_ROWS, 512)).astype(np.float32)
    changed = directions.apply(latent, {"smile": 1.0})
    assert changed.shape == latent.shape
    assert np.array_equal(changed[W_ROWS:], latent[W_ROWS:])
    np.testing.assert_allclose(changed[:W_ROWS], directions.apply(latent[:W_ROWS], {"smile": 1.0}))
