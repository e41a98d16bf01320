"""An ONNX file as a plain list of nodes and constants."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

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
