"""Path length regularisation (Karras et al. 2020, arXiv:1912.04958, section 3.2): a step in W moves the picture by the same
length wherever it is taken, so that faces between two faces are evenly between them.
"""

import math

import torch
from torch import Tensor

WEIGHT = 2.0
"""Of the penalty, as in StyleGAN2's published training."""
EVERY = 4
"""Steps from one penalty to the next, which then weighs so many times as much ("lazy", section 3.1)."""
MEMORY = 0.99
"""Share of the running mean length that stays at each penalty."""
SHRINK = 2
"""The batch is that many times smaller for it."""


def lengths(pictures: Tensor, w: Tensor, noise: Tensor) -> Tensor:
    """[B]: the length of Jᵀy, J the derivative of pictures [B, 3, S, S] by w [B, rows, w_dim], y = ``noise`` [B, 3, S, S] / S.

    Over rows the mean of the squares is taken, over w_dim their sum, as published. Differentiable.
    """
    side = pictures.shape[-1]
    directed = (pictures * (noise / math.sqrt(side * side))).sum()
    (slope,) = torch.autograd.grad(directed, w, create_graph=True)
    return slope.square().sum(2).mean(1).sqrt()
