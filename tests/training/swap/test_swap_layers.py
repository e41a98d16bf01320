"""Every layer of the network in float64 against its formula written out: sums over pixels, no convolution of PyTorch's."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from swapping_sets import TINY
from torch import nn

from doppelganger.training.swap.network import Decoder, Encoder, Enlarge, FinerLook, FinerStroke, Residual

Array = NDArray[np.float64]


@pytest.fixture(autouse=True)
def _chance() -> None:
    torch.manual_seed(3)


def doubled(layer: nn.Module) -> nn.Module:
    """In float64, with no weight left at 0."""
    layer = layer.double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(0.3 * torch.randn_like(parameter))
    return layer


def values(*size: int) -> torch.Tensor:
    return torch.randn(size, dtype=torch.float64)


def convolved(x: Array, layer: nn.Module, stride: int = 1) -> Array:
    """Σ over channels and neighbours, zeros beyond the edge."""
    assert isinstance(layer, nn.Conv2d)
    assert layer.bias is not None
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    size = weight.shape[2]
    around = np.pad(x, ((0, 0), (0, 0), (size // 2, size // 2), (size // 2, size // 2)))
    side = -(-x.shape[2] // stride)
    out = np.zeros((len(x), len(weight), side, side))
    for row in range(side):
        for column in range(side):
            seen = around[:, :, row * stride : row * stride + size, column * stride : column * stride + size]
            out[:, :, row, column] = np.tensordot(seen, weight, ((1, 2, 3), (1, 2, 3))) + bias
    return out


def leaky(x: Array) -> Array:
    return np.where(x > 0, x, 0.1 * x)


def enlarged(x: Array, layer: nn.Module) -> Array:
    """Channel 4c + 2i + j of the convolution is row i, column j of each doubled pixel of channel c (Shi et al. 2016)."""
    assert isinstance(layer, Enlarge)
    four = leaky(convolved(x, layer.convolve))
    count, channels, side, _ = four.shape
    out = np.zeros((count, channels // 4, 2 * side, 2 * side))
    for c in range(channels // 4):
        for i in range(2):
            for j in range(2):
                out[:, c, i::2, j::2] = four[:, 4 * c + 2 * i + j]
    return out


def refined(x: Array, layer: nn.Module) -> Array:
    assert isinstance(layer, Residual)
    return leaky(x + convolved(leaky(convolved(x, layer.first)), layer.second))


def halved(x: Array) -> Array:
    """Means of two by two pixels."""
    return (x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]) / 4


def doubled_picture(x: Array) -> Array:
    """Bilinear, between the centres of pixels: a quarter of one neighbour and three of the other."""
    for axis in (2, 3):
        x = np.moveaxis(x, axis, 0)
        before, after = np.concatenate([x[:1], x[:-1]]), np.concatenate([x[1:], x[-1:]])
        out = np.zeros((2 * len(x), *x.shape[1:]))
        out[::2], out[1::2] = 0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after
        x = np.moveaxis(out, 0, axis)
    return x


def same(ours: torch.Tensor, theirs: Array) -> None:
    np.testing.assert_allclose(ours.detach().numpy(), theirs, rtol=1e-9, atol=1e-9)


def test_enlarge() -> None:
    layer, x = doubled(Enlarge(3, 2)), values(2, 3, 5, 5)
    same(layer(x), enlarged(x.numpy(), layer))


def test_residual() -> None:
    layer, x = doubled(Residual(3)), values(2, 3, 5, 5)
    same(layer(x), refined(x.numpy(), layer))


def test_finer_look() -> None:
    layer, x = doubled(FinerLook(4, 1)), values(2, 3, 8, 8)
    assert isinstance(layer, FinerLook)
    first, last = layer.halve
    same(layer(x), convolved(leaky(convolved(x.numpy(), first, 2)), last, 2))


def test_finer_stroke() -> None:
    layer, x = doubled(FinerStroke(3)), values(2, 3, 4, 4)
    assert isinstance(layer, FinerStroke)
    features, drawn = layer(x)
    expected = refined(enlarged(x.numpy(), layer.enlarge), layer.refine)
    same(features, expected)
    same(drawn, convolved(expected, layer.last))


def dense(x: Array, layer: nn.Linear) -> Array:
    return x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()


@pytest.mark.parametrize("levels", [0, 1])
def test_encoder_and_decoder(levels: int) -> None:
    widths, side = [3, 4, 5], TINY.side << levels  # three halvings of 32: a map of 4
    encoder, decoder = doubled(Encoder(widths, 6, levels)), doubled(Decoder(widths, levels))
    assert isinstance(encoder, Encoder)
    assert isinstance(decoder, Decoder)
    picture = torch.rand(2, 3, side, side, dtype=torch.float64)
    x = 2 * picture.numpy() - 1
    seen = convolved(halved(x) if levels else x, encoder.halve[0], 2)
    for look in encoder.finer:
        assert isinstance(look, FinerLook)
        first, last = look.halve
        seen = seen + convolved(leaky(convolved(x, first, 2)), last, 2)
    features = leaky(seen)
    for halve in list(encoder.halve)[1:]:
        features = leaky(convolved(features, halve, 2))
    flat = dense(dense(features.reshape(2, -1), encoder.squeeze), encoder.spread)
    features = enlarged(flat.reshape(features.shape), encoder.enlarge)
    same(encoder(picture), features)
    for enlarge, refine in zip(decoder.enlarge, decoder.refine, strict=True):
        features = refined(enlarged(features, enlarge), refine)
    drawn = convolved(features, decoder.draw)
    for stroke in decoder.finer:
        assert isinstance(stroke, FinerStroke)
        features = refined(enlarged(features, stroke.enlarge), stroke.refine)
        drawn = doubled_picture(drawn) + convolved(features, stroke.last)
    same(decoder(encoder(picture)), drawn)
