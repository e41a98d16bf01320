"""NVIDIA's layout: what loads agrees with StyleGAN2 of another package; what is something else is refused, and never runs."""

import importlib
import pickle
import sys
import types
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from doppelganger.errors import UnsafePickleError
from doppelganger.generators.stylegan2 import Shape, rebuilt
from doppelganger.weights.stylegan_pickle import read_stylegan_pickle
from published_stylegan import EasyDict, flat, module, nvidia_modules, random_weights, settings, write_pickle

NARROW = 1 / 32
"""Of config f in the other package: 16 channels up to 64²."""
SIZE = (32, 1024, 16, 512, 8)


@pytest.fixture(scope="module")
def library() -> types.ModuleType:
    """Spandrel's StyleGAN2, which it has for GFPGAN. That folder is loaded alone: the package itself loads torchvision, whose
    compiled operators fail beside a processor-only PyTorch. Its activation is a CUDA kernel; here it is its documented formula."""
    found = find_spec("spandrel")
    assert found and found.submodule_search_locations
    folder = types.ModuleType("gfpgan_arch")
    folder.__path__ = [str(Path(found.submodule_search_locations[0], "architectures", "GFPGAN", "__arch"))]
    sys.modules["gfpgan_arch"] = folder
    activation = importlib.import_module("gfpgan_arch.fused_act")
    activation.fused_act_ext = types.SimpleNamespace(fused_bias_act=fused_bias_act)  # type: ignore[attr-defined]
    return importlib.import_module("gfpgan_arch.stylegan2_arch")


def fused_bias_act(
    x: Tensor, bias: Tensor, _: Tensor, kind: int, derivative: int, slope: float, scale: float
) -> Tensor:
    """Leaky ReLU of x and a bias a channel, times a scale."""
    assert (kind, derivative) == (3, 0)
    shifted = x + bias.reshape(-1, *[1] * (x.ndim - 2))
    return torch.where(shifted > 0, shifted, slope * shifted) * scale


def independent(library: types.ModuleType, weights: dict[str, Tensor], resolution: int) -> Any:
    """The other package's network with the same weights, by its own names."""
    network = library.StyleGAN2Generator(resolution, narrow=NARROW)
    state = {}
    for i in range(8):
        for part in ("weight", "bias"):
            state[f"style_mlp.{i + 1}.{part}"] = weights[f"mapping.fc{i}.{part}"]
    state["constant_input.weight"] = weights["synthesis.b4.const"][None]
    layers = [("style_conv1", "synthesis.b4.conv1")]
    pictures = [("to_rgb1", "synthesis.b4.torgb")]
    for i, side in enumerate(2**k for k in range(3, resolution.bit_length())):
        layers += [(f"style_convs.{2 * i + j}", f"synthesis.b{side}.conv{j}") for j in (0, 1)]
        pictures.append((f"to_rgbs.{i}", f"synthesis.b{side}.torgb"))
    for i, (theirs, published) in enumerate(layers):
        state[f"{theirs}.weight"] = weights[f"{published}.noise_strength"][None]
        state[f"{theirs}.activate.bias"] = weights[f"{published}.bias"]
        state[f"noises.noise{i}"] = weights[f"{published}.noise_const"][None, None]
    for theirs, published in pictures:
        state[f"{theirs}.bias"] = weights[f"{published}.bias"][None, :, None, None]
    for theirs, published in layers + pictures:
        state[f"{theirs}.modulated_conv.weight"] = weights[f"{published}.weight"][None]
        for part in ("weight", "bias"):
            state[f"{theirs}.modulated_conv.modulation.{part}"] = weights[f"{published}.affine.{part}"]
    network.load_state_dict(state)
    return network.double().eval()


def test_a_published_pickle_agrees_with_an_independent_stylegan2(tmp_path: Path, library: types.ModuleType) -> None:
    weights = random_weights(*SIZE)
    shape, state = read_stylegan_pickle(
        write_pickle(tmp_path / "ffhq.pkl", module("Generator", weights, settings(*SIZE)))
    )
    assert shape == Shape(32, 1024, 16)
    network = rebuilt(shape, state).double()
    z = torch.randn(3, 512, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        picture = network(z)
        theirs, _ = independent(library, weights, 32)([z], randomize_noise=False)
    torch.testing.assert_close(picture, theirs, rtol=1e-6, atol=1e-6 * float(theirs.abs().max()))


def test_ada_clamps_and_fewer_mapping_layers_are_read(tmp_path: Path) -> None:
    size = (16, 256, 8, 32, 2)
    file = write_pickle(
        tmp_path / "ada.pkl", module("Generator", random_weights(*size), settings(*size, conv_clamp=256))
    )
    shape, state = read_stylegan_pickle(file)
    assert shape == Shape(16, 256, 8, z_dim=32, w_dim=32, mapping_layers=2, clamp=256.0)
    assert rebuilt(shape, state)(torch.zeros(1, 32)).shape == (1, 3, 16, 16)


def test_the_layout_of_the_stylegan3_repository_is_read(tmp_path: Path) -> None:
    """As its training script leaves it (``--cfg=stylegan2``), where features are clamped at 256 if nothing is said of it."""
    weights = random_weights(*SIZE)
    plain = settings(*SIZE)
    shape, state = read_stylegan_pickle(write_pickle(tmp_path / "ada.pkl", module("Generator", weights, plain)))
    for said, clamp in (({}, 256.0), ({"conv_clamp": None, "num_fp16_res": 0}, None), ({"conv_clamp": 128}, 128.0)):
        kwargs = flat(plain) | {"fused_modconv_default": "inference_only", **said}
        file = write_pickle(tmp_path / "flat.pkl", module("Generator", weights, kwargs))
        flat_shape, flat_state = read_stylegan_pickle(file)
        assert flat_shape == replace(shape, clamp=clamp)
        assert {*flat_state} == {*state} and all(torch.equal(flat_state[name], state[name]) for name in state)
    assert rebuilt(flat_shape, flat_state)(torch.zeros(1, 512)).shape == (1, 3, 32, 32)


class WritesAFile:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.target,)


class RunsASource:
    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit",)


def test_a_malicious_pickle_does_not_run(tmp_path: Path) -> None:
    target, weights = tmp_path / "written", random_weights(8, 64, 8, 8, 1)
    for i, evil in enumerate((WritesAFile(target), RunsASource())):
        network = module("Generator", weights, settings(8, 64, 8, 8, 1) | {"epochs": evil})
        with pytest.raises(UnsafePickleError, match="nothing of it was run"):
            read_stylegan_pickle(write_pickle(tmp_path / f"evil-{i}.pkl", network))
    assert not target.exists()


def test_what_a_pickle_writes_into_the_reader_is_gone_with_it(tmp_path: Path) -> None:
    """BUILD sets attributes of whatever lies on the stack, also of what the reader handed out."""
    poison = b"cdnnlib.util\nEasyDict\n(N}X\x04\x00\x00\x00keysX\x04\x00\x00\x00evilstb."
    (tmp_path / "poison.pkl").write_bytes(b"\x80\x02" + poison)
    with pytest.raises(UnsafePickleError):
        read_stylegan_pickle(tmp_path / "poison.pkl")
    size = (8, 64, 8, 8, 1)
    good = write_pickle(tmp_path / "good.pkl", module("Generator", random_weights(*size), settings(*size)))
    assert read_stylegan_pickle(good)[0].resolution == 8


def changed(**changes: Any) -> dict[str, Any]:
    return settings(8, 64, 8, 8, 1) | changes


@pytest.mark.parametrize(
    ("kwargs", "why"),
    [
        (changed(c_dim=10), "class label"),
        (changed(img_channels=1), "img_channels"),
        (changed(img_resolution=12), "power of two"),
        (changed(img_resolution=1 << 40), "power of two"),
        (changed(synthesis_kwargs=EasyDict(channel_base=64, channel_max=8, architecture="resnet")), "architecture"),
        (changed(synthesis_kwargs=EasyDict(channel_base=64, magnitude_ema_beta=0.5)), "magnitude_ema_beta"),
        (changed(mapping_kwargs=EasyDict(num_layers="x")), "num_layers"),
        (flat(settings(8, 64, 8, 8, 1, magnitude_ema_beta=0.5)), "magnitude_ema_beta"),  # StyleGAN3's
        (flat(settings(8, 64, 8, 8, 1, use_noise=False)), "use_noise"),
        (changed(channel_base=64), "a setting channel_base"),  # of two layouts at once
        (changed(img_resolution=float("inf")), "not a readable"),
        (changed(**{"conv_clamp": 1, "a b": 1}) | {3: 1}, "not a readable"),
        (None, "settings are missing"),
    ],
)
def test_another_network_is_refused_by_a_sentence(tmp_path: Path, kwargs: Any, why: str) -> None:
    network = module("Generator", random_weights(8, 64, 8, 8, 1), kwargs or {})
    if kwargs is None:
        del network.state["_init_kwargs"]
    with pytest.raises(UnsafePickleError, match=why):
        read_stylegan_pickle(write_pickle(tmp_path / "other.pkl", network))


@pytest.mark.parametrize(
    "held", [{"_parameters": 3}, {"_buffers": [1]}, {"_modules": "none"}, {"_modules": {"a": ...}}]
)
def test_odd_contents_are_refused_by_a_sentence(tmp_path: Path, held: dict[str, Any]) -> None:
    network = module("Generator", random_weights(8, 64, 8, 8, 1), settings(8, 64, 8, 8, 1))
    network.state.update({"_modules": {"a": network}} if held == {"_modules": {"a": ...}} else held)
    with pytest.raises(UnsafePickleError, match="not a readable"):
        read_stylegan_pickle(write_pickle(tmp_path / "odd.pkl", network))


def test_other_files_are_refused_by_a_sentence(tmp_path: Path) -> None:
    def refused(content: bytes, why: str) -> None:
        file = tmp_path / "file.pkl"
        file.write_bytes(content)
        with pytest.raises(UnsafePickleError, match=why):
            read_stylegan_pickle(file)

    refused(b"", "not a readable")
    refused(b"a picture", "not a readable")
    refused(pickle.dumps([1]), "holds a list")
    refused(pickle.dumps({"G_ema": 3}), "no StyleGAN2 generator")
    refused(b"cdnnlib.tflib.network\nNetwork\n.", "TensorFlow")
    torch.save({"G_ema": torch.zeros(1)}, tmp_path / "archive.pt")
    refused((tmp_path / "archive.pt").read_bytes(), "PyTorch archive")
    size = (8, 64, 8, 8, 1)
    whole = write_pickle(tmp_path / "w.pkl", module("Generator", random_weights(*size), settings(*size))).read_bytes()
    for share in (0.1, 0.5, 0.99):
        refused(whole[: int(len(whole) * share)], "not a readable")
    with pytest.raises(UnsafePickleError, match="does not exist"):
        read_stylegan_pickle(tmp_path / "none.pkl")


def test_a_tensor_cannot_reach_beyond_its_storage(tmp_path: Path) -> None:
    class Beyond:
        def __reduce__(self) -> tuple[Any, ...]:
            storage = torch.zeros(4).storage()
            return torch._utils._rebuild_tensor_v2, (storage, 2, (4,), (1,), False, {})

    with nvidia_modules():
        (tmp_path / "beyond.pkl").write_bytes(pickle.dumps({"G_ema": Beyond()}))
    with pytest.raises(UnsafePickleError, match="not a readable"):
        read_stylegan_pickle(tmp_path / "beyond.pkl")


def test_weights_that_do_not_fit_the_settings_are_named() -> None:
    weights = {k: v for k, v in random_weights(8, 64, 8, 8, 1).items() if "filter" not in k}
    shape = Shape(8, 64, 8, z_dim=8, w_dim=8, mapping_layers=1)
    with pytest.raises(ValueError, match=r"mapping\.w_avg is missing"):
        rebuilt(shape, {k: v for k, v in weights.items() if k != "mapping.w_avg"})
    with pytest.raises(ValueError, match=r"mapping\.w_avg is \[9\], not \[8\]"):
        rebuilt(shape, weights | {"mapping.w_avg": torch.zeros(9)})
