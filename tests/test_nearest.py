import numpy as np
import pytest
import torch
from torch import nn

from doppelganger.doppelganger import search_nearest
from doppelganger.nearest import NearestSettings, Searched, jitter, soften
from doppelganger.networks import Networks
from doppelganger.progress import silent
from doppelganger.settings import Settings
from doppelganger.subject import Subject, see


def searched(metric_euclidean, threshold):
    return Searched("toy", nn.Identity(), 112, metric_euclidean, threshold, np.array([3.0, 4.0], np.float32), 2.0)


def test_distances_are_shares_of_the_threshold():
    embedding = torch.tensor([[4.0, 3.0], [3.0, 4.0]])
    assert torch.allclose(searched(True, 0.5).distance(embedding), torch.tensor([2.0**0.5 / 0.5, 0.0]), atol=1e-6)
    assert torch.allclose(searched(False, 0.5).distance(embedding), torch.tensor([(1 - 24 / 25) / 0.5, 0.0]), atol=1e-6)


def test_jitter_is_a_small_similarity_about_the_centre():
    rng = np.random.default_rng(0)
    drawn = np.stack([jitter(rng, 112) for _ in range(400)])
    scales = np.sqrt(np.linalg.det(drawn[:, :2, :2]))
    angles = np.rad2deg(np.arctan2(drawn[:, 1, 0], drawn[:, 0, 0]))
    assert 0.94 < scales.min() < 0.99 < 1.01 < scales.max() < 1.06
    assert 1 < angles.std() < 2
    centre = np.array([55.5, 55.5, 1])
    assert np.abs((drawn @ centre)[:, :2] - 55.5).max() < 0.05 * 112


def test_soften_blurs_some_and_keeps_the_size():
    rng = np.random.default_rng(0)
    faces = torch.randn(1, 3, 32, 32)
    results = [soften(faces, rng) for _ in range(20)]
    changed = [not torch.equal(r, faces) for r in results]
    assert any(changed) and not all(changed)
    assert all(r.shape == faces.shape for r in results)


@pytest.fixture(scope="module")
def networks():
    return Networks(device="cpu")


def test_search_leaves_the_border_and_stops_near_it(networks):
    """A generated person: the closest match is that very face, *same* to everybody; two verifiers are searched."""
    w = networks.generator.w_mean + 0.7 * (networks.generator.sample(1, 21)[0] - networks.generator.w_mean)
    subject = see(networks.generator.synthesise(w), networks)
    assert isinstance(subject, Subject)
    settings = Settings(held_out=("dlib", "edgeface"), nearest=NearestSettings(steps=16))
    start = np.tile(w, (networks.differentiable.w_rows, 1))
    found, views = search_nearest(subject, start, networks, settings, silent)
    names = [m.name for m in networks.members(settings.searched)]
    assert all(found.trace[0][name] < 1 for name in names), "the start must be *same*, or nothing is tested"
    assert found.accepted
    assert set(found.worst) == set(names)
    assert all(1 < found.worst[name] < 1.9 for name in names)
    assert np.array_equal(found.w[: len(start)], start) and found.w[len(start) :].any(), "only scales are moved"
    np.testing.assert_array_equal(views.image, networks.generator.synthesise(found.w))
