from dataclasses import replace

import numpy as np
import pytest
import torch

from doppelganger.adam import Adam
from doppelganger.generators.mobile_stylegan import S_ROWS, W_ROWS
from doppelganger.images import resize_area
from doppelganger.loss import Likeness, pyramid, spread
from doppelganger.networks import Networks
from doppelganger.projection import ProjectionSettings, Slope, project

SHORT = ProjectionSettings(w_steps=8, w_plus_steps=6, exact_every=3)


@pytest.fixture(scope="module")
def networks():
    return Networks(device="cpu")


@pytest.fixture(scope="module")
def portrait(networks):
    return networks.generator.synthesise(networks.generator.sample(1, 5)[0])


def run(networks, portrait, settings=SHORT, **options):
    return project(portrait, networks.built_in, networks.space, networks.alex, settings, networks.device, **options)


@pytest.fixture(scope="module")
def unbroken(networks, portrait):
    return run(networks, portrait)


def test_path_runs_from_the_mean_face_toward_the_portrait(networks, unbroken):
    assert len(unbroken.path) == SHORT.steps + 1
    assert len(unbroken.losses) == SHORT.steps
    assert np.allclose(unbroken.path[0][:W_ROWS], networks.generator.w_mean, atol=1e-3)
    assert np.mean(unbroken.losses[-3:]) < 0.8 * unbroken.losses[0]


@pytest.mark.parametrize("stop", [2, 4])
def test_stopped_and_resumed_equals_unbroken(networks, portrait, unbroken, stop):
    class Stopped(Exception):
        pass

    kept = []

    def keep(state):
        kept.append(state)
        if len(kept) == stop:
            raise Stopped

    with pytest.raises(Stopped):
        run(networks, portrait, keep=keep)
    resumed = run(networks, portrait, resume=kept[-1])
    assert np.array_equal(np.stack(resumed.path), np.stack(unbroken.path))
    assert resumed.losses == unbroken.losses


def test_pictures_of_the_whole_network_are_kept_where_it_was_asked(networks, unbroken):
    assert sorted(unbroken.pictures) == [8, 11]
    truth = resize_area(networks.generator.synthesise(unbroken.path[8]), 256, 256)
    error = np.abs(unbroken.pictures[8].astype(int) - truth)
    assert np.sqrt((error**2).mean()) < 1 and np.quantile(error, 0.999) <= 4  # bfloat16, where the processor has it


def test_the_corrected_preview_agrees_with_the_whole_network_where_it_was_corrected(networks, portrait):
    likeness = Likeness(portrait, networks.alex, 2.0, 0.5, networks.device, 10.0)
    slope = Slope(networks.built_in, networks.space, likeness, replace(SHORT, correction=1.0))
    v = torch.zeros(S_ROWS, 512)
    v[:W_ROWS] = networks.space.from_w(torch.from_numpy(np.tile(networks.generator.sample(1, 8), (W_ROWS, 1))))
    v[W_ROWS:] = 0.1 * torch.randn(S_ROWS - W_ROWS, 512, generator=torch.Generator().manual_seed(1))
    whole, again = slope.of_whole(v), slope.of_preview(v)
    assert again.perceptual == pytest.approx(whole.perceptual, abs=1e-4)
    assert torch.cosine_similarity(again.gradient.flatten(), whole.gradient.flatten(), 0) > 0.9999
    assert torch.allclose(again.picture, whole.picture, atol=1e-4)
    moved = v + 0.02 * torch.randn(v.shape, generator=torch.Generator().manual_seed(0))
    near, truth = slope.of_preview(moved), slope.of_whole(moved)
    assert near.perceptual == pytest.approx(truth.perceptual, abs=0.02)
    assert torch.cosine_similarity(near.gradient.flatten(), truth.gradient.flatten(), 0) > 0.8


def test_progress_counts_every_step(networks, portrait):
    events = []
    run(networks, portrait, ProjectionSettings(w_steps=2, w_plus_steps=1), progress=events.append)
    assert [(e.done, e.total) for e in events] == [(1, 3), (2, 3), (3, 3)]


def test_the_first_phase_moves_one_w_and_the_second_its_rows(unbroken):
    path = np.stack(unbroken.path)
    w_plus, offsets = path[:, :W_ROWS], path[:, W_ROWS:]
    rows_differ = np.abs(w_plus - w_plus[:, :1]).max((1, 2))
    assert (rows_differ[: SHORT.w_steps + 1] < 1e-4).all() and not offsets[: SHORT.w_steps + 1].any()
    assert (rows_differ[SHORT.w_steps + 1 :] > 1e-3).all()
    assert all(np.abs(one).max() > 1e-4 for one in offsets[SHORT.w_steps + 1 :])


def test_rates_ramp_up_and_down_in_each_phase():
    settings = ProjectionSettings(w_steps=20, w_plus_steps=40, w_rate=1.0, w_plus_rate=0.5)
    rates = [settings.rate(k) for k in range(settings.steps)]
    assert rates[0] == 0.2
    assert max(rates[:20]) <= 1.0 and max(rates[20:]) == 0.5
    assert rates[20] == 0.1
    assert rates[19] < rates[10] < rates[5] and rates[59] < rates[50] < rates[30]


def test_adam_is_pytorchs_adam():
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    theirs = torch.optim.Adam([x], 0.1, betas=(0.8, 0.99), eps=Adam.EPSILON)
    ours, adam = x.detach().clone(), Adam(torch.zeros(2), torch.zeros(2), beta1=0.8)
    for _ in range(5):
        theirs.zero_grad()
        (x**4).sum().backward()
        theirs.step()
        ours -= adam.update(4 * ours**3, 0.1)
        assert torch.allclose(ours, x, atol=1e-6)


def test_pyramid_keeps_range_and_means():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, 32:] = 255
    small = pyramid(image, (32, 2), torch.device("cpu"))
    assert torch.equal(small[2][0, 0], torch.tensor([[-1.0, 1.0], [-1.0, 1.0]]))


def test_spread_is_zero_for_one_w():
    assert spread(torch.ones(16, 512)) == 0
    assert spread(torch.stack([torch.zeros(4), torch.full((4,), 2.0)])) == 1
