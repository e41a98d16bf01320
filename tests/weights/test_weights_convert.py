"""Pickles become safetensors, and what else a pickle may carry is never run."""

import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from toy_packages import sha256, weight_of

from doppelganger.errors import DigestMismatchError, UnsafePickleError
from doppelganger.weights import LocalFile, PipSettings, Store

OFFLINE = PipSettings(no_index=True)


class Trap:
    """Unpickled by anything careless, it makes a folder."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def lpips_tree(random: np.random.Generator) -> dict[str, Any]:
    return {
        "AlexNet_0": {"Conv_0": {"kernel": random.normal(size=(5, 4, 3, 2)).astype("f4"), "bias": np.ones(2, "f4")}},
        "NetLinLayer_0": {"Conv_0": {"kernel": random.normal(size=(1, 1, 2, 1)).astype("f4")}},
    }


def store_with(tmp_path: Path, data: bytes, converter: str) -> Store:
    source = tmp_path / "source.ckpt"
    source.write_bytes(data)
    weight = weight_of("w", data, LocalFile(str(source)), converter=converter, file="w.safetensors")
    return Store(tmp_path / "cache", {"w": weight}, OFFLINE)


@pytest.mark.parametrize("old_name", [True, False])
def test_flax_kernels_become_pytorch_kernels(tmp_path: Path, old_name: bool) -> None:
    tree = lpips_tree(np.random.default_rng(0))
    data = pickle.dumps(tree, protocol=3 if old_name else 4)
    if old_name:  # as NumPy 1 wrote it; protocol 3 spells names out without their length, so they can be exchanged
        assert b"numpy._core.multiarray" in data
        data = data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    arrays = load_file(store_with(tmp_path, data, "lpips").path("w"))
    kernel = tree["AlexNet_0"]["Conv_0"]["kernel"]
    assert set(arrays) == {"conv0.weight", "conv0.bias", "head0.weight"}
    assert arrays["conv0.weight"].shape == (2, 3, 5, 4)
    assert arrays["conv0.weight"][1, 2, 4, 3] == kernel[4, 3, 2, 1]
    assert arrays["head0.weight"].shape == (1, 2, 1, 1)


def test_torch_state_dict_keeps_names_shapes_and_types(tmp_path: Path) -> None:
    stream = io.BytesIO()
    torch.save({"a.weight": torch.arange(6.0).reshape(2, 3).T, "a.count": torch.tensor(3)}, stream)
    arrays = load_file(store_with(tmp_path, stream.getvalue(), "torch").path("w"))
    assert arrays["a.weight"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert arrays["a.count"].shape == () and arrays["a.count"].dtype == np.int64


def test_a_pickle_that_would_run_code_is_refused_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "was-run"
    data = pickle.dumps({"AlexNet_0": Trap(mark)})
    store = store_with(tmp_path, data, "lpips")
    with pytest.raises(UnsafePickleError, match="mkdir, which is not a plain array; nothing of it was run"):
        store.path("w")
    assert not mark.exists() and not store.cached("w")
    pickle.loads(data)  # the trap is a real one
    assert mark.exists()


def test_a_torch_archive_that_would_run_code_is_refused_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "was-run"
    stream = io.BytesIO()
    torch.save({"a": Trap(mark)}, stream)
    assert zipfile.is_zipfile(stream)
    store = store_with(tmp_path, stream.getvalue(), "torch")
    with pytest.raises(UnsafePickleError, match="nothing of it was run"):
        store.path("w")
    assert not mark.exists() and not store.cached("w")
    torch.load(io.BytesIO(stream.getvalue()), weights_only=False)
    assert mark.exists()


@pytest.mark.parametrize("tree", [{"a": np.array([print], dtype=object)}, {"a": "text"}, {"a": np.array(["text"])}])
def test_anything_but_arrays_of_numbers_is_refused(tmp_path: Path, tree: object) -> None:
    with pytest.raises(UnsafePickleError):
        store_with(tmp_path, pickle.dumps(tree), "lpips").path("w")


def test_a_damaged_pickle_is_refused(tmp_path: Path) -> None:
    data = pickle.dumps(lpips_tree(np.random.default_rng(0)))
    with pytest.raises(UnsafePickleError, match="not a readable pickle"):
        store_with(tmp_path, data[: len(data) // 2], "lpips").path("w")


def test_a_damaged_converted_file_is_refused_and_a_lost_note_means_anew(tmp_path: Path) -> None:
    store = store_with(tmp_path, pickle.dumps(lpips_tree(np.random.default_rng(0))), "lpips")
    file = store.path("w")
    whole = file.read_bytes()
    assert store.digest("w") == sha256(whole)
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(DigestMismatchError) as caught:
        store.path("w")
    assert sha256(whole) in str(caught.value) and sha256(file.read_bytes()) in str(caught.value)
    file.with_name("w.safetensors.json").unlink()
    assert not store.cached("w")
    assert store.path("w").read_bytes() == whole


def test_the_real_perceptual_weights() -> None:
    arrays = load_file(Store().path("lpips-alex"))
    assert arrays["conv0.weight"].shape == (64, 3, 11, 11)
    for layer, channels in enumerate((64, 192, 384, 256, 256)):
        assert arrays[f"conv{layer}.bias"].shape == (channels,)
        head = arrays[f"head{layer}.weight"]
        assert head.shape == (1, channels, 1, 1) and head.min() >= 0 and head.max() > 0  # LPIPS keeps them non-negative
