"""Runs the three ONNX recognisers as PyTorch modules, so that a gradient can reach the picture.

It knows the few operators that SFace, ArcFace-MobileFaceNet and EdgeFace-S consist of, nothing more. While it loads,
chains of small operators are replaced by the one PyTorch kernel that does the same (batch normalisation into the
convolution or the matrix before it, layer normalisation, GELU, L2 normalisation, matrix + bias): that is where the time
goes on a CPU.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from doppelganger.errors import WeightsError

Attribute = Any
Constants = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Node:
    """One operator of the graph: names in, names out ("" is an input left out)."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """A network as read from a file. ``constants``: name → array; ``nodes`` in an order that can be run."""

    nodes: list[Node]
    constants: Constants
    input: str
    output: str
    input_shape: tuple[int, ...]
    """[1, C, H, W]; the batch may be any number when it runs."""


def read_graph(path: Path) -> Graph:
    """Reads an ONNX file with one input [batch, C, H, W] and one output. Raises WeightsError when it is not one."""
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # protobuf's DecodeError has no common base with the others
        # that a damaged file can end in, and no types
        raise WeightsError(f"{path} cannot be read as an ONNX network; fetch it again.") from error
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise WeightsError(f"{path} is not a network with one input and one output; fetch it again.")
    nodes = [
        Node(
            node.op_type,
            tuple(node.input),
            tuple(node.output),
            {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute},
        )
        for node in graph.node
    ]
    dims = inputs[0].type.tensor_type.shape.dim
    shape = (1, *(d.dim_value for d in dims[1:]))
    return Graph(nodes, constants, inputs[0].name, graph.output[0].name, shape)


class _Rewriter:
    """The graph while it is being simplified: who makes a value and who uses it."""

    def __init__(self, graph: Graph) -> None:
        self.nodes = list(graph.nodes)
        self.constants = dict(graph.constants)
        self._output = graph.output
        self._index()

    def _index(self) -> None:
        self._makers = {name: node for node in self.nodes for name in node.outputs}
        self._users: dict[str, list[Node]] = {self._output: []}
        for node in self.nodes:
            for name in node.inputs:
                self._users.setdefault(name, []).append(node)

    def only_user(self, name: str, kind: str) -> Node | None:
        """The single node that uses ``name``, when it is of this kind."""
        users = self._users.get(name, [])
        return users[0] if len(users) == 1 and name != self._output and users[0].kind == kind else None

    def maker(self, name: str, kind: str) -> Node | None:
        """The node that makes ``name``, when it is of this kind and nobody else uses the value."""
        node = self._makers.get(name)
        return node if node and node.kind == kind and len(self._users[name]) == 1 and name != self._output else None

    def constant(self, node: Node) -> NDArray[Any] | None:
        """The constant operand of a two-operand node, whichever side it is on."""
        found = [self.constants[name] for name in node.inputs if name in self.constants]
        return found[0] if len(found) == 1 else None

    def other(self, node: Node) -> str:
        """The operand that is not constant."""
        return next(name for name in node.inputs if name not in self.constants)

    def replace(self, old: list[Node], new: Node) -> None:
        """``new`` takes the place of the last of ``old`` (all its inputs are known by then); the others vanish."""
        gone = {id(node) for node in old[:-1]}
        last = old[-1]
        self.nodes = [new if node is last else node for node in self.nodes if id(node) not in gone]
        self._index()

    def add_constant(self, name: str, value: NDArray[Any]) -> str:
        self.constants[name] = value
        return name


def _batch_norm(rewriter: _Rewriter) -> None:
    """BatchNormalization(x) = s·x + t with s = γ/√(σ²+ε), t = β − s·μ: into the weights before it where it can be."""
    for node in [n for n in rewriter.nodes if n.kind == "BatchNormalization"]:
        gamma, beta, mean, variance = (rewriter.constants[name].astype(np.float64) for name in node.inputs[1:])
        scale = gamma / np.sqrt(variance + node.attributes.get("epsilon", 1e-5))
        shift = beta - scale * mean
        before = rewriter.maker(node.inputs[0], "Conv") or rewriter.maker(node.inputs[0], "Gemm")
        key = node.outputs[0]
        if before is None:
            names = (rewriter.add_constant(f"{key}.scale", scale), rewriter.add_constant(f"{key}.shift", shift))
            rewriter.replace([node], Node("ScaleShift", (node.inputs[0], *names), node.outputs))
            continue
        weight = rewriter.constants[before.inputs[1]].astype(np.float64)  # output channel first (Gemm has transB = 1)
        bias = rewriter.constants[before.inputs[2]] if len(before.inputs) > 2 else np.zeros(len(scale))
        names = (
            rewriter.add_constant(f"{key}.weight", weight * scale.reshape(-1, *[1] * (weight.ndim - 1))),
            rewriter.add_constant(f"{key}.bias", bias * scale + shift),
        )
        folded = Node(before.kind, (before.inputs[0], *names), node.outputs, before.attributes)
        rewriter.replace([before, node], folded)


def _layer_norm(rewriter: _Rewriter) -> None:
    """ReduceMean, Sub, Pow, ReduceMean, Add ε, Sqrt, Div, Mul γ, Add β over the last axis → LayerNorm."""
    for mean in [n for n in rewriter.nodes if n.kind == "ReduceMean"]:
        chain = [mean]
        centred = rewriter.only_user(mean.outputs[0], "Sub")
        if centred is None:
            continue
        square = next((n for n in rewriter.nodes if n.kind == "Pow" and n.inputs[0] == centred.outputs[0]), None)
        for kind in ("ReduceMean", "Add", "Sqrt", "Div", "Mul", "Add"):
            last = chain[-1] if len(chain) > 1 else square
            following = last and rewriter.only_user(last.outputs[0], kind)
            if following is None:
                break
            chain.append(following)
        if len(chain) != 7 or square is None:
            continue
        epsilon, gamma, beta = (rewriter.constant(chain[i]) for i in (2, 5, 6))
        if epsilon is None or gamma is None or beta is None or mean.attributes["axes"] != [-1]:
            continue
        key = chain[-1].outputs[0]
        names = (rewriter.add_constant(f"{key}.gamma", gamma), rewriter.add_constant(f"{key}.beta", beta))
        merged = Node("LayerNorm", (mean.inputs[0], *names), chain[-1].outputs, {"epsilon": float(epsilon)})
        rewriter.replace([mean, centred, square, *chain[1:]], merged)


def _gelu(rewriter: _Rewriter) -> None:
    """x · (1 + erf(x/√2)) · ½ → GELU (the exact one)."""
    for divide in [n for n in rewriter.nodes if n.kind == "Div"]:
        chain = [divide]
        for kind in ("Erf", "Add", "Mul", "Mul"):
            following = rewriter.only_user(chain[-1].outputs[0], kind)
            if following is None:
                break
            chain.append(following)
        if len(chain) != 5 or divide.inputs[0] not in chain[3].inputs:
            continue
        expected = ((0, 2**0.5), (2, 1.0), (4, 0.5))
        found = [(rewriter.constant(chain[i]), value) for i, value in expected]
        if all(array is not None and np.allclose(array, value, rtol=1e-5) for array, value in found):
            rewriter.replace(chain, Node("Gelu", (divide.inputs[0],), chain[-1].outputs))


def _normalise(rewriter: _Rewriter) -> None:
    """x / max(‖x‖₂, ε) along the last axis, written as ReduceL2, Clip, Expand, Div → L2Normalise."""
    for norm in [n for n in rewriter.nodes if n.kind == "ReduceL2"]:
        chain = [norm]
        for kind in ("Clip", "Expand", "Div"):
            following = rewriter.only_user(chain[-1].outputs[0], kind)
            if following is None:
                break
            chain.append(following)
        if len(chain) == 4 and chain[3].inputs[0] == norm.inputs[0] and norm.attributes["axes"] == [-1]:
            epsilon = float(rewriter.constants[chain[1].inputs[1]])
            new = Node("L2Normalise", norm.inputs, chain[3].outputs, {"epsilon": epsilon})
            rewriter.replace(chain, new)


def _linear(rewriter: _Rewriter) -> None:
    """x·M with a constant M, + bias, · γ per feature → Linear with weights [out, in] (γ folded in)."""
    for product in [n for n in rewriter.nodes if n.kind == "MatMul" and n.inputs[1] in n.inputs[1:]]:
        if product.inputs[1] not in rewriter.constants:
            continue
        weight = rewriter.constants[product.inputs[1]].astype(np.float64).T
        bias = np.zeros(len(weight))
        chain = [product]
        for kind in ("Add", "Mul"):
            following = rewriter.only_user(chain[-1].outputs[0], kind)
            value = rewriter.constant(following) if following else None
            if following is None or value is None or value.shape != bias.shape:
                continue
            bias = bias + value if kind == "Add" else bias * value
            weight = weight if kind == "Add" else weight * value[:, None]
            chain.append(following)
        key = chain[-1].outputs[0]
        names = [rewriter.add_constant(f"{key}.weight", weight)]
        if bias.any():
            names.append(rewriter.add_constant(f"{key}.bias", bias))
        rewriter.replace(chain, Node("Linear", (product.inputs[0], *names), chain[-1].outputs))


def _constants(rewriter: _Rewriter) -> None:
    """Runs once, now, whatever depends on constants alone."""
    for node in list(rewriter.nodes):
        if node.inputs and all(name in rewriter.constants for name in node.inputs if name):
            run = _lower(node, rewriter.constants)
            arrays = run.function(*[torch.from_numpy(np.array(rewriter.constants[n])) for n in run.tensors])
            values = arrays if isinstance(arrays, tuple) else (arrays,)
            for name, value in zip(node.outputs, values, strict=True):
                rewriter.add_constant(name, value.numpy())
            rewriter.nodes.remove(node)
    rewriter._index()


def simplify(graph: Graph) -> Graph:
    """The same function with fewer, larger operators."""
    rewriter = _Rewriter(graph)
    for rewrite in (_constants, _batch_norm, _layer_norm, _gelu, _normalise, _linear):
        rewrite(rewriter)
    return Graph(rewriter.nodes, rewriter.constants, graph.input, graph.output, graph.input_shape)


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
class _Step:
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


def _lower(node: Node, constants: Constants) -> _Step:
    """The PyTorch call for a node. Raises NotImplementedError for one that no recogniser here has."""
    a, inputs = node.attributes, node.inputs

    def step(
        function: Callable[..., Tensor | tuple[Tensor, ...]],
        tensors: tuple[str, ...] = inputs,
        reshaped: Mapping[str, NDArray[Any]] | None = None,
    ) -> _Step:
        weights = {name: constants[name] for name in tensors if name in constants}
        return _Step(function, tensors, node.outputs, {**weights, **(reshaped or {})})

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


class OnnxNetwork(nn.Module):
    """A recogniser from its ONNX file: crops [B, 3, S, S] float32 RGB in [−1, 1] → raw embeddings [B, D].

    ``scale`` and ``offset`` turn [−1, 1] into what the file expects (x·scale + offset). Its weights are frozen:
    gradients reach the crop only.
    """

    def __init__(self, path: Path, *, scale: float = 1.0, offset: float = 0.0) -> None:
        super().__init__()
        graph = simplify(read_graph(path))
        self._scale, self._offset = scale, offset
        self._input, self._output = graph.input, graph.output
        self._keys: dict[str, str] = {}
        self._steps: list[tuple[Callable[..., Tensor | tuple[Tensor, ...]], tuple[str, ...], tuple[str, ...]]] = []
        for node in graph.nodes:
            step = _lower(node, graph.constants)
            for name, array in step.weights.items():
                if name not in self._keys:
                    self._keys[name] = f"weight_{len(self._keys)}"
                    tensor = torch.tensor(np.asarray(array), dtype=torch.float32)
                    self.register_parameter(self._keys[name], nn.Parameter(tensor, requires_grad=False))
            self._steps.append((step.function, step.tensors, step.outputs))
        self._dead = _last_uses([(tensors, outputs) for _, tensors, outputs in self._steps], self._output)
        self.eval()

    def forward(self, crops: Tensor) -> Tensor:
        """Crops [B, 3, S, S] in [−1, 1] → embeddings [B, D], not normalised."""
        values = {name: getattr(self, key) for name, key in self._keys.items()}
        values[self._input] = crops * self._scale + self._offset if (self._scale, self._offset) != (1.0, 0.0) else crops
        for (function, tensors, outputs), dead in zip(self._steps, self._dead, strict=True):
            result = function(*[values[name] for name in tensors])
            if isinstance(result, tuple):
                values.update(zip(outputs, result, strict=True))
            else:
                values[outputs[0]] = result
            for name in dead:
                values.pop(name, None)
        embedding: Tensor = values[self._output]
        return embedding


def _last_uses(steps: list[tuple[tuple[str, ...], tuple[str, ...]]], output: str) -> list[list[str]]:
    """For every step the names that nobody needs after it (so that their memory can go)."""
    seen = {output}
    dead: list[list[str]] = []
    for tensors, outputs in reversed(steps):
        names = {*tensors, *outputs} - seen
        seen |= names
        dead.append(sorted(names))
    return dead[::-1]
