"""An ONNX file as a module."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from doppelganger.onnx_torch.graph import read_graph
from doppelganger.onnx_torch.lowering import lower
from doppelganger.onnx_torch.merging import simplify


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
            step = lower(node, graph.constants)
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
