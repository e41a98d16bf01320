"""On faces that no stage of the learning has seen, the directions move what they are named after, the right way."""

import numpy as np
import pytest

from doppelganger import directions
from doppelganger.directions.reader import FaceReader
from doppelganger.directions.reading import Reading
from doppelganger.networks import Networks

SEED, FACES = 991, (0, 1)  # of the learning: 51, 53, 54
STRONG = {
    "yaw": 12.0,
    "pitch": 8.0,
    "age": 15.0,
    "smile": -1.5,
    "mouth_open": 1.5,
    "eyes_open": -1.5,
    "hair_black": 2.0,
    "hair_blond": 2.0,
    "skin_tone": 1.5,
    "eyes_blue": 1.5,
    "light_left": 1.5,
}
"""Direction → strength that is tried."""


@pytest.fixture(scope="module")
def latents(networks: Networks) -> list[np.ndarray]:
    mean = networks.generator.w_mean
    sample = networks.generator.sample(max(FACES) + 1, SEED)
    return [mean + np.float32(0.7) * (sample[i] - mean) for i in FACES]


@pytest.fixture(scope="module")
def plain(latents: list[np.ndarray], networks: Networks, reader: FaceReader) -> list[Reading]:
    return [reader.read(networks.generator.synthesise(w)) for w in latents]


@pytest.mark.parametrize("name", list(STRONG))
def test_a_strong_direction_moves_its_attribute(
    name: str, latents: list[np.ndarray], plain: list[Reading], networks: Networks, reader: FaceReader
) -> None:
    direction, strength = directions.load()[name], STRONG[name]
    moved = []
    for w, before in zip(latents, plain, strict=True):
        after = reader.read(networks.generator.synthesise(directions.apply(w, {name: strength})))
        moved.append((after[direction.attribute] - before[direction.attribute]) * direction.sign * np.sign(strength))
    deviation = directions.load().about["deviations"][direction.attribute]
    foreseen = abs(strength) * (1 if direction.unit != "population deviations" else deviation)
    assert min(moved) > 0
    assert np.mean(moved) > 0.3 * foreseen


def test_turning_is_measured_in_degrees(
    latents: list[np.ndarray], plain: list[Reading], networks: Networks, reader: FaceReader
) -> None:
    turned = [
        reader.read(networks.generator.synthesise(directions.apply(w, {"yaw": -10.0})))["yaw"] - before["yaw"]
        for w, before in zip(latents, plain, strict=True)
    ]
    assert np.mean(turned) == pytest.approx(-10, abs=4)
