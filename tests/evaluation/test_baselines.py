"""What people do today, checked where it can be seen: inside the face and outside of it."""

import numpy as np
import pytest

from doppelganger.evaluation.baselines import black_bar, blur_face, face_box, k_same_groups, pixelate
from doppelganger.faces.landmarks import Landmarks
from doppelganger.images import RGB
from doppelganger.networks import Networks
from doppelganger.verifiers.face_of import largest_face


@pytest.fixture(scope="module")
def landmarks(stranger: RGB, networks: Networks) -> Landmarks:
    return networks.landmarks.detect(stranger, largest_face(networks.detector, stranger))


def test_pixelation_leaves_as_many_colours_as_it_has_blocks(stranger: RGB, landmarks: Landmarks) -> None:
    out = pixelate(stranger, landmarks, 8)
    rows, columns = face_box(landmarks)
    face = out[rows, columns]
    down = round(8 * face.shape[0] / face.shape[1])
    assert len(np.unique(face.reshape(-1, 3), axis=0)) <= 8 * down
    # one block is the mean of what it covers
    assert face[0, 0] == pytest.approx(
        stranger[rows, columns][: face.shape[0] // down, : face.shape[1] // 8].mean((0, 1)), abs=2
    )
    changed = (out != stranger).any(2)
    assert not changed[: rows.start].any() and not changed[:, : columns.start].any()


def test_blur_takes_detail_from_the_face_and_leaves_the_corners(stranger: RGB, landmarks: Landmarks) -> None:
    out = blur_face(stranger, landmarks, 0.06)
    rows, columns = face_box(landmarks, -0.2)

    def detail(image: RGB) -> float:
        return float(np.abs(np.diff(image[rows, columns].astype(float), axis=1)).mean())

    assert detail(out) < 0.4 * detail(stranger)
    assert np.array_equal(out[:20, :20], stranger[:20, :20])


def test_the_bar_covers_both_eyes_and_not_the_mouth(stranger: RGB, landmarks: Landmarks) -> None:
    out = black_bar(stranger, landmarks)
    for point in (33, 263, 159, 386):  # corners and upper lids
        x, y = landmarks.points[point].astype(int)
        assert not out[y, x].any()
    x, y = landmarks.points[13].astype(int)
    assert np.array_equal(out[y, x], stranger[y, x])


def test_k_same_hides_everybody_among_k() -> None:
    # two pairs far apart and one in between, who joins the last group
    people = np.array([[0.0], [10.0], [0.1], [10.1], [4.0]])
    assert k_same_groups(people, 2) == [[0, 2], [1, 3, 4]]
    assert k_same_groups(people, 9) == [[0, 1, 2, 3, 4]]
    many = k_same_groups(np.random.default_rng(0).normal(size=(23, 4)), 4)
    assert sorted(i for group in many for i in group) == list(range(23))
    assert all(4 <= len(group) < 8 for group in many)
