"""Adaptive discriminator augmentation (Karras, Aittala, Hellsten, Laine, Lehtinen, Aila, "Training Generative Adversarial Networks
with Limited Data", NeurIPS 2020, arXiv:2006.06676): the detective never sees a picture as it is, but turned, moved, scaled and
recoloured with probability p, so that it cannot learn a small set by heart; p follows how much it seems to have done so.

The transformations are the paper's pixel blitting, geometry and colour (its ``bgc``, appendix B) with two differences: geometry is
one bilinear look-up with reflected borders instead of a filtered one, and a picture is turned once, before it is stretched.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from doppelganger.training.gan.chance import Chance

TARGET = 0.6
"""What r = E[sign D(real)] is held at: the detective is surer than that of what it has learnt by heart."""
EVERY = 4
"""Steps between two corrections of p."""
SPAN = 500_000
"""Pictures in which p may go from 0 to 1."""


class Chances:
    """Draws for a batch: each transformation is drawn for every picture and applied to a share p of them."""

    def __init__(self, like: Tensor, p: float, chance: Chance) -> None:
        self._count, self._p, self._chance = len(like), p, chance

    def uniform(self, low: float, high: float, otherwise: float) -> Tensor:
        """[B]: uniform in [low, high) where it is the picture's turn, else ``otherwise``."""
        return self._or(low + (high - low) * self._draw(), otherwise)

    def normal(self, deviation: float) -> Tensor:
        """[B]: normal around 0, or 0."""
        return self._or(self._chance.normal(self._count) * deviation, 0.0)

    def log_normal(self, deviation: float) -> Tensor:
        """[B]: 2 to a normal power, or 1."""
        return torch.exp2(self.normal(deviation))

    def whole(self, choices: int) -> Tensor:
        """[B]: 0 … choices − 1, or 0."""
        return self._or(torch.floor(self._draw() * choices), 0.0)

    def _draw(self) -> Tensor:
        return self._chance.uniform(self._count)

    def _or(self, drawn: Tensor, otherwise: float) -> Tensor:
        return torch.where(self._draw() < self._p, drawn, otherwise)


def augment(pictures: Tensor, p: float, chance: Chance) -> Tensor:
    """[B, 3, S, S] in [−1, 1] → the same, transformed; differentiable once. At p = 0 nothing is drawn."""
    if p == 0:
        return pictures
    chances = Chances(pictures, p, chance)
    grid = F.affine_grid(geometry(chances, pictures.shape[-1])[:, :2], list(pictures.shape), align_corners=False)
    moved = F.grid_sample(pictures, grid, "bilinear", "reflection", align_corners=False)
    matrix = colour(chances)
    mixed = matrix[:, :3, :3] @ moved.flatten(2) + matrix[:, :3, 3:]
    return mixed.reshape(moved.shape)


def geometry(chances: Chances, side: int) -> Tensor:
    """[B, 3, 3]: from places in the transformed picture to places in the given one, both in [−1, 1]."""
    zero = torch.zeros_like(chances.whole(2))
    one = torch.ones_like(zero)

    def matrix(*rows: Tensor) -> Tensor:
        return torch.stack([*rows, zero, zero, one], 1).reshape(-1, 3, 3)

    def turned(angle: Tensor) -> Tensor:
        return matrix(angle.cos(), -angle.sin(), zero, angle.sin(), angle.cos(), zero)

    def moved(x: Tensor, y: Tensor) -> Tensor:
        return matrix(one, zero, 2 * x, zero, one, 2 * y)  # shares of the side; a picture is 2 wide here

    def scaled(x: Tensor, y: Tensor) -> Tensor:
        return matrix(x, zero, zero, zero, y, zero)

    flip = 1 - 2 * chances.whole(2)
    whole_pixels = [torch.round(chances.uniform(-0.125, 0.125, 0.0) * side) / side for _ in range(2)]
    scale, stretch = chances.log_normal(0.2), chances.log_normal(0.2)
    return (
        scaled(flip, one)
        @ turned(chances.whole(4) * (math.pi / 2))
        @ moved(*whole_pixels)
        @ scaled(scale, scale)
        @ turned(chances.uniform(-math.pi, math.pi, 0.0))
        @ scaled(stretch, 1 / stretch)
        @ moved(chances.normal(0.125), chances.normal(0.125))
    )


def colour(chances: Chances) -> Tensor:
    """[B, 4, 4], on colours and a 1: brightness, contrast, luma flip, hue, saturation."""
    brightness, contrast = chances.normal(0.2), chances.log_normal(0.5)
    flip, hue = chances.whole(2), chances.uniform(-math.pi, math.pi, 0.0)
    saturation = chances.log_normal(1.0)
    eye = torch.eye(4, device=brightness.device)
    grey = torch.tensor([1.0, 1.0, 1.0], device=brightness.device) / math.sqrt(3)  # the axis of luma
    along = torch.zeros(4, 4, device=grey.device)
    along[:3, :3] = torch.outer(grey, grey)
    cross = torch.zeros(4, 4, device=grey.device)
    cross[:3, :3] = (torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]], device=grey.device)) / math.sqrt(3)
    colours = torch.diag(torch.tensor([1.0, 1, 1, 0], device=grey.device))

    def each(values: Tensor) -> Tensor:
        return values[:, None, None]

    lift = torch.zeros(4, 4, device=grey.device)
    lift[:3, 3] = 1
    matrix = eye + each(brightness) * lift
    matrix = (eye + each(contrast - 1) * colours) @ matrix
    matrix = (eye - 2 * each(flip) * along) @ matrix
    turn = (
        eye + each(hue.sin()) * cross + each(1 - hue.cos()) * (cross @ cross)
    )  # Rodrigues' rotation about the luma axis
    return (eye + each(saturation - 1) * (colours - along)) @ (turn @ matrix)


def corrected(p: float, signs: float, pictures: int) -> float:
    """p after ``pictures`` during which r was ``signs``."""
    step = pictures / SPAN
    return min(1.0, max(0.0, p + step if signs > TARGET else p - step))
