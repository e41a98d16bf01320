"""NVIDIA's published StyleGAN2 and StyleGAN2-ADA pickles, read without running a line of the code that they carry.

Such a file is a plain pickle of a dictionary (``G``, ``D``, ``G_ema`` …) whose modules are "persistent objects": a dictionary with
the module's Python source, which NVIDIA's own reader executes, its class name and its state. Here the source stays text. Every
name that a pickle may ask for is replaced by one of ours that holds what it is given; tensors are copied out of their storages.
"""

import io
import pickle
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from doppelganger.errors import UnsafePickleError
from doppelganger.generators.stylegan2 import BLUR, Shape

PARTS = ("G_ema", "G")
"""Which of the networks in the file is taken: the first that is there. G_ema is the running mean, which makes the best pictures."""
FLAT = {"channel_base", "channel_max", "num_fp16_res", "conv_clamp", "fused_modconv_default"}
"""Arguments of the synthesis that NVIDIA's stylegan3 repository gives the generator itself; its StyleGAN2-ADA has them in a
dictionary of their own."""


@dataclass
class Persistent:
    """A persistent object as data."""

    class_name: str
    state: dict[str, Any]


class _Ignored:
    """Stands for what is of no use here (numbers of NumPy, its arrays): takes anything, keeps nothing."""

    def __new__(cls, *_: object) -> "_Ignored":
        return super().__new__(cls)

    def __init__(self, *_: object) -> None:
        """Nothing."""

    def __setstate__(self, state: object) -> None:
        """Nothing."""


class _Inert(pickle.Unpickler):
    """Knows the names of the published layout and refuses every other one.

    The functions and classes it hands out are made anew for each file, since a pickle may write into what it was given.
    """

    def __init__(self, stream: io.BufferedIOBase, name: str) -> None:
        super().__init__(stream)
        self._name = name

        class Ignored(_Ignored):
            pass

        class EasyDict(dict[str, Any]):
            pass

        admitted: dict[tuple[str, str], object] = {
            ("torch_utils.persistence", "_reconstruct_persistent_obj"): lambda meta: _persistent(meta),
            ("dnnlib.util", "EasyDict"): EasyDict,
            ("dnnlib", "EasyDict"): EasyDict,
            ("collections", "OrderedDict"): OrderedDict,
            ("builtins", "set"): lambda items=(): set(items),
            ("torch._utils", "_rebuild_tensor_v2"): lambda *about: _tensor(*about[:4]),
            ("torch._utils", "_rebuild_parameter"): lambda data, *_: data,
            ("torch.storage", "_load_from_bytes"): lambda data: _storage(data),
            ("numpy.core.multiarray", "scalar"): Ignored,
            ("numpy._core.multiarray", "scalar"): Ignored,
            ("numpy.core.multiarray", "_reconstruct"): Ignored,
            ("numpy._core.multiarray", "_reconstruct"): Ignored,
            ("numpy", "dtype"): Ignored,
            ("numpy", "ndarray"): Ignored,
        }
        self._admitted = admitted

    def find_class(self, module: str, name: str) -> object:
        if module.startswith("dnnlib.tflib"):
            raise UnsafePickleError(
                f"{self._name} is a pickle of StyleGAN for TensorFlow, which this program does not read; use the same network as "
                "published for PyTorch (StyleGAN2-ADA), or convert it with NVIDIA's legacy.py."
            )
        try:
            return self._admitted[module, name]
        except KeyError:
            raise UnsafePickleError(
                f"{self._name} asks for {module}.{name}, which no published StyleGAN2 pickle needs; nothing of it was run."
            ) from None


def read_stylegan_pickle(source: Path) -> tuple[Shape, dict[str, Tensor]]:
    """The generator in a published pickle: its shape, and its weights by name as ``StyleGAN2Network`` has them, float32.

    Raises:
        UnsafePickleError: it is another kind of file or network, is damaged, or asks for a name that the layout has no use for.
    """
    try:
        return _generator(source)
    except UnsafePickleError:
        raise
    except FileNotFoundError as error:
        raise UnsafePickleError(f"{source} does not exist; check the path.") from error
    except Exception as error:  # a damaged pickle raises almost anything, and so does what it may hold
        raise UnsafePickleError(
            f"{source.name} is not a readable StyleGAN2 pickle ({type(error).__name__}); nothing of it was run."
        ) from error


def _generator(source: Path) -> tuple[Shape, dict[str, Tensor]]:
    content = _content(source)
    generator = next((content[part] for part in PARTS if isinstance(content.get(part), Persistent)), None)
    if generator is None or generator.class_name != "Generator":
        raise UnsafePickleError(f"{source.name} holds no StyleGAN2 generator (no G_ema of the class Generator).")
    shape = _shape(_Settings(source.name, generator.state.get("_init_kwargs")))
    weights: dict[str, Tensor] = {}
    _collect(generator, "", weights)
    return shape, {name: tensor.float() for name, tensor in weights.items() if not name.endswith("resample_filter")}


def _content(source: Path) -> Mapping[str, Any]:
    with source.open("rb") as stream:
        if zipfile.is_zipfile(stream):
            raise UnsafePickleError(
                f"{source.name} is a PyTorch archive, not a StyleGAN2 pickle as NVIDIA publishes them."
            )
        stream.seek(0)
        content = _Inert(cast(io.BufferedIOBase, stream), source.name).load()
    if not isinstance(content, dict):
        raise UnsafePickleError(f"{source.name} is not a StyleGAN2 pickle: it holds a {type(content).__name__}.")
    return content


def _persistent(meta: Any) -> Persistent:
    if meta["type"] != "class" or not isinstance(meta["state"], dict):
        raise ValueError("not a persistent object")
    return Persistent(str(meta["class_name"]), meta["state"])  # meta["module_src"], the source, is dropped unread


@dataclass
class _Storage:
    """The numbers of one or more tensors, 1-D."""

    values: Tensor


def _storage(data: bytes) -> _Storage:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # typed storages are deprecated; the published files have them
        # weights_only: PyTorch's own restricted reader, which knows tensors and storages alone.
        stored = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        if not isinstance(stored, torch.TypedStorage):
            raise ValueError("not a storage")
        return _Storage(torch.empty(0, dtype=stored.dtype).set_(stored.untyped()))  # type: ignore[no-untyped-call]


def _tensor(storage: _Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    values = storage.values
    if min((offset, *size, *stride)) < 0 or len(size) != len(stride):
        raise ValueError("not a tensor")
    numbers = 1
    for side in size:
        numbers *= side
    last = offset + sum((side - 1) * step for side, step in zip(size, stride, strict=True))
    if numbers and (last >= len(values) or numbers > len(values)):
        raise ValueError("a tensor beyond its storage")
    return values.as_strided(size, stride, offset).clone().contiguous()


def _collect(module: Persistent, prefix: str, into: dict[str, Tensor]) -> None:
    """Parameters and buffers of a module and of those in it, by dotted names."""
    for kind in ("_parameters", "_buffers"):
        for name, value in module.state.get(kind, {}).items():
            if isinstance(value, Tensor):
                into[f"{prefix}{name}"] = value
    for name, child in module.state.get("_modules", {}).items():
        if isinstance(child, Persistent):
            _collect(child, f"{prefix}{name}.", into)


@dataclass
class _Settings:
    """The arguments a network was made with, each asked for once; what nobody asked for is a network of another kind."""

    file: str
    given: Any
    asked: set[str] = field(default_factory=set)

    def get(self, name: str, default: Any, kind: Callable[[Any], Any]) -> Any:
        """The value, or the published default."""
        self.asked.add(name)
        value = self.given.get(name, default)
        try:
            return None if value is None else kind(value)
        except (TypeError, ValueError) as error:
            raise self.refusal(f"its {name} is {value!r}") from error

    def only(self, name: str, *values: object) -> None:
        """The first is the published default."""
        if (value := self.get(name, values[0], lambda v: v)) not in values:
            raise self.refusal(f"its {name} is {value!r}, not {values[0]!r}")

    def within(self, name: str) -> "_Settings":
        """The arguments of a part."""
        self.asked.add(name)
        return _Settings(self.file, self.given.get(name, {}))

    def finish(self) -> None:
        """Nothing may be left."""
        if left := sorted({*self.given} - self.asked):
            raise self.refusal(f"it has a setting {left[0]}")

    def refusal(self, why: str) -> UnsafePickleError:
        """The sentence."""
        return UnsafePickleError(f"{self.file} is not a StyleGAN2 network that this program can use: {why}.")


def _shape(generator: _Settings) -> Shape:
    """From the arguments that NVIDIA's training script and converter give; their defaults are those of the published class."""
    if not isinstance(generator.given, dict):
        raise generator.refusal("its settings are missing")
    flat = "synthesis_kwargs" not in generator.given and not FLAT.isdisjoint(generator.given)
    mapping = generator.within("mapping_kwargs")
    synthesis = generator if flat else generator.within("synthesis_kwargs")
    if not isinstance(mapping.given, dict) or not isinstance(synthesis.given, dict):
        raise generator.refusal("its settings are damaged")
    if generator.get("c_dim", 0, int):
        raise generator.refusal("it wants a class label with every picture")
    generator.only("img_channels", 3)
    z_dim, w_dim = generator.get("z_dim", 512, int), generator.get("w_dim", 512, int)
    for name in ("embed_features", "w_avg_beta"):  # of labels, of training
        mapping.asked.add(name)
    mapping.only("activation", "lrelu")
    mapping.only("layer_features", None, w_dim)
    # Speed; here all is float32.
    synthesis.asked.update({"num_fp16_res", "fp16_channels_last", "fused_modconv_default"})
    synthesis.only("architecture", "skip")
    synthesis.only("activation", "lrelu")
    synthesis.only("use_noise", True)
    synthesis.only("kernel_size", 3)
    synthesis.only("resample_filter", [int(k) for k in BLUR], tuple(int(k) for k in BLUR))
    try:
        shape = Shape(
            generator.get("img_resolution", 0, int),
            synthesis.get("channel_base", 32768, int),
            synthesis.get("channel_max", 512, int),
            z_dim,
            w_dim,
            mapping.get("num_layers", 8, int),
            mapping.get("lr_multiplier", 0.01, float),
            synthesis.get("conv_clamp", 256 if flat else None, float),
        )
    except ValueError as error:
        raise generator.refusal(str(error)) from error
    for part in (generator, mapping, synthesis):
        part.finish()
    return shape
