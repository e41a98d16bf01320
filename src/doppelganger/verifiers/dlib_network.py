"""dlib's face recogniser (ResNet, 29 convolutions) as a PyTorch module with a gradient to the picture.

The net is that of dlib's ``examples/dnn_face_recognition_ex.cpp``; its layers are read from the file, in order, and the
affine layers are folded into the convolutions before them.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from doppelganger.errors import WeightsError
from doppelganger.verifiers.dlib_format import (
    AddPrevious,
    Affine,
    Convolution,
    Dense,
    DlibFormatError,
    Layer,
    Pool,
    Relu,
    read_face_network,
)

CROP_SIZE = 150
_MEAN = (122.782, 117.001, 104.298)
"""Of the three colours, 0–255 (dlib, ``dnn/input.h``)."""
_SCALE = 256.0


class _Convolution(nn.Module):
    """A convolution with the affine layer after it folded in; ``relu`` follows when set."""

    def __init__(self, layer: Convolution, affine: Affine, *, relu: bool) -> None:
        super().__init__()
        weights = layer.weights * affine.gamma[:, None, None, None]
        bias = layer.bias * affine.gamma + affine.beta
        self.weight = nn.Parameter(torch.from_numpy(weights), requires_grad=False)
        self.bias = nn.Parameter(torch.from_numpy(bias), requires_grad=False)
        self._stride, self._padding, self._relu = layer.stride, layer.padding, relu

    def forward(self, x: Tensor) -> Tensor:
        y = F.conv2d(x, self.weight, self.bias, self._stride, self._padding)
        return F.relu(y) if self._relu else y


class _Block(nn.Module):
    """relu(F(x) + x), or with ``down`` relu(F(x) + average of 2 × 2 of x), whichever is smaller padded with zeros."""

    def __init__(self, first: _Convolution, second: _Convolution, *, down: bool) -> None:
        super().__init__()
        self.first, self.second, self._down = first, second, down

    def forward(self, x: Tensor) -> Tensor:
        new = self.second(self.first(x))
        old = F.avg_pool2d(x, 2, 2) if self._down else x
        if new.shape != old.shape:
            size = [max(a, b) for a, b in zip(new.shape[1:], old.shape[1:], strict=True)]
            new, old = _grow(new, size), _grow(old, size)
        return F.relu(new + old)


def _grow(x: Tensor, size: list[int]) -> Tensor:
    """Zeros after the last channel, row and column up to ``size`` [C, H, W]."""
    channels, rows, columns = (big - small for big, small in zip(size, x.shape[1:], strict=True))
    return F.pad(x, (0, columns, 0, rows, 0, channels)) if channels or rows or columns else x


class DlibNetwork(nn.Module):
    """Crops [B, 3, 150, 150] float32 RGB in [−1, 1] → [B, 128], dlib's own descriptor; weights frozen."""

    mean: Tensor

    def __init__(self, path: Path) -> None:
        super().__init__()
        try:
            body, dense = _assemble(read_face_network(path.read_bytes()))
        except (DlibFormatError, OSError) as error:
            raise WeightsError(f"{path} cannot be read as dlib's face network ({error}); fetch it again.") from error
        self.body = body
        self.dense = nn.Parameter(torch.from_numpy(np.ascontiguousarray(dense.weights.T)), requires_grad=False)
        # (127.5·x + 127.5 − mean) / 256 for x in [−1, 1]
        self.register_buffer("mean", ((127.5 - torch.tensor(_MEAN)) / _SCALE).reshape(1, 3, 1, 1))
        self.eval()

    def forward(self, crops: Tensor) -> Tensor:
        """Crops [B, 3, 150, 150] in [−1, 1] → descriptors [B, 128]."""
        features: Tensor = self.body(crops * (127.5 / _SCALE) + self.mean)
        return F.linear(features.mean((2, 3)), self.dense)


def _assemble(layers: list[Layer]) -> tuple[nn.Sequential, Dense]:
    """The layers in file order, grouped into the stem, the residual blocks and the last matrix."""
    match layers[:4], layers[-2:]:
        case [Convolution() as c, Affine() as a, Relu(), Pool("max", size, stride, padding)], [
            Pool("avg", 0),
            Dense() as d,
        ]:
            modules: list[nn.Module] = [_Convolution(c, a, relu=True), nn.MaxPool2d(size, stride, padding)]
        case _:
            raise DlibFormatError("its first or last layers are not those of the face network")
    rest = layers[4:-2]
    while rest:
        match rest[:8]:
            case [
                Convolution() as c1,
                Affine() as a1,
                Relu(),
                Convolution() as c2,
                Affine() as a2,
                Pool("avg", 2, 2, 0),
                AddPrevious(),
                Relu(),
            ]:
                taken, down = 8, True
            case [
                Convolution() as c1,
                Affine() as a1,
                Relu(),
                Convolution() as c2,
                Affine() as a2,
                AddPrevious(),
                Relu(),
                *_,
            ]:
                taken, down = 7, False
            case _:
                raise DlibFormatError("its residual blocks are not those of the face network")
        modules.append(_Block(_Convolution(c1, a1, relu=True), _Convolution(c2, a2, relu=False), down=down))
        rest = rest[taken:]
    return nn.Sequential(*modules), d
