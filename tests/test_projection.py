import numpy as np
import pytest
import torch

from doppelganger.networks import Networks
from doppelganger.projection import Adam, ProjectionSettings, project, pyramid, spread

SHORT = ProjectionSettings(stages=((128, 10), (256, 4)))


@pytest.fixture(scope="module")
def networks():
    return Networks(device="cpu")


@pytest.fixture(scope="module")
def portrait(networks):
    return networks.generator.synthesise(networks.generator.sample(1, 5)[0])


def run(networks, portrait, settings=SHORT, **options):
    return project(
        portrait, networks.differentiable, networks.space, networks.alex, settings, networks.device, **options
    )


@pytest.fixture(scope="module")
def unbroken(networks, portrait):
    return run(networks, portrait)


def test_path_runs_from_the_mean_face_toward_the_portrait(networks, unbroken):
    assert len(unbroken.path) == SHORT.steps + 1
    assert len(unbroken.losses) == SHORT.steps
    assert np.allclose(unbroken.path[0], networks.generator.w_mean, atol=1e-3)
    assert np.mean(unbroken.losses[7:10]) < 0.8 * unbroken.losses[0]


def test_stopped_and_resumed_equals_unbroken(networks, portrait, unbroken):
    class Stopped(Exception):
        pass

    kept = []

    def keep(state):
        kept.append(state)
        if len(kept) == 6:
            raise Stopped

    with pytest.raises(Stopped):
        run(networks, portrait, keep=keep)
    resumed = run(networks, portrait, resume=kept[-1])
    assert np.array_equal(np.stack(resumed.path), np.stack(unbroken.path))
    assert resumed.losses == unbroken.losses


def test_progress_counts_every_step(networks, portrait):
    events = []
    run(networks, portrait, ProjectionSettings(stages=((128, 3),)), progress=events.append)
    assert [(e.done, e.total) for e in events] == [(1, 3), (2, 3), (3, 3)]


def test_stages_and_rates():
    settings = ProjectionSettings(stages=((128, 3), (256, 2)), learning_rate=1.0, ramp_up=2)
    assert [settings.resolution(k) for k in range(5)] == [128, 128, 128, 256, 256]
    with pytest.raises(IndexError):
        settings.resolution(5)
    assert settings.rate(0) == 0.5
    assert settings.rate(1) == 1.0
    assert settings.rate(4) < settings.rate(3) < 1.0


def test_adam_is_pytorchs_adam():
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    theirs = torch.optim.Adam([x], 0.1, betas=(Adam.BETA1, Adam.BETA2), eps=Adam.EPSILON)
    ours, adam = x.detach().clone(), Adam(torch.zeros(2), torch.zeros(2))
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
