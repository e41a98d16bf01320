import cv2
import numpy as np

from doppelganger.findable import MAX_BITS, MAX_LPIPS, findable, hash_distance, perceptual_hash
from doppelganger.images import RGB, encode_jpeg, read_image, resize


def wave(row: int, column: int) -> RGB:
    """A picture whose 32² grey version is one basis picture of the cosine transform, [256, 256, 3]."""
    coefficients = np.zeros((32, 32))
    coefficients[0, 0], coefficients[row, column] = 32 * 128, 1000
    return np.repeat(np.clip(cv2.idct(coefficients), 0, 255).round().astype(np.uint8)[:, :, None], 3, 2)


def test_a_hash_has_as_many_ones_as_noughts_and_knows_its_strongest_wave() -> None:
    bits = perceptual_hash(resize(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8), 300, 200))
    assert bits.shape == (64,) and bits.sum() == 32
    for row, column in ((1, 1), (3, 5), (8, 8)):
        assert perceptual_hash(wave(row, column))[(row - 1) * 8 + column - 1]
        assert not perceptual_hash(255 - wave(row, column))[(row - 1) * 8 + column - 1]


def test_a_saved_smaller_or_brighter_copy_is_found(astronaut: RGB, stranger: RGB) -> None:
    copies = [
        read_image(encode_jpeg(astronaut, 50)),
        resize(astronaut, 180, 180),
        np.clip(astronaut * 0.8 + 30, 0, 255).astype(np.uint8),
    ]
    assert all(hash_distance(astronaut, copy) <= 4 for copy in copies)
    assert hash_distance(astronaut, astronaut) == 0
    assert hash_distance(astronaut, stranger) > MAX_BITS
    assert hash_distance(astronaut, np.ascontiguousarray(astronaut[:, ::-1])) > MAX_BITS


def test_either_the_hash_or_the_perceptual_distance_gives_a_photo_away(astronaut: RGB, stranger: RGB) -> None:
    assert findable(astronaut, astronaut, lpips=1.0)
    assert findable(astronaut, stranger, lpips=MAX_LPIPS)
    assert not findable(astronaut, stranger, lpips=MAX_LPIPS + 0.01)
