"""Chains of small operators become one: batch normalisation into the convolution or the matrix before it, layer normalisation,
GELU, L2 normalisation, matrix + bias."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from doppelganger.onnx_torch.graph import Graph, Node
from doppelganger.onnx_torch.lowering import lower


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
            run = lower(node, rewriter.constants)
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
