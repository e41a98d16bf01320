"""The PyTorch kernel of each operator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from doppelganger.onnx_torch.graph import Constants, Node


class _PRelu(torch.autograd.Function):
    """max(x, 0) + a·min(x, 0) with the gradient to x alone.

    PyTorch's own backward also works out ∂/∂a, which nobody asks for here. With r = ReLU'(x)·g the gradient is
    r + a·(g − r): two vectorised passes, 4 to 6 times as fast as PyTorch's or a ``torch.where``, and equal to the bit.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(x, slope)
        return F.prelu(x, slope)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        x, slope = ctx.saved_tensors
        shaped = slope.reshape(1, -1, *[1] * (x.ndim - 2))
        through = torch.ops.aten.threshold_backward(gradients[0], x, 0)
        return torch.lerp(through, gradients[0], shaped), None


def prelu(x: Tensor, slope: Tensor) -> Tensor:
    """PReLU of [B, C, …] with slopes [C], whose gradient goes to ``x`` alone; see `_PRelu`."""
    result: Tensor = _PRelu.apply(x, slope)  # type: ignore[no-untyped-call]
    return result


@dataclass(frozen=True)
class Step:
    """A call: tensors by name in, tensors by name out."""

    function: Callable[..., Tensor | tuple[Tensor, ...]]
    tensors: tuple[str, ...]
    outputs: tuple[str, ...]
    weights: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Constants that take part, in the shape in which PyTorch wants them."""


def _pair(pads: list[int]) -> tuple[int, int]:
    """ONNX pads [top, left, bottom, right] → (vertical, horizontal); the two sides must agree."""
    if pads[:2] != pads[2:]:
        raise NotImplementedError(f"padding {pads} differs between the two sides")
    return pads[0], pads[1]


def lower(node: Node, constants: Constants) -> Step:
    """The PyTorch call for a node. Raises NotImplementedError for one that no recogniser here has."""
    a, inputs = node.attributes, node.inputs

    def step(
        function: Callable[..., Tensor | tuple[Tensor, ...]],
        tensors: tuple[str, ...] = inputs,
        reshaped: Mapping[str, NDArray[Any]] | None = None,
    ) -> Step:
        weights = {name: constants[name] for name in tensors if name in constants}
        return Step(function, tensors, node.outputs, {**weights, **(reshaped or {})})

    match node.kind:
        case "Conv":
            pads = _pair(list(a.get("pads", [0, 0, 0, 0])))
            stride, dilation, groups = tuple(a["strides"]), tuple(a.get("dilations", (1, 1))), a.get("group", 1)
            return step(lambda x, w, b=None: F.conv2d(x, w, b, stride, pads, dilation, groups))
        case "AveragePool":
            if any(a.get("pads", [])) or a.get("ceil_mode", 0):
                raise NotImplementedError("AveragePool with padding or rounded up")
            size, by = tuple(a["kernel_shape"]), tuple(a["strides"])
            return step(lambda x: F.avg_pool2d(x, size, by))
        case "Relu":
            return step(F.relu)
        case "PRelu":
            slope = constants[inputs[1]].reshape(-1)
            return step(prelu, reshaped={inputs[1]: slope})
        case "Gemm":
            if a.get("alpha", 1.0) != 1.0 or a.get("beta", 1.0) != 1.0 or a.get("transA", 0):
                raise NotImplementedError("Gemm other than x·W + b or x·Wᵀ + b")
            if a.get("transB", 0):
                return step(F.linear)
            return step(F.linear, reshaped={inputs[1]: np.ascontiguousarray(constants[inputs[1]].T)})
        case "Linear":
            return step(F.linear)
        case "ScaleShift":
            ndim_channels = (1, -1, 1, 1)
            return step(lambda x, s, t: x * s.reshape(ndim_channels[: x.ndim]) + t.reshape(ndim_channels[: x.ndim]))
        case "LayerNorm":
            epsilon = a["epsilon"]
            return step(lambda x, g, b: F.layer_norm(x, (x.shape[-1],), g, b, epsilon))
        case "L2Normalise":
            epsilon = a["epsilon"]
            return step(lambda x: F.normalize(x, dim=-1, eps=epsilon))
        case "Gelu":
            return step(F.gelu)
        case "Add":
            return step(torch.add)
        case "Sub":
            return step(torch.sub)
        case "Mul":
            return step(torch.mul)
        case "Div":
            return step(torch.div)
        case "Pow":
            return step(torch.pow)
        case "Sqrt":
            return step(torch.sqrt)
        case "Erf":
            return step(torch.erf)
        case "MatMul":
            return step(torch.matmul)
        case "Dropout":
            return step(lambda x: x, inputs[:1])
        case "Flatten":
            return step(lambda x: x.flatten(1))
        case "GlobalAveragePool":
            return step(lambda x: x.mean((2, 3), keepdim=True))
        case "ReduceMean":
            axes, keep = tuple(a["axes"]), bool(a.get("keepdims", 1))
            return step(lambda x: x.mean(axes, keepdim=keep))
        case "ReduceL2":
            axes, keep = tuple(a["axes"]), bool(a.get("keepdims", 1))
            return step(lambda x: x.square().sum(axes, keepdim=keep).sqrt())
        case "Clip":
            low, high = (float(constants[n]) if n else None for n in (*inputs[1:], "", "")[:2])
            return step(lambda x: x.clamp(low, high), inputs[:1])
        case "Transpose":
            order = tuple(a["perm"])
            return step(lambda x: x.permute(order))
        case "Reshape":
            shape = tuple(int(n) for n in constants[inputs[1]])
            return step(lambda x: x.reshape(_batched(x, shape)), inputs[:1])
        case "Expand":
            shape = (-1, *(int(n) for n in constants[inputs[1]][1:]))  # the batch stays as it is
            return step(lambda x: x.expand(shape), inputs[:1])
        case "Slice":
            starts, ends, axes = (constants[name].tolist() for name in inputs[1:4])
            if len(starts) != 1:
                raise NotImplementedError("Slice over several axes")
            axis, window = axes[0], slice(starts[0], ends[0])
            return step(lambda x: x[(slice(None),) * axis + (window,)], inputs[:1])
        case "Squeeze":
            (axis,) = a["axes"]
            return step(lambda x: x.squeeze(axis))
        case "Concat":
            axis = a["axis"]
            return step(lambda *xs: torch.cat(xs, axis))
        case "Split":
            axis, sizes = a["axis"], list(a["split"])
            return step(lambda x: torch.split(x, sizes, axis))
        case "Softmax":
            axis = a["axis"]  # before opset 13 it flattened from this axis on: the same thing for the last one

            def softmax(x: Tensor) -> Tensor:
                if axis not in (-1, x.ndim - 1):
                    raise NotImplementedError("Softmax over another axis than the last")
                return x.softmax(-1)

            return step(softmax)
    raise NotImplementedError(f"the ONNX operator {node.kind}")


def _batched(x: Tensor, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The export froze a batch of one into its reshapes ([1, 196, 3, 8, −1]); this puts the batch of ``x`` there."""
    if shape[0] != 1:
        return shape
    known = 1
    for n in shape[1:]:
        known *= n if n > 0 else 1
    rest = x[0].numel() // known
    return (x.shape[0], *(n if n > 0 else rest for n in shape[1:]))
