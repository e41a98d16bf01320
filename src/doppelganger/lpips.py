"""LPIPS: how far apart two pictures look, by deep features weighted to agree with people.

Zhang, Isola, Efros, Shechtman, Wang, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018
(arXiv:1801.03924), version 0.1 heads. Two backbones: AlexNet (cheap: drives the search) and VGG16 (held back for judging).
"""

import copy
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from doppelganger.arithmetic import channels_last
from doppelganger.weights import Store

Backbone = Literal["alex", "vgg"]

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""The published input normalisation for pictures in [−1, 1] (ImageNet's mean and deviation, moved to that range)."""


@dataclass(frozen=True)
class _Convolution:
    """One convolution of a backbone: what comes before it, its stride and padding, and whether its output is compared."""

    pool: tuple[int, int] | None
    stride: int
    padding: int
    tapped: bool


_ALEX = (
    _Convolution(None, 4, 2, True),
    _Convolution((3, 2), 1, 2, True),
    _Convolution((3, 2), 1, 1, True),
    _Convolution(None, 1, 1, True),
    _Convolution(None, 1, 1, True),
)
_VGG = tuple(
    _Convolution((2, 2) if first and stage else None, 1, 1, last)
    for stage, count in enumerate((2, 2, 3, 3, 3))
    for first, last in ((k == 0, k == count - 1) for k in range(count))
)


class LPIPS(nn.Module):
    """The metric. Features of a fixed picture can be kept: ``distance(features(x), kept)``."""

    shift: Tensor
    scale: Tensor

    def __init__(self, backbone: Backbone, store: Store) -> None:
        super().__init__()
        self.backbone = backbone
        self.layers = _ALEX if backbone == "alex" else _VGG
        tensors = load_file(store.path(f"lpips-{backbone}"))
        shift = torch.tensor(SHIFT)[None, :, None, None]
        scale = torch.tensor(SCALE)[None, :, None, None]
        self.register_buffer("shift", shift)
        self.register_buffer("scale", scale)
        self.weights = nn.ParameterList(
            nn.Parameter(tensors[f"conv{k}.weight"], requires_grad=False) for k in range(len(self.layers))
        )
        self.biases = nn.ParameterList(
            nn.Parameter(tensors[f"conv{k}.bias"], requires_grad=False) for k in range(len(self.layers))
        )
        # The published heads are non-negative, so their root can be folded into the features: one product less a step.
        self.heads = nn.ParameterList(
            nn.Parameter(tensors[f"head{k}.weight"].reshape(1, -1, 1, 1).clamp(min=0).sqrt(), requires_grad=False)
            for k in range(sum(layer.tapped for layer in self.layers))
        )

    def features(self, images: Tensor) -> list[Tensor]:
        """[B, 3, H, W] in [−1, 1] → the tapped activations, unit length along channels, times the root of their heads."""
        x = (images - self.shift) / self.scale
        found: list[Tensor] = []
        for layer, weight, bias in zip(self.layers, self.weights, self.biases, strict=True):
            if layer.pool:
                x = F.max_pool2d(x, *layer.pool)
            x = F.relu(F.conv2d(x.to(weight.dtype), weight, bias, layer.stride, layer.padding))
            if layer.tapped:
                own = x.float()
                length = own.square().sum(1, keepdim=True).add(1e-20).sqrt()
                found.append(own / (length + 1e-10) * self.heads[len(found)])
        return found

    def halved(self) -> "LPIPS":
        """A copy for searches: all convolutions but the first in bfloat16. AlexNet's is off by 3e-5 at 0.03, its gradient's cosine
        is 0.999 (0.98 with the first, which sees the picture itself); that takes two thirds of the time."""
        copied = copy.deepcopy(self, {id(one): one for one in self.parameters()})  # what does not change is shared
        for kind in ("weights", "biases"):
            first, *others = getattr(self, kind)
            halves = channels_last(
                nn.ParameterList(nn.Parameter(one.bfloat16(), requires_grad=False) for one in others)
            )
            setattr(copied, kind, nn.ParameterList([first, *halves]))
        return copied

    @staticmethod
    def distance(a: list[Tensor], b: list[Tensor], masks: list[Tensor] | None = None) -> Tensor:
        """Two lists of features → LPIPS, [B], 0 for equal pictures, about 0.7 for unrelated ones.

        ``masks``: how much each place of each layer counts, [1, 1, H, W]; without them all count alike.
        """
        apart = [(x - y).square().sum(1) for x, y in zip(a, b, strict=True)]
        if masks is not None:
            apart = [x * m[0] / m.mean() for x, m in zip(apart, masks, strict=True)]
        return torch.stack([x.mean((1, 2)) for x in apart]).sum(0)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Two pictures [B, 3, H, W] in [−1, 1] → LPIPS, [B]."""
        return self.distance(self.features(a), self.features(b))
