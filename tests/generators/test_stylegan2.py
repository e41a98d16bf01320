"""Every layer in float64 against its formula written out: sums over pixels, no convolution of PyTorch's."""

import math
from typing import TypeVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from doppelganger.generators.stylegan2 import (
    Block,
    Dense,
    Mapping,
    Shape,
    StyledLayer,
    StyleGAN2Network,
    ToRGB,
    double,
    modulated,
)
from doppelganger.training.gan.chance import Chance
from doppelganger.training.gan.discriminator import Convolution, Discriminator, ResidualBlock, with_spread

SHAPE = Shape(16, 64, 6, z_dim=5, w_dim=7, mapping_layers=3)
BLUR = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64
M = TypeVar("M", bound=nn.Module)
Array = NDArray[np.float64]


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def randomised(module: M) -> M:
    """In float64, with no weight left at 0 or 1."""
    module.double()
    for tensor in (*module.parameters(), *module.buffers()):
        tensor.data = torch.randn_like(tensor)
    return module.eval()


def draw(*size: int) -> Tensor:
    return torch.randn(size, dtype=torch.float64)


def close(tensor: Tensor, array: Array) -> None:
    np.testing.assert_allclose(tensor.detach().numpy(), array, rtol=1e-10, atol=1e-10)


def correlate(x: Array, kernel: Array, padding: int, stride: int = 1) -> Array:
    """[C, H, W] by [O, C, k, k], zeros around."""
    size = kernel.shape[-1]
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    side = (x.shape[1] - size) // stride + 1
    out = np.zeros((len(kernel), side, side))
    for o, y, z in np.ndindex(*out.shape):
        out[o, y, z] = (x[:, y * stride : y * stride + size, z * stride : z * stride + size] * kernel[o]).sum()
    return out


def smooth(x: Array, before: int, after: int) -> Array:
    """Each channel by the low-pass filter."""
    padded = np.pad(x, ((0, 0), (before, after), (before, after)))
    return np.stack([correlate(channel[None], BLUR[None, None], 0)[0] for channel in padded])


def spaced(x: Array) -> Array:
    """A zero after every pixel."""
    out = np.zeros((len(x), 2 * x.shape[1], 2 * x.shape[2]))
    out[:, ::2, ::2] = x
    return out


def doubled(x: Array) -> Array:
    """[C, H, W] → twice the side: zeros between, filtered, four times as strong."""
    return 4 * smooth(spaced(x), 2, 1)


def leaky(x: Array, clamp: float = math.inf) -> Array:
    return np.clip(np.where(x > 0, x, 0.2 * x) * math.sqrt(2), -clamp, clamp)


def array(tensor: Tensor) -> Array:
    return tensor.detach().numpy()


def modulated_by_weights(x: Array, weight: Array, style: Array, up: bool, demodulate: bool = True) -> Array:
    """Equations 1 and 3 of the paper, on the weights as it writes them."""
    scaled = weight * style[None, :, None, None]
    if demodulate:
        scaled = scaled / np.sqrt((scaled**2).sum((1, 2, 3), keepdims=True) + 1e-8)
    if not up:
        return correlate(x, scaled, weight.shape[-1] // 2)
    # a convolution (kernel turned round) of the pixels with zeros between, over all places where they overlap; then the filter
    wide = spaced(x)[:, :-1, :-1]
    turned = scaled[:, :, ::-1, ::-1]
    return 4 * smooth(correlate(wide, turned, 2), 1, 1)


def test_dense() -> None:
    layer, x = randomised(Dense(5, 3, rate=0.01, active=True)), draw(4, 5)
    weight, bias = array(layer.weight), array(layer.bias)
    wanted = [[sum(row[i] * w[i] for i in range(5)) * 0.01 / math.sqrt(5) for w in weight] for row in array(x)]
    close(layer(x), leaky(np.array(wanted) + bias * 0.01))


def test_mapping_and_its_running_mean() -> None:
    mapping, z = randomised(Mapping(SHAPE)), draw(6, 5)
    x = array(z) / np.sqrt((array(z) ** 2).mean(1, keepdims=True) + 1e-8)
    for i in range(3):
        layer = mapping.get_submodule(f"fc{i}")
        x = leaky(0.01 * (x @ array(layer.weight).T / math.sqrt(x.shape[1]) + array(layer.bias)))  # type: ignore[arg-type]
    close(mapping(z), x)
    before = array(mapping.w_avg).copy()
    mapping.train()(z)
    close(mapping.w_avg, 0.995 * before + 0.005 * x.mean(0))


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("demodulate", [False, True])
def test_modulated_convolution(up: bool, demodulate: bool) -> None:
    x, weight, style = draw(2, 3, 4, 4), draw(5, 3, 3, 3), draw(2, 3)
    made = modulated(x, weight, style, up, demodulate)
    for i in range(2):
        close(made[i], modulated_by_weights(array(x[i]), array(weight), array(style[i]), up, demodulate))


def test_a_doubled_picture() -> None:
    x = draw(1, 3, 5, 5)
    close(double(x)[0], doubled(array(x[0])))
    flat = double(torch.ones(1, 1, 8, 8, dtype=torch.float64))[0, 0, 2:-2, 2:-2]
    close(flat, np.ones((12, 12)))


def styled(layer: StyledLayer, x: Array, w: Array, up: bool, clamp: float = math.inf) -> Array:
    style = array(layer.affine.weight) @ w / math.sqrt(len(w)) + array(layer.affine.bias)
    x = modulated_by_weights(x, array(layer.weight), style, up)
    x = x + array(layer.noise_const) * array(layer.noise_strength) + array(layer.bias)[:, None, None]
    return leaky(x, clamp)


def coloured(layer: ToRGB, x: Array, w: Array) -> Array:
    style = array(layer.affine.weight) @ w / math.sqrt(len(w)) + array(layer.affine.bias)
    weight = array(layer.weight)
    x = modulated_by_weights(x, weight, style / math.sqrt(weight.shape[1]), False, demodulate=False)
    return x + array(layer.bias)[:, None, None]


@pytest.mark.parametrize("clamp", [None, 0.5])
def test_a_styled_layer(clamp: float | None) -> None:
    shape = Shape(16, 64, 6, w_dim=7, clamp=clamp)
    layer, x, w = randomised(StyledLayer(shape, 3, 4, 8, up=True)), draw(2, 3, 4, 4), draw(2, 7)
    for i in range(2):
        close(layer(x, w, None)[i], styled(layer, array(x[i]), array(w[i]), True, clamp or math.inf))


def test_noise_is_drawn_where_a_source_is_given() -> None:
    layer, x, w = randomised(StyledLayer(SHAPE, 3, 4, 4, up=False)), draw(2, 3, 4, 4), draw(2, 7)
    one, same = (layer(x, w, Chance(torch.Generator().manual_seed(3)).noise) for _ in range(2))
    assert torch.equal(one, same)
    assert not torch.allclose(one, layer(x, w, None))


def test_the_synthesis_gives_each_layer_its_row() -> None:
    network = randomised(StyleGAN2Network(SHAPE))
    rows = draw(1, SHAPE.rows, 7)
    w = array(rows[0])
    b4, b8, b16 = (network.synthesis.get_submodule(f"b{side}") for side in (4, 8, 16))
    assert isinstance(b4, Block) and isinstance(b8, Block) and isinstance(b16, Block)
    x = styled(b4.conv1, array(b4.const), w[0], False)
    picture = coloured(b4.torgb, x, w[1])
    for block, row in ((b8, 1), (b16, 3)):
        x = styled(block.conv1, styled(block.conv0, x, w[row], True), w[row + 1], False)
        picture = doubled(picture) + coloured(block.torgb, x, w[row + 2])
    close(network.synthesis(rows)[0], picture)


@pytest.mark.parametrize(("size", "down"), [(1, False), (3, False), (1, True), (3, True)])
def test_a_convolution_of_the_detective(size: int, down: bool) -> None:
    layer, x = randomised(Convolution(3, 2, size, down, clamp=2.0)), draw(1, 3, 6, 6)
    weight = array(layer.weight) / math.sqrt(3 * size**2)
    assert layer.bias is not None
    if down:
        width = (size + 1) // 2
        y = correlate(smooth(array(x[0]), width, width), weight, 0, stride=2)
    else:
        y = correlate(array(x[0]), weight, size // 2)
    assert y.shape[1] == (3 if down else 6)
    y = y + array(layer.bias)[:, None, None]
    close(layer(x)[0], leaky(y, 2.0))
    close(layer(x, 0.5)[0], leaky(y, 2.0) / 2)


def test_a_residual_block_sums_two_halves() -> None:
    block, x = randomised(ResidualBlock(SHAPE, 8)), draw(2, 6, 8, 8)
    wanted = (array(block.skip(x)) + array(block.conv1(block.conv0(x)))) / math.sqrt(2)
    close(block(x), wanted)


def test_spread_of_a_group() -> None:
    x = draw(8, 2, 3, 3)
    made = array(with_spread(x, 4))
    np.testing.assert_array_equal(made[:, :2], array(x))
    for i in range(8):
        group = array(x)[i % 2 :: 2]
        np.testing.assert_allclose(made[i, 2], np.sqrt(group.var(0) + 1e-8).mean(), rtol=1e-10)
    assert array(with_spread(x[:1].expand(4, -1, -1, -1)))[0, 2].max() < 1e-3


def test_the_detective_is_its_parts() -> None:
    detective, pictures = randomised(Discriminator(SHAPE)), draw(4, 3, 16, 16)
    x = detective.fromrgb(pictures)
    for block in detective.blocks:
        x = block(x)
    assert x.shape == (4, 6, 4, 4)
    x = array(detective.conv(with_spread(x))).reshape(4, -1)
    x = leaky(x @ array(detective.fc.weight).T / math.sqrt(96) + array(detective.fc.bias))
    close(detective(pictures), (x @ array(detective.out.weight).T / math.sqrt(6) + array(detective.out.bias))[:, 0])


@pytest.mark.parametrize(
    ("setting", "side", "channels", "layers", "clamp"),
    [
        ("config-f", 1024, 32, 8, None),
        ("config-e", 1024, 16, 8, None),
        ("paper256", 256, 64, 8, 256),
        ("paper1024", 1024, 32, 8, 256),
        ("auto", 256, 64, 2, 256),
        ("auto", 512, 64, 2, 256),
        ("stylegan2", 256, 128, 8, 256),
    ],
)
def test_published_settings(setting: str, side: int, channels: int, layers: int, clamp: float | None) -> None:
    shape = Shape.of(setting, side)
    assert (shape.channels(side), shape.channels(4), shape.mapping_layers, shape.clamp) == (
        channels,
        512,
        layers,
        clamp,
    )
    assert shape.rows == 2 * int(math.log2(side)) - 2
    assert Shape.from_json(shape.to_json()) == shape


def test_config_f_has_as_many_weights_as_published() -> None:
    """StyleGAN2, table 1 and section 2: 30 million at 1024²."""
    with torch.device("meta"):
        network = StyleGAN2Network(Shape.of("config-f", 1024))
    assert round(sum(p.numel() for p in network.parameters()) / 1e4) == 3037
