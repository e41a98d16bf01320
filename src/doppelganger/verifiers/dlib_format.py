"""Reads dlib's own serialisation of a network into arrays; nothing in the file is executed.

The format is that of dlib's ``serialize.h`` (integers: a control byte with the length in its low nibble and the sign
in its top bit, then that many little-endian bytes; floats: mantissa and exponent as two such integers),
``dnn/tensor.h`` (version 2, four sizes, raw little-endian floats), ``dnn/core.h`` (each layer: version, those under
it, its own details, its state) and ``dnn/layers.h`` (details: a tag such as "con_4", then the fields).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class DlibFormatError(Exception):
    """The bytes are not the serialised network that was expected."""


@dataclass(frozen=True)
class Convolution:
    """``weights`` [out, in, rows, columns], ``bias`` [out]; ``stride`` and ``padding`` the same both ways."""

    weights: Array
    bias: Array
    stride: int
    padding: int


@dataclass(frozen=True)
class Affine:
    """x · gamma + beta per channel: what a batch normalisation became after training."""

    gamma: Array
    beta: Array


@dataclass(frozen=True)
class Pool:
    """A pooling window, ``size`` 0 for the whole map; ``kind`` "max" or "avg"."""

    kind: str
    size: int
    stride: int
    padding: int


@dataclass(frozen=True)
class Relu:
    """max(x, 0)."""


@dataclass(frozen=True)
class AddPrevious:
    """Adds the output that was tagged earlier; where sizes differ both are padded with zeros."""


@dataclass(frozen=True)
class Dense:
    """y = x · weights, ``weights`` [in, out], no bias."""

    weights: Array


Layer = Convolution | Affine | Pool | Relu | AddPrevious | Dense


class _Reader:
    """A cursor over the bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        if count < 0 or self._at + count > len(self._data):
            raise DlibFormatError(f"it ends at byte {len(self._data)}, in the middle of a value")
        self._at += count
        return self._data[self._at - count : self._at]

    @property
    def finished(self) -> bool:
        return self._at == len(self._data)

    def integer(self) -> int:
        (control,) = self.take(1)
        count = control & 0x0F
        if not 1 <= count <= 8 or control & 0x70:
            raise DlibFormatError(f"byte {self._at - 1} is not the start of an integer")
        value = int.from_bytes(self.take(count), "little")
        return -value if control & 0x80 else value

    def integers(self, count: int) -> list[int]:
        return [self.integer() for _ in range(count)]

    def real(self) -> float:
        mantissa, exponent = self.integers(2)
        return mantissa * 2.0**exponent

    def text(self) -> str:
        return self.take(self.integer()).decode("ascii", "replace")

    def flag(self) -> bool:
        byte = self.take(1)
        if byte not in (b"0", b"1"):
            raise DlibFormatError(f"byte {self._at - 1} is neither 0 nor 1")
        return byte == b"1"

    def expect(self, *values: int) -> None:
        found = self.integers(len(values))
        if found != list(values):
            raise DlibFormatError(f"it has {found} before byte {self._at} where {list(values)} belongs")

    def tensor(self) -> Array:
        """[samples, channels, rows, columns]"""
        self.expect(2)
        shape = self.integers(4)
        if min(shape) < 0 or max(shape) > 2**24:
            raise DlibFormatError(f"a tensor claims the size {shape}")
        count = int(np.prod(shape, dtype=np.int64))
        return np.frombuffer(self.take(4 * count), "<f4").reshape(shape).astype(np.float32)

    def view(self) -> list[int]:
        """An ``alias_tensor``: the size of a part of the parameters."""
        self.expect(1)
        return self.integers(4)


def _layer(reader: _Reader) -> Layer:
    """The details of one layer, then its state (flags and the empty tensors of training)."""
    tag = reader.text()
    layer: Layer
    match tag:
        case "con_4":
            values = reader.tensor().reshape(-1)
            filters, rows, columns, stride_y, stride_x, pad_y, pad_x = reader.integers(7)
            shape, bias_shape = reader.view(), reader.view()
            for _ in range(4):
                reader.real()  # the learning rates' and weight decays' multipliers
            count = int(np.prod(shape))
            agree = (
                shape[0] == filters == bias_shape[1] and shape[2:] == [rows, columns] and values.size == count + filters
            )
            if not agree or stride_y != stride_x or pad_y != pad_x:
                raise DlibFormatError("a convolution contradicts itself")
            layer = Convolution(values[:count].reshape(shape), values[count:], stride_x, pad_x)
        case "affine_":
            values = reader.tensor().reshape(-1)
            reader.view()
            reader.view()
            reader.integer()  # per channel or per value: the same on what follows a convolution
            layer = Affine(values[: values.size // 2], values[values.size // 2 :])
        case "relu_":
            layer = Relu()
        case "max_pool_2" | "avg_pool_2":
            rows, columns, stride_y, stride_x, pad_y, pad_x = reader.integers(6)
            if (rows, stride_y, pad_y) != (columns, stride_x, pad_x):
                raise DlibFormatError("a pooling window is not square")
            layer = Pool(tag[:3], rows, stride_y, pad_y)
        case "add_prev_":
            layer = AddPrevious()
        case "fc_2":
            outputs, inputs = reader.integers(2)
            values = reader.tensor()
            reader.view()
            reader.view()
            reader.integer()  # the bias mode
            for _ in range(4):
                reader.real()
            if list(values.shape) != [inputs, outputs, 1, 1]:
                raise DlibFormatError("the dense layer has a bias or another size")
            layer = Dense(values.reshape(inputs, outputs))
        case _:
            raise DlibFormatError(f"it has a layer {tag[:24]!r}")
    for _ in range(3):
        reader.flag()
    for _ in range(3):
        reader.tensor()
    return layer


def read_face_network(data: bytes) -> list[Layer]:
    """The layers of a dlib metric network in the order in which they run, from the file's bytes.

    Raises DlibFormatError with the byte and the reason when the file is anything else.
    """
    reader = _Reader(data)
    reader.expect(1)  # the loss layer's version
    if reader.text() != "loss_metric_2":
        raise DlibFormatError("it is not a network trained with dlib's metric loss")
    reader.real()  # margin
    reader.real()  # distance threshold, 0.6
    while True:  # down through the layers' versions (2: layer, 1: tag or skip) to the input's (3)
        version = reader.integer()
        if version == 3:
            break
        if version not in (1, 2):
            raise DlibFormatError(f"it has a layer of version {version}")
    if reader.text() != "input_rgb_image_sized":
        raise DlibFormatError("its input is not an RGB picture of a fixed size")
    for _ in range(3):
        reader.real()  # the mean colour
    reader.integers(2)  # rows, columns
    layers = [_layer(reader)]
    reader.expect(1)  # samples that one input expands to
    while not reader.finished:
        layers.append(_layer(reader))
    return layers
