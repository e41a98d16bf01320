"""The mathematics of learning, on data whose truth is known."""

import numpy as np
import pytest

from doppelganger.directions.learning import Responses, Whitening, certain, cheapest, gradients, price

FACES, GROUPS, SIZE = 900, 3, 20


def mixed(rng: np.random.Generator) -> np.ndarray:
    """[N, G, D]: half of the faces of one latent, half with groups from another."""
    x = np.repeat(rng.standard_normal((FACES, 1, SIZE)), GROUPS, 1)
    x[1::2, 1] = rng.standard_normal((FACES // 2, SIZE))
    x[1::4, 2] = rng.standard_normal((len(x[1::4]), SIZE))
    return x


def test_whitening_makes_unit_covariance_and_undoes_itself() -> None:
    rng = np.random.default_rng(1)
    w = rng.standard_normal((5000, 6)) @ rng.standard_normal((6, 6)) + 3
    space = Whitening.of(w)
    x = space.whiten(w)
    assert np.cov(x, rowvar=False) == pytest.approx(np.eye(6), abs=1e-2)
    assert space.change(x[0] - x[1]) == pytest.approx(w[0] - w[1])


def test_gradients_find_the_true_slopes_and_tell_groups_apart() -> None:
    rng = np.random.default_rng(2)
    shares = np.array([[0.0, 0.7, 0.3], [1.0, 0.0, 0.0]])
    truth = shares[:, :, None] * rng.standard_normal((2, 1, SIZE))
    x = mixed(rng)
    y = np.einsum("ngd,agd->na", x, truth) + 0.5 * rng.standard_normal((FACES, 2))
    y[::7, 1] = np.nan
    found, explained = gradients(x, y, ridge=1.0)
    for a in range(2):
        cosine = (found[a] * truth[a]).sum() / np.linalg.norm(found[a]) / np.linalg.norm(truth[a])
        assert cosine > 0.98
        assert explained[a] > 0.9
    assert np.linalg.norm(found[0, 0]) < 0.1 * np.linalg.norm(found[0, 1])


def test_noise_is_not_explained() -> None:
    rng = np.random.default_rng(5)
    _, explained = gradients(mixed(rng), rng.standard_normal((FACES, 1)), ridge=100.0)
    assert explained[0] < 0.05


def test_the_cheapest_change_moves_its_own_by_one_and_dear_others_not_at_all() -> None:
    rng = np.random.default_rng(3)
    slopes = rng.standard_normal((5, 12))
    slopes[1] = slopes[0] + 0.5 * slopes[1]  # entangled with the first
    change = cheapest(slopes[0], price(slopes, np.array([0, 1e6, 1e6, 1e6, 1e6])) + np.eye(12))
    assert slopes[0] @ change == pytest.approx(1)
    assert np.abs(slopes[1:] @ change).max() < 1e-3
    # in the limit it is InterFaceGAN's conditional projection
    others = np.linalg.qr(slopes[1:].T)[0]
    projected = slopes[0] - others @ (others.T @ slopes[0])
    assert change @ projected / np.linalg.norm(change) / np.linalg.norm(projected) > 0.9999
    # and where nothing costs but the length, the gradient itself
    free = cheapest(slopes[0], np.eye(12))
    assert free == pytest.approx(slopes[0] / (slopes[0] @ slopes[0]))


def test_what_is_not_known_counts_for_nothing() -> None:
    rng = np.random.default_rng(4)
    samples = np.stack([5 + rng.standard_normal(20), rng.standard_normal(20)], 1)
    shrunk = certain(samples)
    assert shrunk[0] == pytest.approx(samples[:, 0].mean(), rel=0.1)
    assert abs(shrunk[1]) < abs(samples[:, 1].mean()) or shrunk[1] == 0


def test_a_side_effect_that_differs_from_face_to_face_is_still_one() -> None:
    attributes = np.zeros((10, 2, 2))
    attributes[:, :, 0] = 1  # both candidates move the own attribute
    attributes[::2, 1, 1], attributes[1::2, 1, 1] = 1, -1  # the second one shakes the other, 0 in the mean
    responses = Responses(attributes, np.zeros((10, 2, 3)))
    prices = np.array([0.0, 1.0])
    steady, shaky = np.eye(2)
    assert responses.selectivity(steady, 0, prices, 1.0) > 10 * responses.selectivity(shaky, 0, prices, 1.0)
    best = cheapest(certain(attributes[:, :, 0]), responses.cost(prices, 1.0) + 0.01 * np.eye(2))
    assert best[0] > 10 * best[1]
