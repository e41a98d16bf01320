import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from doppelganger.puppet.plate import empty_room, filled, widened_matte
from doppelganger.puppet.raster import texture_map
from doppelganger.puppet.similarity import fit, rotation_of, rotation_vector
from doppelganger.puppet.smoothing import OneEuro
from doppelganger.puppet.textures import Layer, Mixer

RNG = np.random.default_rng(5)


def test_a_similarity_is_found_and_undone() -> None:
    points = RNG.normal(size=(40, 3))
    rotation = Rotation.from_rotvec([0.3, -0.5, 0.2]).as_matrix()
    moved = 1.7 * points @ rotation.T + [3, -2, 9]
    weights = RNG.uniform(0, 1, 40)
    moved[0] += 50
    weights[0] = 0  # what does not count does not disturb
    found = fit(points, moved, weights)
    assert found.scale == pytest.approx(1.7)
    assert np.allclose(found.rotation, rotation)
    assert np.allclose(found(points)[1:], moved[1:])
    assert np.allclose(found.back(moved)[1:], points[1:])


def test_a_mirrored_face_is_never_taken_for_a_turned_one() -> None:
    points = RNG.normal(size=(40, 3))
    assert np.linalg.det(fit(points, points * [-1, 1, 1], np.ones(40)).rotation) == pytest.approx(1)


@pytest.mark.parametrize("vector", [(0, 0, 0), (1e-9, 0, 0), (0.1, 0, 0), (0.2, -0.7, 1.1), (0, 3.0, 0)])
def test_rotation_vectors_are_scipys(vector: tuple[float, float, float]) -> None:
    expected = Rotation.from_rotvec(vector).as_matrix()
    assert np.allclose(rotation_of(np.array(vector)), expected, atol=1e-8)
    assert np.allclose(rotation_vector(expected), vector, atol=1e-6)


def test_the_map_of_a_mesh_is_affine_in_every_triangle() -> None:
    texture = np.array([[0, 0], [63, 0], [0, 63], [63, 63]], np.float32)
    matrix = np.array([[0.8, 0.1, 5], [-0.1, 0.9, 7]], np.float32)
    corners = texture @ matrix[:, :2].T + matrix[:, 2]
    x, y = texture_map(corners, texture, np.array([[0, 1, 2], [1, 3, 2]], np.int32), 80)
    back = cv2.invertAffineTransform(matrix)
    covered = x > -1
    rows, columns = np.nonzero(covered)
    expected = np.stack([columns, rows], 1) @ back[:, :2].T + back[:, 2]
    assert abs(covered.sum() / (63 * 63 * np.linalg.det(matrix[:, :2])) - 1) < 0.05
    assert np.abs(np.stack([x[covered], y[covered]], 1) - expected).max() < 1e-2
    assert (x[~covered] == -1e4).all()


def test_later_triangles_hide_earlier_ones() -> None:
    corners = np.array([[0, 0], [40, 0], [0, 40], [0, 0], [40, 0], [0, 40]], np.float32)
    texture = np.concatenate([corners[:3], corners[3:] + 100]).astype(np.float32)
    both = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    assert texture_map(corners, texture, both, 41)[0][5, 5] == pytest.approx(105)
    assert texture_map(corners, texture, both[::-1], 41)[0][5, 5] == pytest.approx(5)


def test_corners_far_outside_overflow_nothing() -> None:
    corners = np.array([[-1e9, -1e9], [1e9, -1e9], [0, 1e9]], np.float32)
    x, _ = texture_map(corners, np.zeros((3, 2), np.float32), np.array([[0, 1, 2]], np.int32), 32)
    assert (x == 0).all()


def test_the_one_euro_filter_by_hand() -> None:
    smooth = OneEuro(cutoff=1.0, beta=2.0)
    assert smooth(np.array([[1.0]]), 0.0)[0, 0] == 1.0
    step = 0.1
    share = 1 / (1 + 1 / (2 * np.pi * 1.0 * step))
    speed = share * (3.0 - 1.0) / step
    cutoff = 1.0 + 2.0 * speed
    expected = 1.0 + (3.0 - 1.0) / (1 + 1 / (2 * np.pi * cutoff * step))
    assert smooth(np.array([[3.0]]), step)[0, 0] == pytest.approx(expected)
    assert smooth(np.array([[9.0]]), step)[0, 0] == pytest.approx(expected)  # no later: nothing new


def test_the_filter_stills_noise_and_follows_a_jump() -> None:
    smooth = OneEuro(cutoff=1.5, beta=12.0)
    noise = RNG.normal(0, 0.002, 200)
    still = np.array([smooth(np.array([[v]]), k / 25)[0, 0] for k, v in enumerate(noise)])
    assert np.abs(np.diff(still)).mean() < 0.5 * np.abs(np.diff(noise)).mean()
    after = [smooth(np.array([[1.0]]), 8 + k / 25)[0, 0] for k in range(3)]
    assert after[2] > 0.9  # eighty milliseconds later
    smooth.forget()
    assert smooth(np.array([[5.0]]), 0.0)[0, 0] == 5.0


def test_layers_are_added_by_their_weights_and_taken_back() -> None:
    base = RNG.integers(0, 255, (40, 40, 3), np.uint8)
    one = Layer((5, 6, 15, 20), RNG.integers(-90, 90, (14, 10, 3)).astype(np.int16))
    two = Layer((10, 10, 30, 30), RNG.integers(-90, 90, (20, 20, 3)).astype(np.int16))
    mixer = Mixer(base, {"one": one, "two": two})
    expected = base.astype(np.float64)
    expected[6:20, 5:15] += one.difference
    expected[10:30, 10:30] += np.rint(0.5 * two.difference)
    assert np.abs(mixer({"one": 1.0, "two": 0.5}) - np.clip(expected, 0, 255)).max() <= 1
    only = base.astype(np.int16)
    only[6:20, 5:15] += one.difference
    assert (mixer({"one": 1.0, "absent": 1.0}) == np.clip(only, 0, 255)).all()
    assert (mixer({}) == base).all()


def test_the_room_is_filled_from_around_the_person() -> None:
    room = np.full((128, 128, 3), (40, 90, 160), np.uint8)
    picture = room.copy()
    picture[40:, 40:90] = (250, 0, 0)
    alpha = np.zeros((128, 128), np.float32)
    alpha[40:, 40:90] = 1
    assert np.abs(empty_room(picture, alpha, 64).astype(int) - (40, 90, 160)).max() <= 1
    assert (empty_room(picture, np.ones_like(alpha), 64) == 128).all()  # nothing is known of it


def test_filling_leaves_what_is_known() -> None:
    picture = RNG.integers(0, 255, (50, 70, 3), np.uint8)
    known = np.ones((50, 70), np.float32)
    known[20:30, 20:40] = 0
    out = filled(picture, known)
    assert (out[known > 0] == picture[known > 0]).all()


def test_hair_that_the_edge_cuts_is_closed_by_a_dome() -> None:
    alpha = np.zeros((100, 100), np.float32)
    alpha[:, 30:70] = 1
    wide = widened_matte(alpha, 20)
    assert wide.shape == (140, 140)
    assert (wide[0] == 0).all()
    above = (wide[:20] > 0.5).sum(0)  # pixels of height, column by column
    assert above[70] > above[54] > above[49] == 0
    assert (wide[-1, 50:90] == 1).all()  # below, the body goes on
    apart = widened_matte(np.pad(alpha[10:], ((10, 0), (0, 0))), 20)
    assert (apart[:20] == 0).all()
