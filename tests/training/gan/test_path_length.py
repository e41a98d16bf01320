"""The path length's penalty, against its definition written out in float64, and as part of the training."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor

from doppelganger.generators.stylegan2 import Shape, StyleGAN2Network
from doppelganger.training.gan import path_length
from doppelganger.training.gan.settings import TrainingSettings, Wishes, shape_named
from doppelganger.training.gan.trainer import Trainer

CPU = torch.device("cpu")
SHAPE = Shape(8, 32, 6, z_dim=5, w_dim=4, mapping_layers=1, clamp=256)


@pytest.fixture
def network() -> StyleGAN2Network:
    torch.manual_seed(0)
    network = StyleGAN2Network(SHAPE).double().eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    return network


def draw(*size: int) -> Tensor:
    return torch.randn(*size, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def by_definition(network: StyleGAN2Network, w: Tensor, noise: Tensor) -> Tensor:
    """|Jᵀy| of each picture by a Jacobian of finite differences, y = noise / side."""
    found, step = [], 1e-6
    for one, y in zip(w, noise / 8, strict=True):
        slope = np.zeros(one.shape)
        for place in np.ndindex(*one.shape):
            moved = torch.zeros_like(one)
            moved[place] = step
            with torch.no_grad():
                apart = network.synthesis((one + moved)[None]) - network.synthesis((one - moved)[None])
            slope[place] = float((apart[0] / (2 * step) * y).sum())
        found.append(np.sqrt((slope**2).sum(1).mean()))
    return torch.tensor(np.array(found))


def test_lengths_are_those_of_the_jacobian(network: StyleGAN2Network) -> None:
    w, noise = draw(3, SHAPE.rows, 4).requires_grad_(), draw(3, 3, 8, 8)
    made = path_length.lengths(network.synthesis(w), w, noise)
    torch.testing.assert_close(made.detach(), by_definition(network, w.detach(), noise), rtol=1e-6, atol=0)


def test_the_penalty_reaches_weights(network: StyleGAN2Network) -> None:
    """Its gradient, one that goes through a gradient, by finite differences of the definition."""
    z, noise = draw(2, 5), draw(2, 3, 8, 8)

    def penalty(by: bool) -> Tensor:
        w = network.mapping(z)[:, None].expand(-1, SHAPE.rows, -1)
        if by:
            return (by_definition(network, w.detach(), noise) - 3).square().mean()
        return (path_length.lengths(network.synthesis(w), w, noise) - 3).square().mean()

    penalty(False).backward()  # type: ignore[no-untyped-call]
    for name in ("mapping.fc0.weight", "synthesis.b8.conv0.weight", "synthesis.b4.torgb.affine.weight"):
        parameter = network.get_parameter(name)
        assert parameter.grad is not None
        place = int(parameter.grad.abs().argmax())
        expected, step = float(parameter.grad.flatten()[place]), 1e-4
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                parameter.view(-1)[place] += sign * step
            values.append(float(penalty(True)))
            with torch.no_grad():
                parameter.view(-1)[place] -= sign * step
        assert (values[0] - values[1]) / (2 * step) == pytest.approx(expected, rel=1e-3), name


def trainer(weight: float) -> Trainer:
    pictures = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 3), np.uint8)
    settings = TrainingSettings(Shape(8, 64, 16, z_dim=8, w_dim=8, mapping_layers=2), batch=8, path_weight=weight)
    return Trainer(settings, pictures, CPU)


def test_every_fourth_step_evens_out_and_the_mean_is_kept() -> None:
    with_, seen = trainer(2.0), []
    inner = with_._even_out

    def counted() -> None:
        seen.append(with_.steps)
        inner()

    with_._even_out = counted  # type: ignore[method-assign]
    for _ in range(6):
        with_.step()
    assert seen == [0, 4] and with_.path_mean > 0
    again = trainer(2.0)
    again.restore(copy.deepcopy(with_.state()))
    for one in (with_, again):
        for _ in range(6):
            one.step()
    assert again.path_mean == with_.path_mean
    for a, b in zip(with_.generator.parameters(), again.generator.parameters(), strict=True):
        assert torch.equal(a, b)
    old = with_.state()
    del old["path mean"]  # a checkpoint from before
    again.restore(old)
    assert again.path_mean == 0


def test_who_has_it() -> None:
    assert Wishes().settings(32, 1, None).path_weight == 0
    for name in ("auto", "config-e", "config-f", "stylegan2", "paper256"):
        assert Wishes(network=name).settings(64, 1, None).path_weight == 2
    assert Wishes(network="config-f", path_length=False).settings(64, 1, None).path_weight == 0
    begun = TrainingSettings(shape_named("config-f", 64), batch=12)  # before there was one
    assert Wishes().settings(64, 1, begun) == begun
    assert Wishes(path_length=True).settings(64, 1, begun).path_weight == 2
    assert [Wishes().settings(side, 1, None).batch for side in (32, 64, 128, 256, 1024)] == [16, 16, 32, 16, 4]
    assert Wishes().settings(256, 8, None).batch == 64 and Wishes().settings(256, 3, None).batch == 48
