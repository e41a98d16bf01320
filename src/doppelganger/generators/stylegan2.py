"""StyleGAN2's generator in PyTorch: z → w (mapping), w+ → picture (synthesis).

Karras, Laine, Aittala, Hellsten, Lehtinen, Aila, "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020
(arXiv:1912.04958): modulated convolutions with demodulation (section 2.2), pictures summed over resolutions (section 4.1, "skip").
Parts carry the names that NVIDIA's published PyTorch pickles give them, so that those load name by name.
"""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BLUR = (1.0, 3.0, 3.0, 1.0)
"""The low-pass filter around every change of resolution, in each axis; its sum is divided out."""
SLOPE, GAIN = 0.2, math.sqrt(2)
"""Of the leaky ReLU, and what its output is multiplied by to keep the variance."""
EPSILON = 1e-8
MEMORY = 0.995
"""Share of the running mean of W that stays at each training batch, as in StyleGAN2-ADA's PyTorch form."""
LARGEST = 4096
"""Neither a side nor the channels of a layer are more: a bound for what files claim."""
Noise = Callable[[Tensor], Tensor]
"""Features [B, C, H, W] → new noise for them, [B, 1, H, W]."""
CHANNELS = {"config-e": 16384, "config-f": 32768}
"""Setting → channels times resolution; those of ADA say the same with other words, see ``Shape.of``."""


@dataclass(frozen=True)
class Shape:
    """How large a network is: everything that must be known to build it before its weights are read."""

    resolution: int
    """Side of the picture, a power of two, 8 to 4096."""
    channel_base: int = 32768
    """Channels of a layer are this over its side, at most ``channel_max``. Config f has 32768, config e half of it."""
    channel_max: int = 512
    z_dim: int = 512
    w_dim: int = 512
    mapping_layers: int = 8
    mapping_rate: float = 0.01
    """Learning rate of the mapping network, over that of the rest."""
    clamp: float | None = None
    """Features stay within ± this; ADA's networks have 256, for half precision."""

    def __post_init__(self) -> None:
        """Refuse what is no network."""
        if not 8 <= self.resolution <= LARGEST or self.resolution & (self.resolution - 1):
            raise ValueError(f"a side of {self.resolution} is no power of two from 8 to {LARGEST}")
        sizes = (self.channel_base // self.resolution, self.channel_max, self.z_dim, self.w_dim, self.mapping_layers)
        if not all(1 <= size <= LARGEST for size in sizes):
            raise ValueError("its layers have no channels, or too many")

    @classmethod
    def of(cls, setting: str, resolution: int) -> Self:
        """The size that a published setting stands for: config-e, config-f (StyleGAN2, table 1), or ADA's ``auto``, ``stylegan2``,
        ``paper256``, ``paper512``, ``paper1024`` (Karras et al. 2020, arXiv:2006.06676, its training script's ``--cfg``).

        Raises ValueError for another name.
        """
        if setting in CHANNELS:
            return cls(resolution, CHANNELS[setting])
        if setting == "auto":
            return cls(resolution, 32768 if resolution >= 512 else 16384, mapping_layers=2, clamp=256)
        bases = {"stylegan2": 32768, "paper256": 16384, "paper512": 32768, "paper1024": 32768}
        if setting not in bases:
            raise ValueError(f"no setting {setting!r}")
        return cls(resolution, bases[setting], clamp=256)

    @property
    def sides(self) -> list[int]:
        """4, 8 … resolution."""
        return [2**i for i in range(2, self.resolution.bit_length())]

    @property
    def rows(self) -> int:
        """Rows of w+: two a side, and the last picture layer shares none."""
        return 2 * len(self.sides)

    def channels(self, side: int) -> int:
        """Of the features at one side."""
        return min(self.channel_base // side, self.channel_max)

    def to_json(self) -> str:
        """For a file's header."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises ValueError or TypeError where the text is none of ``to_json``."""
        return cls(**json.loads(text))


def half_from(shape: Shape) -> int:
    """The first of the four largest sides, which StyleGAN2-ADA computes in half precision; never 4."""
    return max(shape.resolution >> 3, 8)


def leaky(x: Tensor, clamp: float | None = None, gain: float = 1.0) -> Tensor:
    """Leaky ReLU, √2 times ``gain`` as large, within ± ``clamp`` · ``gain``."""
    x = F.leaky_relu(x, SLOPE) * (GAIN * gain)
    return x if clamp is None else x.clamp(-clamp * gain, clamp * gain)


def blur_kernel(like: Tensor, gain: float = 1.0) -> Tensor:
    """[1, 1, 4, 4] of the tensor's type, its sum ``gain``."""
    one = like.new_tensor(BLUR)
    both = torch.outer(one, one)
    return (both * (gain / both.sum()))[None, None]


def blur(x: Tensor, padding: int, gain: float = 1.0, stride: int = 1) -> Tensor:
    """Each channel of [B, C, H, W] by the low-pass filter, zeros around; ``stride`` 2 halves the side."""
    channels = x.shape[1]
    kernel = blur_kernel(x, gain).expand(channels, 1, 4, 4)
    return F.conv2d(x, kernel, padding=padding, stride=stride, groups=channels)


def double(picture: Tensor) -> Tensor:
    """[B, C, H, W] → [B, C, 2H, 2W]: zeros between the pixels, then the low-pass filter, four times as strong."""
    channels = picture.shape[1]
    kernel = blur_kernel(picture, 4.0).expand(channels, 1, 4, 4)
    return F.conv_transpose2d(picture, kernel, stride=2, padding=1, groups=channels)


class Dense(nn.Module):
    """y = x · weightᵀ · rate / √inputs + bias · rate: equalised learning rate (Karras et al. 2018, section 4.1)."""

    def __init__(self, inputs: int, outputs: int, rate: float = 1.0, bias: float = 0.0, active: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias))
        self._gain, self._rate, self._active = rate / math.sqrt(inputs), rate, active

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs] → [B, outputs], through the leaky ReLU where ``active``."""
        y = F.linear(x, self.weight * self._gain, self.bias * self._rate)
        return leaky(y) if self._active else y


def modulated(x: Tensor, weight: Tensor, style: Tensor, up: bool = False, demodulate: bool = True) -> Tensor:
    """Convolution of [B, C, H, W] by [O, C, k, k], whose input channels are scaled by style [B, C], a picture at a time.

    Scaling what goes in and what comes out is the same as scaling the weight, and needs one weight for all pictures. ``demodulate``
    divides by the norm of the scaled weight (equation 3). ``up`` doubles the side. Computed in the type of x, but for that norm.
    """
    norm = style.square() @ weight.square().sum((2, 3)).T if demodulate else None
    weight = weight.to(x.dtype)
    x = x * style[:, :, None, None].to(x.dtype)
    if up:
        x = blur(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2), padding=1, gain=4.0)
    else:
        x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
    return x if norm is None else x * (norm + EPSILON).rsqrt()[:, :, None, None].to(x.dtype)


class StyledLayer(nn.Module):
    """A modulated 3×3 convolution, noise, bias, leaky ReLU."""

    noise_const: Tensor

    def __init__(self, shape: Shape, inputs: int, outputs: int, side: int, up: bool) -> None:
        super().__init__()
        self.affine = Dense(shape.w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise_const", torch.randn(side, side))
        self._up, self._clamp = up, shape.clamp

    def forward(self, x: Tensor, w: Tensor, noise: Noise | None) -> Tensor:
        """``noise``: draws new noise; None takes the layer's own picture of it."""
        x = modulated(x, self.weight, self.affine(w), self._up)
        drawn = self.noise_const if noise is None else noise(x)
        return leaky(x + (drawn * self.noise_strength).to(x.dtype) + self.bias.to(x.dtype)[:, None, None], self._clamp)


class ToRGB(nn.Module):
    """A modulated 1×1 convolution to three colours, without demodulation."""

    def __init__(self, shape: Shape, inputs: int) -> None:
        super().__init__()
        self.affine = Dense(shape.w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(3, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))
        self._gain, self._clamp = 1 / math.sqrt(inputs), shape.clamp

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """[B, C, H, W] → [B, 3, H, W]."""
        colours = modulated(x, self.weight, self.affine(w) * self._gain, demodulate=False)
        rgb = colours.to(w.dtype) + self.bias[:, None, None]  # summed over the sides as exactly as w is
        return rgb if self._clamp is None else rgb.clamp(-self._clamp, self._clamp)


class Block(nn.Module):
    """One side: features doubled and convolved twice (once at 4², from a learnt constant), and their share of the picture."""

    def __init__(self, shape: Shape, side: int) -> None:
        super().__init__()
        channels = shape.channels(side)
        if side == 4:
            self.const = nn.Parameter(torch.randn(channels, 4, 4))
        else:
            self.conv0 = StyledLayer(shape, shape.channels(side // 2), channels, side, up=True)
        self.conv1 = StyledLayer(shape, channels, channels, side, up=False)
        self.torgb = ToRGB(shape, channels)
        self.first = side == 4

    def forward(self, x: Tensor | None, rgb: Tensor | None, rows: Tensor, noise: Noise | None) -> tuple[Tensor, Tensor]:
        """``rows`` [B, 2 or 3, w_dim]: one a convolution, and the next one for the picture."""
        if x is None or rgb is None:
            x = self.conv1(self.const.expand(len(rows), -1, -1, -1), rows[:, 0], noise)
            return x, self.torgb(x, rows[:, 1])
        x = self.conv1(self.conv0(x, rows[:, 0], noise), rows[:, 1], noise)
        return x, double(rgb) + self.torgb(x, rows[:, 2])


class Mapping(nn.Module):
    """z [B, z_dim], brought to length √z_dim, through dense layers → w [B, w_dim]; keeps a running mean of W."""

    w_avg: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self._layers = []
        for i in range(shape.mapping_layers):
            layer = Dense(shape.w_dim if i else shape.z_dim, shape.w_dim, shape.mapping_rate, active=True)
            self.add_module(f"fc{i}", layer)
            self._layers.append(f"fc{i}")
        self.register_buffer("w_avg", torch.zeros(shape.w_dim))

    def forward(self, z: Tensor) -> Tensor:
        """In training mode the batch moves the mean."""
        x = z * (z.square().mean(1, keepdim=True) + EPSILON).rsqrt()
        for name in self._layers:
            x = self.get_submodule(name)(x)
        w: Tensor = x
        if self.training:
            self.w_avg.copy_(w.detach().mean(0).lerp(self.w_avg, MEMORY))
        return w


class Synthesis(nn.Module):
    """w+ [B, rows, w_dim] → picture [B, 3, side, side] in about [−1, 1]."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.sides = shape.sides
        self.half_from: int | None = None
        """From this side on features are bfloat16; None: of no side."""
        for side in self.sides:
            self.add_module(f"b{side}", Block(shape, side))

    def forward(self, w: Tensor, noise: Noise | None = None) -> Tensor:
        """``noise`` as in ``StyledLayer``."""
        x = rgb = None
        row = 0
        for side in self.sides:
            block = self.get_submodule(f"b{side}")
            width = 2 if side == 4 else 3
            if side == self.half_from and x is not None:
                x = x.to(torch.bfloat16)
            x, rgb = block(x, rgb, w[:, row : row + width], noise)
            row += width - 1  # the row of this side's picture is that of the next side's first convolution
        picture: Tensor | None = rgb
        assert picture is not None
        return picture


class StyleGAN2Network(nn.Module):
    """Both halves. Weights begin as the paper has them; `load_state_dict` takes published ones."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.mapping = Mapping(shape)
        self.synthesis = Synthesis(shape)

    def forward(self, z: Tensor, noise: Noise | None = None) -> Tensor:
        """z [B, z_dim] → picture, one w for all rows."""
        w: Tensor = self.mapping(z)
        picture: Tensor = self.synthesis(w[:, None].expand(-1, self.shape.rows, -1), noise)
        return picture


def rebuilt(shape: Shape, state: dict[str, Any]) -> StyleGAN2Network:
    """A network with these weights, for use. Raises ValueError naming the first part that is missing, foreign or misshapen."""
    with torch.device("meta"):  # shapes alone: a file may claim what no memory holds
        wanted = StyleGAN2Network(shape).state_dict()
    if strangers := sorted({*wanted} ^ {*state}):
        name = strangers[0]
        raise ValueError(f"{name} is {'missing' if name in wanted else 'no part of such a network'}")
    for name, tensor in state.items():
        if tensor.shape != wanted[name].shape:
            raise ValueError(f"{name} is {list(tensor.shape)}, not {list(wanted[name].shape)}")
    network = StyleGAN2Network(shape)
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)
