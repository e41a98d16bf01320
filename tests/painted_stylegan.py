"""A StyleGAN2 that makes real faces without training: two of them stand in its noise, and w says how much of each is seen."""

import numpy as np
import torch

from doppelganger.generators.stylegan2 import Shape, StyleGAN2Network
from doppelganger.images import RGB, resize_area
from doppelganger.invented import invented
from doppelganger.networks import Networks

SMALL = Shape(256, 1024, 4, z_dim=16, w_dim=16, mapping_layers=2)
REACH = 0.4
"""How far w's first number leads from one face to the other."""


def two_faces(networks: Networks) -> tuple[RGB, RGB]:
    """Two people who do not exist, looking the same way."""
    first, second = (networks.generator.synthesise(invented(seed, networks.generator)) for seed in (3, 5))
    return first, second


def painted(first: RGB, second: RGB, shape: Shape = SMALL) -> StyleGAN2Network:
    """Grey pictures a · first + b · second, each row of w+ with its own word on a and b.

    Only w's first number w₀ counts: a = ½ + 0.4 w₀ in the picture of half the side, b = ½ − 0.4 w₀ in that of the whole side.
    """
    torch.manual_seed(0)
    network = StyleGAN2Network(shape)
    with torch.no_grad():
        for name, weight in network.synthesis.named_parameters():
            if not name.endswith("affine.bias"):
                weight.zero_()
        for side, face, sign in zip(shape.sides[-2:], (first, second), (1, -1), strict=True):
            layer, torgb = (network.synthesis.get_submodule(f"b{side}.{part}") for part in ("conv1", "torgb"))
            layer.get_parameter("noise_strength").fill_(1)
            grey = resize_area(face, side, side).astype(np.float32).mean(2) / 127.5
            layer.get_buffer("noise_const").copy_(torch.from_numpy(grey))  # positive: the leaky ReLU only scales it
            torgb.get_parameter("weight").fill_(shape.channels(side) ** -0.5 / 2**0.5)
            torgb.get_parameter("affine.bias").fill_(0.5)
            torgb.get_parameter("affine.weight")[:, 0] = sign * REACH * shape.w_dim**0.5
            torgb.get_parameter("bias").fill_(-0.5)
    return network
