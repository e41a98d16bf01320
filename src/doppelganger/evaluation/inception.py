"""The Inception-v3 whose features FID and KID are defined on: tensors read from a TorchScript archive that never runs.

Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016 (arXiv:1512.00567), in the graph that
Google published on 2015-12-05 and Heusel et al. 2017 chose for FID. It is not the torchvision network: its average
pooling leaves the padding out of the mean, and its last block pools by the maximum.
"""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from doppelganger.errors import UnsafePickleError
from doppelganger.images import RGB
from doppelganger.weights import Store

SIDE = 299
FEATURES = 2048
BATCH = 8
EPSILON = 1e-3
"""Added to the variance in every batch normalisation, as in the published graph."""


class InceptionFeatures:
    """The pool features of the published network; the store delivers its file on first use.

    The graph is tested to be that of torch-fidelity. That a re-packaged file holds Google's own numbers is its packager's word.
    """

    def __init__(self, store: Store, device: str | torch.device = "cpu") -> None:
        self._device = torch.device(device)
        self._convolutions = _folded(read_modules(store.path("fid-inception")), self._device)

    def features(self, images: Iterable[RGB]) -> NDArray[np.float32]:
        """Pictures uint8 [H, W, 3], of any size each → [N, 2048], one row a picture.

        They are resized to 299² as the published graph does it: bilinear, without antialiasing. Large pictures alias (Parmar
        et al. 2022), so compare only what was made at one size.
        """
        rows = [np.empty((0, FEATURES), np.float32)]
        pictures = iter(images)
        while batch := list(islice(pictures, BATCH)):
            with torch.inference_mode():
                x = torch.cat([self._resized(picture) for picture in batch])
                x = x.contiguous(memory_format=torch.channels_last)  # a third less time on a processor
                rows.append(self.forward((x - 128) / 128).cpu().numpy())
        return np.concatenate(rows)

    def forward(self, x: Tensor) -> Tensor:
        """[B, 3, 299, 299] in [−1, 1) → [B, 2048]."""
        for name in ("conv", "conv_1", "conv_2"):
            x = self._convolve(x, name)
        x = F.max_pool2d(x, 3, 2)
        x = self._chain(x, "conv_3", "conv_4")
        x = F.max_pool2d(x, 3, 2)  # [B, 192, 35, 35]
        for name in ("mixed", "mixed_1", "mixed_2"):
            parts = [
                self._convolve(x, f"{name}.conv"),
                self._chain(x, f"{name}.tower.conv", f"{name}.tower.conv_1"),
                self._chain(x, *(f"{name}.tower_1.{part}" for part in ("conv", "conv_1", "conv_2"))),
                self._convolve(_mean_pool(x), f"{name}.tower_2.conv"),
            ]
            x = torch.cat(parts, 1)
        triple = self._chain(x, *(f"mixed_3.tower.{part}" for part in ("conv", "conv_1", "conv_2")))
        x = torch.cat([self._convolve(x, "mixed_3.conv"), triple, F.max_pool2d(x, 3, 2)], 1)  # [B, 768, 17, 17]
        for name in ("mixed_4", "mixed_5", "mixed_6", "mixed_7"):
            five = ("conv", "conv_1", "conv_2", "conv_3", "conv_4")
            parts = [
                self._convolve(x, f"{name}.conv"),
                self._chain(x, *(f"{name}.tower.{part}" for part in five[:3])),
                self._chain(x, *(f"{name}.tower_1.{part}" for part in five)),
                self._convolve(_mean_pool(x), f"{name}.tower_2.conv"),
            ]
            x = torch.cat(parts, 1)
        double = self._chain(x, "mixed_8.tower.conv", "mixed_8.tower.conv_1")
        four = self._chain(x, *(f"mixed_8.tower_1.{part}" for part in ("conv", "conv_1", "conv_2", "conv_3")))
        x = torch.cat([double, four, F.max_pool2d(x, 3, 2)], 1)  # [B, 1280, 8, 8]
        for name, pooled in (("mixed_9", _mean_pool), ("mixed_10", _largest)):
            a = self._convolve(x, f"{name}.tower_conv")
            b = self._chain(x, f"{name}.tower_1_conv", f"{name}.tower_1_conv_1")
            parts = [
                self._convolve(x, f"{name}.conv"),
                self._convolve(a, f"{name}.tower_mixed_conv"),
                self._convolve(a, f"{name}.tower_mixed_conv_1"),
                self._convolve(b, f"{name}.tower_1_mixed_conv"),
                self._convolve(b, f"{name}.tower_1_mixed_conv_1"),
                self._convolve(pooled(x), f"{name}.tower_2_conv"),
            ]
            x = torch.cat(parts, 1)
        return x.mean((2, 3))

    def _convolve(self, x: Tensor, name: str) -> Tensor:
        kernel, bias, stride, padding = self._convolutions[f"net.layers.{name}"]
        return F.relu_(F.conv2d(x, kernel, bias, stride, padding))

    def _chain(self, x: Tensor, *names: str) -> Tensor:
        for name in names:
            x = self._convolve(x, name)
        return x

    def _resized(self, picture: RGB) -> Tensor:
        """TensorFlow 1's bilinear: pixel i of 299 samples the source at i · size / 299, [1, 3, 299, 299] in 0 … 255."""
        x = torch.from_numpy(np.array(picture)).to(self._device).permute(2, 0, 1)[None].float()
        for axis in (2, 3):
            at = torch.arange(SIDE, device=self._device) * (x.shape[axis] / SIDE)
            low = at.floor().long()
            high = (low + 1).clamp(max=x.shape[axis] - 1)
            share = (at - low).reshape((-1, 1) if axis == 2 else (-1,))
            x = torch.lerp(x.index_select(axis, low), x.index_select(axis, high), share)
        return x


def _mean_pool(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def _largest(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 3, 1, 1)


Convolution = tuple[Tensor, Tensor, int, int | list[int]]


def _folded(modules: dict[str, dict[str, Any]], device: torch.device) -> dict[str, Convolution]:
    """Kernel, bias, stride and padding of each convolution with its batch normalisation (which has no scale) inside."""
    found: dict[str, Convolution] = {}
    for name, state in modules.items():
        if "weight" in state:
            scale = 1 / np.sqrt(state["var"].astype(np.float64) + EPSILON)
            kernel = (state["weight"] * scale[:, None, None, None]).astype(np.float32)
            bias = (state["beta"] - state["mean"] * scale).astype(np.float32)
            found[name] = (
                torch.from_numpy(kernel).to(device),
                torch.from_numpy(bias).to(device),
                state["stride"],
                state["padding"],
            )
    return found


class _Module:
    """Stands for every class of the archive: attributes, no behaviour."""


class _Storage:
    """Stands for the archive's name of a float32 storage."""


class _ModulesOnly(pickle.Unpickler):
    """Knows modules as bags of attributes, float32 tensors, lists and numbers, and refuses every other name."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(archive.open(f"{root}/data.pkl"))
        self._archive, self._root = archive, root

    def find_class(self, module: str, name: str) -> object:
        if module == "__torch__" or module.startswith("__torch__."):
            return _Module
        admitted: dict[tuple[str, str], object] = {
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch", "FloatStorage"): _Storage,
            ("torch.jit._pickle", "build_intlist"): list,
            ("collections", "OrderedDict"): OrderedDict,
        }
        try:
            return admitted[module, name]
        except KeyError:
            raise UnsafePickleError(
                f"The archive asks for {module}.{name}, which is no tensor; nothing of it was run, use a file from "
                "another source."
            ) from None

    def persistent_load(self, identity: tuple[str, object, str, str, int]) -> NDArray[np.float32]:
        _, kind, key, _, count = identity
        if kind is not _Storage:
            raise UnsafePickleError("The archive holds numbers that are not float32; use a file from another source.")
        return np.frombuffer(self._archive.read(f"{self._root}/data/{key}"), "<f4", count)


def _tensor(
    storage: NDArray[np.float32], offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> NDArray[np.float32]:
    """Only whole and contiguous ones: then no stride can point outside of the storage."""
    array = storage.reshape(shape)
    if offset or tuple(step // 4 for step in array.strides) != tuple(stride):
        raise UnsafePickleError(
            "The archive holds a tensor that is not stored plainly; use a file from another source."
        )
    return array


def read_modules(file: Path) -> dict[str, dict[str, Any]]:
    """Path of each module in a TorchScript archive ("net.layers.conv") → its attributes: arrays, numbers, lists.

    No code of the archive is looked at.

    Raises:
        UnsafePickleError: it is not such an archive, or asks for anything but modules of float32 tensors.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            root = archive.namelist()[0].split("/")[0]
            module = _ModulesOnly(archive, root).load()
    except UnsafePickleError:
        raise
    except Exception as error:  # a damaged archive or pickle raises almost anything
        raise UnsafePickleError(
            f"{file.name} is not a readable TorchScript archive ({type(error).__name__})."
        ) from error
    return dict(_walk(module, ""))


def _walk(module: object, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    own = {name: value for name, value in vars(module).items() if not isinstance(value, _Module)}
    yield path, own
    for name, value in vars(module).items():
        if isinstance(value, _Module):
            yield from _walk(value, f"{path}.{name}" if path else name)
