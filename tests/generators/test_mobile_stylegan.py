import numpy as np
import pytest
import torch
import torch.nn.functional as F

from doppelganger.generators.anchored import AnchoredPreview
from doppelganger.generators.differentiable import DifferentiableMobileStyleGAN
from doppelganger.generators.latent_space import LatentSpace
from doppelganger.generators.mobile_stylegan import MODULATIONS, S_ROWS, W_ROWS, haar, inverse_haar, place_of
from doppelganger.generators.mobile_stylegan_openvino import MobileStyleGAN
from doppelganger.generators.sensitivity import SensitiveDirections
from doppelganger.weights import Store


@pytest.fixture(scope="module")
def fast():
    return MobileStyleGAN(Store())


@pytest.fixture(scope="module")
def differentiable():
    return DifferentiableMobileStyleGAN(Store(), torch.device("cpu"))


@pytest.fixture
def exact(monkeypatch):
    """In float32 on any processor."""
    monkeypatch.setattr("doppelganger.generators.differentiable.has_bfloat16", lambda device: False)
    return DifferentiableMobileStyleGAN(Store(), torch.device("cpu"))


def gradient_of(look, w):
    """Of the mean square of what ``look`` makes of w."""
    tracked = w.clone().requires_grad_()
    with torch.enable_grad():
        return torch.autograd.grad(look(tracked).double().square().mean(), tracked)[0]


@pytest.fixture(scope="module")
def w_plus(fast):
    """Sixteen different rows: a w+ that one w could not imitate."""
    return (fast.w_mean + 0.6 * (fast.sample(W_ROWS, 3) - fast.w_mean)).astype(np.float32)


@pytest.mark.parametrize("rows", [1, W_ROWS])
def test_both_forms_agree_to_1e_4(fast, differentiable, w_plus, rows):
    w = w_plus if rows > 1 else w_plus[0]
    with torch.no_grad():
        torch_face = differentiable.synthesise(torch.from_numpy(np.broadcast_to(w, (W_ROWS, 512)).copy())[None], 1024)[
            0
        ]
    assert np.abs(torch_face.numpy() - fast.synthesise_float(w)).max() < 1e-4


def test_every_row_of_w_plus_changes_the_picture(fast, w_plus):
    reference = fast.synthesise_float(w_plus)
    for row in range(W_ROWS):
        changed = w_plus.copy()
        changed[row] = fast.w_mean
        assert np.abs(fast.synthesise_float(changed) - reference).max() > 1e-3, row


def with_offsets(w_plus, size):
    """A latent in StyleSpace whose scales are moved by ``size`` at random."""
    offsets = np.random.default_rng(4).normal(0, size, (MODULATIONS, 512)).astype(np.float32)
    return np.concatenate([w_plus, offsets])


def test_both_forms_agree_in_stylespace(fast, differentiable, w_plus):
    latent = with_offsets(w_plus, 0.005)
    with torch.no_grad():
        torch_face = differentiable.synthesise(torch.from_numpy(latent)[None], 1024)[0].numpy()
    face = fast.synthesise_float(latent)
    assert np.abs(torch_face - face).max() < 2e-4
    assert np.abs(face - fast.synthesise_float(w_plus)).max() > 0.01


def test_offsets_of_zero_change_nothing_and_every_modulation_has_some(fast, w_plus):
    reference = fast.synthesise_float(w_plus)
    assert np.array_equal(fast.synthesise_float(with_offsets(w_plus, 0.0)), reference)
    for row in range(W_ROWS, S_ROWS):
        latent = with_offsets(w_plus, 0.0)
        latent[row] = 0.2
        assert np.abs(fast.synthesise_float(latent) - reference).max() > 1e-3, row


def test_an_offset_is_what_w_would_have_made_of_the_scale(fast, differentiable, w_plus):
    """The second convolution of a block has a row of w+ to itself, so a move of that row is a move of its scales."""
    row, number = place_of("m.layers.2.conv2.conv.modulation.weight")
    moved = w_plus.copy()
    moved[row] += 0.1
    rows = torch.from_numpy(np.stack([w_plus[row], moved[row]]))
    before, after = differentiable.scales_of(rows)[number]
    latent = with_offsets(w_plus, 0.0)
    latent[W_ROWS + number] = (after - before).numpy()
    assert np.abs(fast.synthesise_float(latent) - fast.synthesise_float(moved)).max() < 1e-4


def reduced(fast, w, resolution):
    return F.interpolate(torch.from_numpy(fast.synthesise_float(w))[None], (resolution, resolution), mode="area")


@pytest.mark.parametrize("resolution", [512, 256])
def test_smaller_pictures_are_the_whole_one_reduced(fast, differentiable, w_plus, resolution):
    with torch.no_grad():
        small = differentiable.synthesise(torch.from_numpy(w_plus)[None], resolution)
    assert (small - reduced(fast, w_plus, resolution)).abs().max() < 1e-4


def test_previews_predict_the_reduced_picture(fast, differentiable, w_plus):
    single = fast.w_mean + 0.7 * (fast.sample(3, 11) - fast.w_mean)
    for w in (*(np.tile(one, (W_ROWS, 1)) for one in single), w_plus):
        truth = reduced(fast, w, 256)
        with torch.no_grad():
            preview = differentiable.preview(torch.from_numpy(w)[None])
        assert F.mse_loss(preview, truth) < 0.2 * truth.var()


def test_anchored_preview_is_the_true_picture_where_it_was_anchored(fast, differentiable, w_plus):
    anchored = AnchoredPreview(differentiable, every=2)
    w = torch.from_numpy(w_plus)[None]
    near = w + 0.005
    truth, truth_near = reduced(fast, w_plus, 256), reduced(fast, near[0].numpy(), 256)
    with torch.no_grad():
        assert F.mse_loss(anchored.preview(w), truth) < 1e-4  # bfloat16 on the way, where the processor has it
        moved = anchored.preview(near)
        assert F.mse_loss(moved, truth_near) < F.mse_loss(differentiable.preview(near), truth_near) / 4
        assert F.mse_loss(anchored.preview(near), truth_near) < 1e-4


def test_gradients_reach_every_row_that_acts(differentiable, w_plus):
    w = torch.from_numpy(w_plus)[None].requires_grad_()
    differentiable.synthesise(w, 256).square().mean().backward()
    assert (w.grad[0].abs().amax(1) > 0).all()


def test_gradient_is_the_slope(exact, w_plus):
    w = torch.from_numpy(w_plus)[None]
    direction = torch.randn(w.shape, generator=torch.Generator().manual_seed(0))
    gradient = gradient_of(exact.preview, w)
    step = 2e-3
    with torch.no_grad():
        ends = [exact.preview(w + s * step * direction).double().square().mean() for s in (1, -1)]
    assert float((ends[0] - ends[1]) / (2 * step)) == pytest.approx(float((gradient * direction).sum()), rel=0.02)


def test_what_a_search_follows_is_nearly_the_slope(differentiable, exact, w_plus):
    w = torch.from_numpy(w_plus)[None]
    looks = (lambda of: of.preview, lambda of: lambda w: of.wavelets_of(of.features(w), w))
    for look in looks:
        followed, truth = (gradient_of(look(of), w) for of in (differentiable, exact))
        assert torch.cosine_similarity(followed.flatten(), truth.flatten(), 0) > 0.98
    with torch.no_grad():
        assert F.mse_loss(differentiable.glance(w), exact.glance(w)) < 1e-4


def test_mapping_normalises_z(fast):
    z = np.random.default_rng(0).standard_normal((2, 512), np.float32)
    assert np.allclose(fast.map(z), fast.map(3 * z), atol=1e-4)


def test_inverse_haar_is_orthonormal_and_placed_as_expected():
    x = torch.randn(2, 8, 3, 3, generator=torch.Generator().manual_seed(0))
    y = inverse_haar(x.clone())
    assert y.shape == (2, 2, 6, 6)
    assert torch.allclose(y.square().sum(), x.square().sum())
    low_only = torch.zeros(1, 4, 1, 1)
    low_only[0, 0] = 2.0
    assert torch.equal(inverse_haar(low_only), torch.ones(1, 1, 2, 2))
    upper = torch.zeros(1, 4, 1, 1)
    upper[0, 1] = 2.0  # the first detail band: upper minus lower half
    assert torch.equal(inverse_haar(upper)[0, 0], torch.tensor([[1.0, 1.0], [-1.0, -1.0]]))


def test_haar_undoes_inverse_haar_and_its_gradient_is_the_slope():
    x = torch.randn(2, 8, 3, 5, dtype=torch.double, generator=torch.Generator().manual_seed(1), requires_grad=True)
    assert torch.allclose(haar(inverse_haar(x.detach())), x.detach())
    assert torch.autograd.gradcheck(inverse_haar, x)
    assert torch.autograd.gradgradcheck(inverse_haar, x)


def test_unknown_modulation_is_refused():
    with pytest.raises(ValueError):
        place_of("m.layers.3.unknown.modulation.weight")


def test_sensitive_directions_split_and_join():
    directions = SensitiveDirections.of_mobile_stylegan(torch.device("cpu"))
    gradient = torch.randn(W_ROWS, 512, generator=torch.Generator().manual_seed(2))
    parts = directions.split(gradient)
    assert parts.shape == (W_ROWS, directions.split_size)
    assert torch.allclose(directions.join(parts), gradient, atol=1e-3)
    along = directions.split_size - 512
    inside = directions.join(torch.cat([torch.ones(W_ROWS, along), torch.zeros(W_ROWS, 512)], 1))
    assert torch.allclose(inside.square().sum(1), torch.full((W_ROWS,), float(along)), rtol=1e-2)
    with_scales = torch.cat([gradient, torch.ones(MODULATIONS, 512)])
    back = directions.join(directions.split(with_scales), offset_rate=0.5)
    assert torch.allclose(back[:W_ROWS], gradient, atol=1e-3)
    assert torch.equal(back[W_ROWS:], torch.full((MODULATIONS, 512), 0.5))
    assert directions.split(inside)[:, along:].abs().max() < 1e-2


def test_latent_space_of_scales_counts_in_deviations(fast, differentiable):
    samples = fast.sample(4000, 1)
    space = LatentSpace(samples, torch.device("cpu"), differentiable.scales_of)
    v = torch.zeros(S_ROWS, 512)
    v[W_ROWS:] = 1
    offsets = space.to_s(v)[W_ROWS:]
    scales = differentiable.scales_of(torch.from_numpy(fast.sample(4000, 2)))
    assert torch.allclose(offsets, scales.std(1), rtol=0.1, atol=1e-5)
    back = space.from_s(space.to_s(v))
    used = offsets > 0
    assert torch.allclose(back[W_ROWS:][used], torch.ones(int(used.sum())), atol=1e-4)
    assert not back[W_ROWS:][~used].any()
    assert torch.allclose(space.to_s(back), space.to_s(v), atol=1e-2)


def test_latent_space_round_trip_mean_and_population(fast, differentiable):
    samples = fast.sample(4000, 1)
    space = LatentSpace(samples, torch.device("cpu"), differentiable.scales_of)
    assert torch.allclose(space.to_w(torch.zeros(512)), torch.from_numpy(samples.mean(0)), atol=1e-4)
    w = torch.from_numpy(samples[:8])
    v = space.from_w(w)
    assert torch.allclose(space.to_w(v), w, atol=1e-2)
    assert 0.8 < float(space.prior(space.from_w(torch.from_numpy(fast.sample(64, 9))))) < 1.3
