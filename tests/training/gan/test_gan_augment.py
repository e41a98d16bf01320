"""Augmentation: nothing at p = 0, exact turns of the square, colours about the axis of luma, p after r."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from doppelganger.training.gan.augment import Chances, augment, colour, corrected, geometry
from doppelganger.training.gan.chance import Chance


class Fixed(Chances):
    """Draws what it is told, in the order asked; what is not told is left as it is."""

    def __init__(self, whole: dict[int, float] | None = None, uniform: dict[int, float] | None = None) -> None:
        self._whole, self._uniform, self._asked = whole or {}, uniform or {}, [0, 0]

    def uniform(self, low: float, high: float, otherwise: float) -> Tensor:
        self._asked[0] += 1
        return torch.tensor([self._uniform.get(self._asked[0], otherwise)])

    def whole(self, choices: int) -> Tensor:
        self._asked[1] += 1
        return torch.tensor([self._whole.get(self._asked[1], 0.0)])

    def normal(self, deviation: float) -> Tensor:
        return torch.zeros(1)

    def log_normal(self, deviation: float) -> Tensor:
        return torch.ones(1)


@pytest.fixture
def pictures() -> Tensor:
    return torch.rand(64, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1


def drawn(seed: int) -> Chance:
    return Chance(torch.Generator().manual_seed(seed))


def looked_up(picture: Tensor, matrix: Tensor) -> Tensor:
    grid = torch.nn.functional.affine_grid(matrix[:, :2], [1, 3, 8, 8], align_corners=False)
    return torch.nn.functional.grid_sample(picture[None], grid, align_corners=False, padding_mode="reflection")[0]


def test_nothing_is_changed_or_drawn_at_zero(pictures: Tensor) -> None:
    random = torch.Generator().manual_seed(3)
    before = random.get_state()
    assert augment(pictures, 0.0, Chance(random)) is pictures
    assert torch.equal(before, random.get_state())


def test_p_is_the_share_that_each_transformation_changes(pictures: Tensor) -> None:
    chances = Chances(torch.zeros(20_000, 1), 0.3, drawn(0))
    assert float((chances.uniform(1, 2, 0.0) > 0).float().mean()) == pytest.approx(0.3, abs=0.02)
    normal = chances.normal(0.2)
    assert float(normal[normal != 0].std()) == pytest.approx(0.2, rel=0.05)
    changed = augment(pictures, 1.0, drawn(1))
    assert float((changed - pictures).abs().mean()) > 0.2


def test_mirrors_turns_and_moves_by_pixels_are_exact(pictures: Tensor) -> None:
    picture = pictures[0]
    torch.testing.assert_close(looked_up(picture, geometry(Fixed(), 8)), picture)
    mirrored = geometry(Fixed(whole={2: 1.0}), 8)  # the first is drawn for its size alone
    torch.testing.assert_close(looked_up(picture, mirrored), picture.flip(2), atol=1e-5, rtol=0)
    turned = geometry(Fixed(whole={3: 1.0}), 8)
    torch.testing.assert_close(looked_up(picture, turned), torch.rot90(picture, 1, (1, 2)), atol=1e-5, rtol=0)
    moved = geometry(Fixed(uniform={1: 0.12}), 8)  # 0.96 of a pixel: one
    torch.testing.assert_close(looked_up(picture, moved)[:, :, :-1], picture[:, :, 1:], atol=1e-5, rtol=0)


def test_colours_are_turned_about_luma(pictures: Tensor) -> None:
    torch.testing.assert_close(colour(Fixed())[0], torch.eye(4))
    third = colour(Fixed(uniform={1: 2 * math.pi / 3}))[0]
    torch.testing.assert_close(third @ torch.tensor([1.0, 0, 0, 1]), torch.tensor([0.0, 1, 0, 1]), atol=1e-6, rtol=0)
    flipped = colour(Fixed(whole={1: 1.0}))[0]
    torch.testing.assert_close(flipped @ torch.tensor([0.5, 0.5, 0.5, 1]), torch.tensor([-0.5, -0.5, -0.5, 1]))


def test_a_gradient_reaches_the_picture(pictures: Tensor) -> None:
    pictures = pictures.requires_grad_()
    augment(pictures, 0.8, drawn(1)).square().sum().backward()  # type: ignore[no-untyped-call]
    assert pictures.grad is not None and float(pictures.grad.abs().min(0).values.max()) > 0


def test_p_follows_how_sure_the_detective_is() -> None:
    assert corrected(0.5, 0.7, 5000) == pytest.approx(0.51)
    assert corrected(0.5, 0.5, 5000) == pytest.approx(0.49)
    assert corrected(0.001, 0.0, 5000) == 0 and corrected(0.999, 1.0, 5000) == 1
    assert np.isfinite(corrected(0.0, -1.0, 0))
