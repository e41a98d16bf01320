"""Attackers on made-up data whose right answer is known."""

import cv2
import numpy as np
import pytest
import skimage.data

from doppelganger.evaluation.attacks import (
    GREY,
    STRENGTHS,
    LinearMapAttack,
    feature_ranks,
    hamming,
    hash_ranks,
    keep_person,
    linear_map_attack,
    table_ranks,
)
from doppelganger.evaluation.attacks import _mapped as mapped
from doppelganger.faces.parsing import Part
from doppelganger.findable import perceptual_hash
from doppelganger.images import RGB
from doppelganger.verifiers.protocol import Metric

METRICS: list[Metric] = ["cosine", "euclidean"]


def rank_1(ranks: np.ndarray) -> float:
    return float(np.mean(ranks == 1))


def turned(originals: np.ndarray, seed: int) -> np.ndarray:
    """Rotated by one rotation for everybody, with a little noise."""
    random = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(random.normal(size=(originals.shape[1], originals.shape[1])))
    return originals @ turn + 0.05 * random.normal(size=originals.shape)


@pytest.mark.parametrize("metric", METRICS)
def test_a_rotation_hides_nobody_from_who_has_learnt_it(metric: Metric) -> None:
    originals = np.random.default_rng(1).normal(size=(80, 16))
    attack = linear_map_attack(metric, turned(originals, 2), originals, range(80), splits=3)
    assert attack.with_map.shape == attack.without_map.shape == attack.gallery.shape == (3, 80)
    assert rank_1(attack.with_map) > 0.95
    assert rank_1(attack.without_map) < 0.15
    assert (attack.gallery == 40).all() and attack.with_map.max() <= 40
    assert np.isfinite(attack.strengths).all() and attack.strengths.shape == (3, 2)


def test_one_shift_for_everybody_is_learnt_from_few_people() -> None:
    random = np.random.default_rng(3)
    originals = random.normal(size=(24, 64))
    avatars = originals + 6 * random.normal(size=64) + random.normal(size=(24, 64))
    attack = linear_map_attack("cosine", avatars, originals, range(24), splits=5)
    assert rank_1(attack.with_map) > rank_1(attack.without_map) + 0.2
    assert rank_1(attack.with_map) > 0.9


@pytest.mark.parametrize("metric", METRICS)
def test_without_a_relation_the_rank_is_chance(metric: Metric) -> None:
    random = np.random.default_rng(4)
    originals, avatars = random.normal(size=(2, 120, 32))
    attack = linear_map_attack(metric, avatars, originals, range(120), splits=4)
    for ranks in (attack.with_map, attack.without_map):
        assert rank_1(ranks) < 0.06  # chance is 1 in 60
        assert abs(ranks.mean() - 30.5) < 3.5


def test_where_nothing_was_moved_the_map_does_no_harm() -> None:
    random = np.random.default_rng(5)
    originals = random.normal(size=(24, 128))
    attack = linear_map_attack(
        "cosine", originals + 0.3 * random.normal(size=(24, 128)), originals, range(24), splits=5
    )
    assert rank_1(attack.without_map) == 1 and rank_1(attack.with_map) > 0.98


def test_a_person_is_on_one_side_only_and_found_in_any_of_their_pictures() -> None:
    """Avatars that are exact copies of another picture of the same person: rank 1, though the own picture is far."""
    random = np.random.default_rng(6)
    people = np.repeat(np.arange(10), 3)
    originals = random.normal(size=(30, 8))
    avatars = originals[[3 * (k // 3) + (k + 1) % 3 for k in range(30)]]
    attack = linear_map_attack("euclidean", avatars, originals, people, splits=2)
    assert (attack.gallery == 5).all() and (attack.without_map == 1).all()
    labels = [f"person {k}" for k in people]
    again = linear_map_attack("euclidean", avatars, originals, labels, splits=2)
    assert (again.with_map == attack.with_map).all() and (again.strengths == attack.strengths).all()
    odd = linear_map_attack("euclidean", avatars[:27], originals[:27], people[:27], splits=1)
    assert sorted(set(odd.gallery.ravel())) == [4, 5]


def test_the_half_that_is_identified_has_no_say() -> None:
    """Other originals for one half change neither the strength learnt on the other half, nor its own part in training."""
    random = np.random.default_rng(7)
    originals = random.normal(size=(40, 8))
    avatars = turned(originals, 8)
    attack = linear_map_attack("cosine", avatars, originals, range(40), splits=1, seed=9)
    half = np.random.default_rng(9).permutation(40)[20:]  # the first turn identifies these
    changed = originals.copy()
    changed[half] = random.normal(size=(20, 8))
    other = linear_map_attack("cosine", avatars, changed, range(40), splits=1, seed=9)
    assert other.strengths[0, 0] == attack.strengths[0, 0]
    assert rank_1(attack.with_map[0, half]) > 0.8 > 0.3 > rank_1(other.with_map[0, half])


def test_ridge_toward_the_identity_by_hand_and_in_both_forms() -> None:
    # One number a row: x = (1, 1) and (2, √2.5 …): solved here by the normal equations of min ‖XB − R‖² + λ‖B‖²
    random = np.random.default_rng(10)
    for rows, width in ((3, 5), (9, 2)):  # fewer and more rows than columns
        a, o, probes = (random.normal(size=(n, width)) for n in (rows, rows, 4))
        size = np.square(a).sum(1).mean()
        x = np.hstack([a, np.full((rows, 1), np.sqrt(size))])
        normal = np.linalg.inv(x.T @ x + 0.5 * size * np.eye(width + 1)) @ x.T @ (o - a)
        expected = probes + np.hstack([probes, np.full((4, 1), np.sqrt(size))]) @ normal
        np.testing.assert_allclose(mapped(a, o, probes, 0.5), expected, rtol=1e-9)
    assert mapped(a, o, probes, np.inf) is probes
    np.testing.assert_allclose(mapped(a, o, probes, 1e12), probes, atol=1e-9)
    np.testing.assert_allclose(mapped(a, a + 3, a, 1e-9), a + 3, atol=1e-6)  # enough rows: least squares
    assert sorted(STRENGTHS, reverse=True) == list(STRENGTHS)


def test_too_few_people_are_refused() -> None:
    rows = np.random.default_rng(11).normal(size=(14, 4))
    with pytest.raises(ValueError, match="8 people on, there are 7"):
        linear_map_attack("cosine", rows, rows, [k // 2 for k in range(14)])
    with pytest.raises(ValueError, match="equally many"):
        linear_map_attack("cosine", rows, rows[:13], range(14))
    assert isinstance(linear_map_attack("cosine", rows[:8], rows[:8], range(8), splits=1), LinearMapAttack)


def waves(*frequencies: tuple[int, int, float]) -> RGB:
    """A grey picture of 32² made of cosines: (vertical frequency, horizontal frequency, amplitude)."""
    coefficients = np.zeros((32, 32))
    for v, u, amplitude in frequencies:
        coefficients[v, u] = amplitude
    grey = np.clip(cv2.idct(coefficients) + 128, 0, 255)
    return np.repeat(np.rint(grey).astype(np.uint8)[..., None], 3, axis=2)


def test_perceptual_hash_by_hand() -> None:
    """Of 64 low frequencies half are pushed up and half down: the bits say which, in rows from (1, 1) on."""
    up = np.random.default_rng(13).permutation(np.repeat([True, False], 32))
    low = [(1 + k // 8, 1 + k % 8, 30.0 if up[k] else -30.0) for k in range(64)]
    assert perceptual_hash(waves(*low)).tolist() == up.tolist()
    # what is constant along a row or column, and what is finer, is not asked; nor is the size
    assert perceptual_hash(waves(*low, (0, 3, 300), (2, 0, -300), (20, 20, 300), (9, 1, 300))).tolist() == up.tolist()
    assert perceptual_hash(np.kron(waves(*low), np.ones((4, 7, 1), np.uint8))).tolist() == up.tolist()
    assert perceptual_hash(255 - waves(*low)).tolist() == (~up).tolist()


def test_hamming_by_hand() -> None:
    a = np.zeros((2, 64), bool)
    a[1, :10] = True
    assert hamming(a, np.array([a[0], a[1], ~a[0]])).tolist() == [[0, 10, 64], [10, 0, 54]]


@pytest.fixture(scope="module")
def photos() -> list[RGB]:
    colour = [skimage.data.astronaut(), skimage.data.coffee(), skimage.data.chelsea(), skimage.data.rocket()]
    grey = [skimage.data.camera(), skimage.data.moon(), skimage.data.coins(), skimage.data.page()]
    return [np.asarray(p) for p in colour] + [np.repeat(p[..., None], 3, axis=2) for p in grey]


def test_a_copy_is_found_by_its_hash_and_a_stranger_is_not(photos: list[RGB]) -> None:
    gallery = np.stack([perceptual_hash(p) for p in photos])
    assert hamming(gallery, gallery)[np.triu_indices(8, 1)].min() > 12
    copies = []
    for photo in photos:
        half = cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        _, data = cv2.imencode(".jpg", half, [cv2.IMWRITE_JPEG_QUALITY, 60])
        copies.append(perceptual_hash(cv2.imdecode(data, cv2.IMREAD_COLOR)))
    assert hash_ranks(np.stack(copies), gallery, range(8)).tolist() == [1] * 8
    assert hamming(np.stack(copies), gallery).diagonal().max() <= 6
    mirrored = np.stack([perceptual_hash(np.ascontiguousarray(p[:, ::-1])) for p in photos])
    assert np.mean(hash_ranks(mirrored, gallery, range(8)) == 1) < 0.5


def test_hash_ties_count_for_the_attacker() -> None:
    gallery = np.zeros((4, 64), bool)
    gallery[1, :2], gallery[2, 2:4], gallery[3, 0] = True, True, True
    assert hash_ranks(np.zeros((3, 64), bool), gallery, [1, 2, 3]).tolist() == [3, 3, 2]


def test_ranks_by_features_and_by_any_table() -> None:
    gallery = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    assert feature_ranks(np.array([[9.0, 1.0], [1.0, 9.0]]), gallery, [0, 0]).tolist() == [1, 3]
    assert feature_ranks(np.array([[9.0, 1.0]]), gallery, [0], metric="euclidean").tolist() == [2]
    assert table_ranks(np.array([[0.3, 0.1, 0.2], [0.3, 0.1, 0.1]]), [2, 1]).tolist() == [2, 1]


def test_keep_person_leaves_the_person_and_nothing_of_the_background() -> None:
    picture = np.random.default_rng(12).integers(0, 256, (1024, 1024, 3), np.uint8)
    parts = np.zeros((512, 512), np.uint8)
    parts[100:300, 200:400] = Part.SKIN
    parts[300:, 200:400] = Part.CLOTH
    parts[:100, 250:350] = Part.HAIR
    kept = keep_person(picture, parts)
    inside = np.repeat(np.repeat(parts > 0, 2, axis=0), 2, axis=1)
    assert kept.dtype == np.uint8 and np.array_equal(kept[inside], picture[inside])
    assert (kept[~inside] == GREY).all()
    other = np.where(inside[..., None], picture, 7).astype(np.uint8)
    assert np.array_equal(keep_person(other, parts), kept)
