"""Pickles in the layout in which NVIDIA publishes StyleGAN2, built here with random weights: persistent objects, EasyDicts,
NumPy scalars among the state, tensors by plain pickle."""

import pickle
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

SOURCE = 'raise RuntimeError("the source inside the pickle was executed")\n'


class EasyDict(dict[str, Any]):
    """dnnlib's own is a dict as well."""


def _reconstruct_persistent_obj(meta: dict[str, Any]) -> None:
    raise AssertionError("NVIDIA's reader, which executes meta['module_src']")


class Persistent:
    """Pickles as a decorated class of NVIDIA's does."""

    def __init__(self, class_name: str, state: dict[str, Any]) -> None:
        self.class_name, self.state = class_name, state

    def __reduce__(self) -> tuple[Any, ...]:
        meta = {"type": "class", "version": 6, "module_src": SOURCE, "class_name": self.class_name, "state": self.state}
        return _reconstruct_persistent_obj, (meta,), None


@contextmanager
def nvidia_modules() -> Iterator[None]:
    """The modules whose names the pickle holds."""
    modules = {
        name: types.ModuleType(name) for name in ("torch_utils", "torch_utils.persistence", "dnnlib", "dnnlib.util")
    }
    modules["torch_utils.persistence"]._reconstruct_persistent_obj = _reconstruct_persistent_obj  # type: ignore[attr-defined]
    modules["dnnlib.util"].EasyDict = EasyDict  # type: ignore[attr-defined]
    before = (_reconstruct_persistent_obj.__module__, EasyDict.__module__)
    _reconstruct_persistent_obj.__module__, EasyDict.__module__ = "torch_utils.persistence", "dnnlib.util"
    sys.modules.update(modules)
    try:
        yield
    finally:
        _reconstruct_persistent_obj.__module__, EasyDict.__module__ = before
        for name in modules:
            del sys.modules[name]


def module(class_name: str, tensors: dict[str, Tensor], kwargs: dict[str, Any]) -> Persistent:
    """A tree of persistent modules from dotted names; w_avg, noise_const and resample_filter are buffers."""
    state = dict(nn.Module().__dict__)
    state.update(_init_args=(), _init_kwargs=EasyDict(kwargs), weight_gain=0.01 / np.sqrt(512), training=False)
    children: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        head, _, rest = name.partition(".")
        if rest:
            children.setdefault(head, {})[rest] = tensor
        elif name in ("w_avg", "noise_const", "resample_filter"):
            state["_buffers"] = {**state["_buffers"], name: tensor}
        else:
            state["_parameters"] = {**state["_parameters"], name: nn.Parameter(tensor)}
    state["_modules"] = {name: module("Part", inside, {}) for name, inside in children.items()}
    return Persistent(class_name, state)


def random_weights(resolution: int, base: int, most: int, w_dim: int, layers: int, seed: int = 0) -> dict[str, Tensor]:
    """Names and shapes as published, written down here by hand."""
    rng = torch.Generator().manual_seed(seed)

    def draw(*size: int) -> Tensor:
        return torch.randn(size, generator=rng)

    weights = {"mapping.w_avg": draw(w_dim)}
    for i in range(layers):
        weights |= {f"mapping.fc{i}.weight": draw(w_dim, w_dim) * 100, f"mapping.fc{i}.bias": draw(w_dim) * 10}
    side, inputs = 4, 0
    while side <= resolution:
        channels, block = min(base // side, most), f"synthesis.b{side}"
        weights[f"{block}.resample_filter"] = torch.outer(*2 * [torch.tensor([1.0, 3, 3, 1]) / 8])
        if side == 4:
            weights[f"{block}.const"] = draw(channels, 4, 4)
        layers_here = {"conv1": channels} if side == 4 else {"conv0": inputs, "conv1": channels}
        for layer, fan in layers_here.items():
            weights[f"{block}.{layer}.affine.weight"] = draw(fan, w_dim)
            weights[f"{block}.{layer}.affine.bias"] = 1 + 0.1 * draw(fan)
            weights[f"{block}.{layer}.weight"] = draw(channels, fan, 3, 3)
            weights[f"{block}.{layer}.bias"] = draw(channels)
            weights[f"{block}.{layer}.noise_const"] = draw(side, side)
            weights[f"{block}.{layer}.noise_strength"] = draw()
            weights[f"{block}.{layer}.resample_filter"] = weights[f"{block}.resample_filter"]
        weights[f"{block}.torgb.affine.weight"] = draw(channels, w_dim)
        weights[f"{block}.torgb.affine.bias"] = 1 + 0.1 * draw(channels)
        weights[f"{block}.torgb.weight"] = draw(3, channels, 1, 1)
        weights[f"{block}.torgb.bias"] = draw(3)
        side, inputs = 2 * side, channels
    return weights


def settings(resolution: int, base: int, most: int, w_dim: int, layers: int, **synthesis: Any) -> dict[str, Any]:
    """The arguments as the training script gives them."""
    return {
        "z_dim": w_dim,
        "w_dim": w_dim,
        "c_dim": 0,
        "img_resolution": resolution,
        "img_channels": 3,
        "mapping_kwargs": EasyDict(num_layers=layers),
        "synthesis_kwargs": EasyDict(channel_base=base, channel_max=most, num_fp16_res=4, **synthesis),
    }


def flat(nested: dict[str, Any]) -> dict[str, Any]:
    """Settings as NVIDIA's stylegan3 repository gives them: those of the synthesis stand among the generator's own."""
    synthesis = nested["synthesis_kwargs"]
    return {**{key: value for key, value in nested.items() if key != "synthesis_kwargs"}, **synthesis}


def write_pickle(file: Path, generator: Any) -> Path:
    """G, D, G_ema, augment_pipe and the data set's settings, as a training run leaves them."""
    with nvidia_modules(), file.open("wb") as stream:
        content = {"G": None, "D": None, "G_ema": generator, "augment_pipe": None}
        pickle.dump({**content, "training_set_kwargs": EasyDict(path="faces.zip", xflip=True)}, stream, protocol=3)
    return file
