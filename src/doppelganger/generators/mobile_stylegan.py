"""MobileStyleGAN-FFHQ in PyTorch: the differentiable form of the embedded generator.

Belousov, "MobileStyleGAN: A Lightweight Convolutional Neural Network for High-Fidelity Image Synthesis", 2021
(arXiv:2104.04767). The network predicts the picture's Haar wavelet coefficients; a block doubles the size by the inverse
transform and applies two modulated depthwise-separable 3×3 convolutions. The stored point-wise weights have their
demodulation folded in, the noise is one stored map a layer, and W is that of the teacher, StyleGAN2-FFHQ.

A second, early exit of ours (``preview.py``) predicts the same picture reduced to 256² for a quarter to a third of the work.
"""

import copy
import math
import re
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from doppelganger.generators.ir_constants import read_constants
from doppelganger.weights import Store

LEAK = 0.2
"""Slope of the leaky ReLU (StyleGAN2)."""
W_DIM = 512
BLOCKS = 7
W_ROWS = 2 * BLOCKS + 2
"""Row 0: the first convolution. Rows 1 + 2i, 2 + 2i: block i's (upsampling and first) and second convolution. Row 15: the
colour head. The graph was trained with one w for all of them; six further rows of the teacher drive nothing here."""
MODULATIONS = 3 * BLOCKS + 2
"""In the order of the network: the first convolution's, each block's (upsampling, first, second), the colour head's."""
S_ROWS = W_ROWS + MODULATIONS
"""Rows of a latent in StyleSpace (Wu, Lischinski, Shechtman, "StyleSpace Analysis", 2021): those of w+, and for every modulation
a row of what is added to its scales, channel by channel; a row is wider than most modulations, its end drives nothing."""


def inverse_haar(x: Tensor) -> Tensor:
    """[B, 4C, H, W] wavelet coefficients → [B, C, 2H, 2W]. The first C channels are the low band, then (C, 3) details.

    The orthonormal 2 × 2 Haar transform, as in the generator's own graph.
    """
    return sums_of(x * 0.5)


def haar(y: Tensor) -> Tensor:
    """[B, C, 2H, 2W] → [B, 4C, H, W]: the inverse of ``inverse_haar``, and its transpose."""
    return differences_of(y) * 0.5


def sums_of(x: Tensor) -> Tensor:
    """``inverse_haar`` of 2x: its half, left to a factor that x is multiplied with anyway."""
    return cast(Tensor, _Sums.apply(x))  # type: ignore[no-untyped-call]


def differences_of(y: Tensor) -> Tensor:
    """The transpose of ``sums_of``: twice ``haar``."""
    return cast(Tensor, _Differences.apply(y))  # type: ignore[no-untyped-call]


class _Sums(torch.autograd.Function):
    """Written out with few temporaries, and with channels last: so the network's convolutions keep what comes out."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        b, c4, h, w = x.shape
        c = c4 // 4
        x = x.permute(0, 2, 3, 1)
        low = x[..., :c]
        lh, hl, hh = x[..., c:].view(b, h, w, c, 3).unbind(-1)
        y = x.new_empty(b, h, 2, w, 2, c)
        top, plus = low + lh, hl + hh
        torch.add(top, plus, out=y[:, :, 0, :, 0])
        torch.sub(top, plus, out=y[:, :, 0, :, 1])
        torch.sub(low, lh, out=top)
        torch.sub(hl, hh, out=plus)
        torch.add(top, plus, out=y[:, :, 1, :, 0])
        torch.sub(top, plus, out=y[:, :, 1, :, 1])
        return y.view(b, 2 * h, 2 * w, c).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return differences_of(gradients[0])


class _Differences(torch.autograd.Function):
    """Its gradient, which has one of its own: the preview is trained on its gradient."""

    @staticmethod
    def forward(ctx: Any, y: Tensor) -> Tensor:
        b, c, h2, w2 = y.shape
        h, w = h2 // 2, w2 // 2
        g = y.permute(0, 2, 3, 1).reshape(b, h, 2, w, 2, c)
        x = g.new_empty(b, h, w, 4 * c)
        lh, hl, hh = x[..., c:].view(b, h, w, c, 3).unbind(-1)
        upper_left, upper_right = g[:, :, 0, :, 0], g[:, :, 0, :, 1]
        lower_left, lower_right = g[:, :, 1, :, 0], g[:, :, 1, :, 1]
        top, bottom = upper_left + upper_right, lower_left + lower_right
        torch.add(top, bottom, out=x[..., :c])
        torch.sub(top, bottom, out=lh)
        torch.sub(upper_left, upper_right, out=top)
        torch.sub(lower_left, lower_right, out=bottom)
        torch.add(top, bottom, out=hl)
        torch.sub(top, bottom, out=hh)
        return x.permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return sums_of(gradients[0])


class Modulation(nn.Module):
    """Its row of w+ → the scale of each input channel; affine, with the equalised-learning-rate factor of its layer folded in."""

    def __init__(self, weight: Tensor, bias: Tensor, gain: float, row: int, number: int) -> None:
        """``row``: which of w+ drives it. ``number``: its place among the modulations."""
        super().__init__()
        self.weight = nn.Parameter(weight * gain, requires_grad=False)
        self.bias = nn.Parameter(bias * gain, requires_grad=False)
        self.row, self.number = row, number

    def forward(self, x: Tensor, w: Tensor, factor: float = 1.0) -> Tensor:
        """[B, C, H, W] times ``factor`` times the scales of w+ [B, 16, 512], or [B, 39, 512] with offsets of them."""
        return x * (factor * self.scales(w)).to(x.dtype)

    def scales(self, w: Tensor) -> Tensor:
        """w+ → [B, C, 1, 1]."""
        scales = F.linear(w[:, self.row], self.weight, self.bias)
        if w.shape[1] == S_ROWS:
            scales = scales + w[:, W_ROWS + self.number, : len(self.weight)]
        return scales[:, :, None, None]


def activate(x: Tensor, noise: Tensor) -> Tensor:
    """Leaky ReLU of x plus noise. In place: on a CPU these layers are bound by memory traffic, not arithmetic."""
    return F.leaky_relu_(x.add_(noise), LEAK)


class SeparableConvolution(nn.Module):
    """Modulate, 3×3 depthwise, point-wise, add noise and bias, leaky ReLU. [B, Cin, H, W] → [B, Cout, H, W]."""

    def __init__(
        self, modulation: Modulation, depthwise: Tensor, pointwise: Tensor, noise: Tensor, bias: Tensor
    ) -> None:
        super().__init__()
        self.modulation = modulation
        self.depthwise = nn.Parameter(depthwise, requires_grad=False)  # [Cin, 1, 3, 3]
        self.pointwise = nn.Parameter(pointwise, requires_grad=False)  # [Cout, Cin, 1, 1]
        self.noise = nn.Parameter(noise, requires_grad=False)  # [1, 1, H, W]
        self.bias = nn.Parameter(bias.flatten(), requires_grad=False)  # [Cout]

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        x = F.conv2d(self.modulation(x, w), self.depthwise, padding=1, groups=x.shape[1])
        return activate(F.conv2d(x, self.pointwise, self.bias), self.noise)


class Block(nn.Module):
    """Doubles the size: inverse wavelet of the modulated input, then two separable convolutions."""

    def __init__(self, up: Modulation, first: SeparableConvolution, second: SeparableConvolution) -> None:
        super().__init__()
        self.up, self.first, self.second = up, first, second

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        x = sums_of(self.up(x, w, 0.5))
        return cast(Tensor, self.second(self.first(x, w), w))


def place_of(modulation: str) -> tuple[int, int]:
    """Name of a modulation's constant ("m.layers.3.conv2.conv.modulation.weight") → its row of w+, its number."""
    if modulation.startswith("m.conv1."):
        return 0, 0
    match = re.match(r"m\.layers\.(\d+)\.(up|conv1|conv2|to_img)\.", modulation)
    if match is None:
        raise ValueError(f"{modulation} is no modulation of this network")
    block, part = int(match[1]), match[2]
    if part == "to_img":
        return W_ROWS - 1, MODULATIONS - 1
    return 1 + 2 * block + (part == "conv2"), 1 + 3 * block + ("up", "conv1", "conv2").index(part)


class SynthesisNetwork(nn.Module):
    """w+ → face. ``constants``: those of the IR (``ir_constants.read_constants``), named as in its training code."""

    w_rows = W_ROWS

    def __init__(self, constants: dict[str, Tensor]) -> None:
        super().__init__()
        folded = [a for name, a in constants.items() if name.endswith("_copy")]  # weights times their demodulation
        noise = [a for a in constants.values() if a.ndim == 4 and a.shape[:2] == (1, 1) and a.shape[2] >= 4]
        rgb_bias = next(a for a in constants.values() if a.shape == (1, 12, 1, 1))

        def modulation(name: str, fan_in: int | None) -> Modulation:
            gain = 1.0 if fan_in is None else 1.0 / math.sqrt(fan_in)
            prefix = f"{name}.modulation"
            row, number = place_of(prefix)
            return Modulation(constants[f"{prefix}.weight"], constants[f"{prefix}.bias"], gain, row, number)

        def convolution(block: int, k: int) -> SeparableConvolution:
            name = f"m.layers.{block}.conv{k}"
            depthwise = constants[f"{name}.conv.weight_dw"].reshape(-1, 1, 3, 3)
            index = 2 * block + k
            return SeparableConvolution(
                modulation(f"{name}.conv", len(depthwise) * 9),
                depthwise,
                folded[index],
                noise[index],
                constants[f"{name}.bias"],
            )

        self.constant = nn.Parameter(constants["m.input.input"], requires_grad=False)
        self.first_modulation = modulation("m.conv1.conv", W_DIM * 9)
        self.first_weight = nn.Parameter(folded[0], requires_grad=False)
        self.first_noise = nn.Parameter(noise[0], requires_grad=False)
        self.first_bias = nn.Parameter(constants["m.conv1.bias"].flatten(), requires_grad=False)
        self.blocks = nn.ModuleList(
            Block(modulation(f"m.layers.{i}.up", None), convolution(i, 1), convolution(i, 2)) for i in range(BLOCKS)
        )
        head = f"m.layers.{BLOCKS - 1}.to_img.conv"
        self.rgb_modulation = modulation(head, 64)
        self.rgb_weight = nn.Parameter(constants[f"{head}.weight"].reshape(12, 64, 1, 1), requires_grad=False)
        self.rgb_bias = nn.Parameter(rgb_bias, requires_grad=False)

    @classmethod
    def of_store(cls, store: Store) -> "SynthesisNetwork":
        """The published network; the store delivers it on first use."""
        paths = (store.path("mobilestylegan-synthesis-xml"), store.path("mobilestylegan-synthesis-bin"))
        return cls({name: torch.from_numpy(array.copy()) for name, array in read_constants(*paths).items()})

    def modulations(self) -> list[Modulation]:
        """All of them, by their number."""
        found = [m for m in self.modules() if isinstance(m, Modulation)]
        return sorted(found, key=lambda m: m.number)

    def block(self, k: int) -> Block:
        """The k-th block, counted from 0."""
        return cast(Block, self.blocks[k])

    def features(self, w: Tensor, blocks: int) -> Tensor:
        """w+ [B, 16 or 39, 512] → the features after ``blocks`` blocks, [B, C, 4·2^blocks, 4·2^blocks]."""
        x = self.first_modulation(self.constant, w)
        x = activate(F.conv2d(x, self.first_weight, self.first_bias, padding=1), self.first_noise)
        for i in range(blocks):
            x = self._block_of(i, x, w)
        return x

    def wavelets(self, w: Tensor) -> Tensor:
        """w+ [B, 16 or 39, 512] → [B, 12, 512, 512]: three low bands, twice the mean of 2 × 2 pixels, and nine of details."""
        return self.wavelets_of(self.features(w, BLOCKS), w, BLOCKS)

    def wavelets_of(self, features: Tensor, w: Tensor, blocks: int) -> Tensor:
        """The rest of the network: ``features`` after ``blocks`` blocks, and w+ → what ``wavelets`` gives."""
        x = features
        for i in range(blocks, BLOCKS):
            x = self._block_of(i, x, w)
        return F.conv2d(self.rgb_modulation(x.to(self.rgb_weight.dtype), w), self.rgb_weight, self.rgb_bias.flatten())

    def _block_of(self, k: int, x: Tensor, w: Tensor) -> Tensor:
        """In the precision of its convolutions."""
        block = self.block(k)
        return cast(Tensor, block(x.to(block.first.pointwise.dtype), w))

    def halved(self, blocks: int) -> "SynthesisNetwork":
        """A copy whose convolutions after so many blocks compute in bfloat16; scales and the colour head stay float32."""
        copied = copy.deepcopy(self, {id(one): one for one in self.parameters()})  # what does not change is shared
        for block in range(blocks, BLOCKS):
            for convolution in (copied.block(block).first, copied.block(block).second):
                for name, weight in list(convolution.named_parameters(recurse=False)):
                    setattr(convolution, name, nn.Parameter(weight.bfloat16(), requires_grad=False))
        return copied

    def forward(self, w: Tensor) -> Tensor:
        """w+ [B, 16 or 39, 512] → [B, 3, 1024, 1024] in about [−1, 1]."""
        return inverse_haar(self.wavelets(w))
