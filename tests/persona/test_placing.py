"""A generated person before other places: in their light, and with nothing of the old place at the edge."""

from dataclasses import replace

import numpy as np
import pytest

from doppelganger.background import new_background
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB
from doppelganger.keeping import Embeddings
from doppelganger.networks import Networks
from doppelganger.persona.light import Change, change_between, measure_light, relight
from doppelganger.persona.placing import place, turned_to
from doppelganger.verifiers.views import Views

WARM, COLD = np.array([230, 170, 110]), np.array([110, 160, 230])


def wall(colour: np.ndarray, brightness: float = 1.0, from_right: float = 0.0) -> RGB:
    """A plastered wall with a little texture, lit from one side."""
    rng = np.random.default_rng(0)
    slope = 1 + from_right * np.linspace(-0.5, 0.5, 600)[None, :, None]
    grain = rng.normal(1, 0.04, (400, 600, 1))
    return np.asarray(np.clip(colour * brightness * slope * grain, 0, 255), np.uint8)


@pytest.fixture(scope="module")
def latent(networks: Networks) -> Latent:
    return networks.generator.w_mean + 0.7 * (networks.generator.sample(1, 11)[0] - networks.generator.w_mean)


@pytest.fixture(scope="module")
def picture(networks: Networks, latent: Latent) -> RGB:
    return networks.generator.synthesise(latent)


@pytest.fixture(scope="module")
def reference(networks: Networks, picture: RGB) -> Embeddings:
    return Views(picture, networks.detector).clean(networks.panel.members)


def test_the_light_of_a_wall_is_read() -> None:
    warm, cold = measure_light(wall(WARM)), measure_light(wall(COLD, 0.5, 0.6))
    assert warm.colour[0] > 1.3 > 0.7 > warm.colour[2]
    assert cold.colour[2] > 1.3 > 0.7 > cold.colour[0]
    assert warm.lightness > cold.lightness + 25
    assert abs(warm.from_right) < 2 < 8 < cold.from_right
    assert np.mean(warm.colour) == pytest.approx(1, abs=1e-3)


def test_a_lamp_does_not_outweigh_what_it_lights() -> None:
    room = wall(COLD, 0.5)
    lit = room.copy()
    lit[20:50, 20:50] = (250, 180, 60)
    assert np.allclose(measure_light(lit).colour, measure_light(room).colour, atol=0.1)


def test_the_same_light_changes_nothing(picture: RGB) -> None:
    own = measure_light(picture)
    change = change_between(own, replace(own, from_right=0.0))
    assert change.gains == pytest.approx((1, 1, 1), abs=1e-6)
    assert (change.lightness, change.from_right) == (0, 0)
    assert np.abs(relight(picture.astype(np.float32), change) - picture).max() < 1


def test_black_and_white_stay() -> None:
    ends = np.array([[[0, 0, 0], [255, 255, 255]]], np.float32)
    assert np.abs(relight(ends, Change((1, 1, 1), 12.0, 7.0)) - ends).max() < 1


def test_the_person_comes_into_the_light_of_the_place(picture: RGB, reference: Embeddings, networks: Networks) -> None:
    warm, cold, dark = (
        place(picture, wall(*light), reference, networks) for light in ((WARM,), (COLD,), (np.full(3, 150), 0.2))
    )
    face = (slice(400, 700), slice(400, 620))

    def red_over_blue(image: RGB) -> float:
        red, _, blue = image[face].reshape(-1, 3).mean(0)
        return float(red / blue)

    own = red_over_blue(picture)
    assert red_over_blue(warm.image) > red_over_blue(cold.image) + 0.1
    assert 0.6 * own < red_over_blue(cold.image) and red_over_blue(warm.image) < 1.7 * own, "gently"
    assert dark.image[face].mean() < picture[face].mean() - 8
    for placed in (warm, cold, dark):
        assert max(placed.seen.distances.values()) < 1, "it is still the same person to all"
        assert placed.turned == {}
        corner = placed.image[:60, :60].reshape(-1, 3).mean(0)
        assert np.abs(corner - wall(np.array([1.0, 1, 1])).mean()).max() > 0
    assert np.abs(warm.image[:60, :60].reshape(-1, 3).mean(0) - WARM).max() < 12, "the wall is the wall"


def test_nothing_of_the_old_place_is_left_at_the_edge(picture: RGB, reference: Embeddings, networks: Networks) -> None:
    alpha = networks.matting.matte(picture)
    green = np.broadcast_to(np.array([0, 255, 0], np.uint8), picture.shape)
    before_green = new_background(picture, alpha, green)
    placed = place(before_green, wall(np.full(3, 150)), reference, networks)
    found = networks.matting.matte(before_green)
    edge = (found > 0.05) & (found < 0.95)
    naive = before_green * found[:, :, None] + 150 * (1 - found[:, :, None])

    def greenness(image: np.ndarray) -> float:
        pixels = image[edge].astype(float)
        return float((pixels[:, 1] - pixels[:, [0, 2]].max(1)).clip(0).mean())

    assert edge.sum() > 2000
    assert greenness(naive) > 20
    assert greenness(placed.image) < 0.35 * greenness(naive)


def test_the_light_is_turned_to_where_it_comes_from(
    latent: Latent, picture: RGB, reference: Embeddings, networks: Networks
) -> None:
    grey = np.full(3, 150)
    right, left = (
        turned_to(latent, measure_light(wall(grey, from_right=slope)), picture, reference, networks)
        for slope in (0.8, -0.8)
    )
    assert right[1]["light_left"] > 0.2 > -0.2 > left[1]["light_left"]
    cheeks = [image[520:640, 620:720].mean() - image[520:640, 300:400].mean() for image, _ in (right, left)]
    assert cheeks[0] > cheeks[1] + 5
