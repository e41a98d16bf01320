"""A face of the generator in numbers: its attributes and what verifiers see in it. For learning and scoring directions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import openvino
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from doppelganger.directions.reader import FaceReader, Parser
from doppelganger.directions.reading import ATTRIBUTES
from doppelganger.errors import FaceError
from doppelganger.faces.parsing import _MEAN, _STD, SIDE, _bisenet
from doppelganger.images import RGB, resize
from doppelganger.networks import Networks

NAMES = tuple(ATTRIBUTES)
LEARNT_WITH = ("SFace", "EdgeFace-S")
"""Verifiers whose embeddings the learning sees; the other two of the panel are only asked when it is scored."""


@dataclass(frozen=True)
class Measured:
    """``values``: [A] in the order of `NAMES`, NaN where a thing is missing. ``embeddings``: verifier → unit vector."""

    values: NDArray[np.float64]
    embeddings: Mapping[str, NDArray[np.float32]]

    @property
    def identity(self) -> NDArray[np.float32]:
        """The embeddings of `LEARNT_WITH` side by side, [640]."""
        return np.concatenate([self.embeddings[name] for name in LEARNT_WITH])


class Measurer:
    """Renders and measures; None for a picture in which no face can be read."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._reader = FaceReader(networks, OpenVINOParser(networks))

    def render(self, w: NDArray[np.float32]) -> RGB:
        """w+ [16, 512] → uint8 [1024, 1024, 3]."""
        return self._networks.generator.synthesise(w)

    def measure(self, w: NDArray[np.float32]) -> Measured | None:
        """w+ [16, 512] → the face's numbers."""
        image = self.render(w)
        try:
            reading = self._reader.read(image)
        except FaceError:
            return None
        embeddings = {}
        for member in self._networks.panel.members:
            embedding = member.embed(image, reading.face)
            embeddings[member.name] = embedding / np.linalg.norm(embedding)
        return Measured(np.array([reading[name] for name in NAMES]), embeddings)


class OpenVINOParser(Parser):
    """`FaceParser` converted: the same classes (but for a few pixels on borders) in a third of the time."""

    def __init__(self, networks: Networks) -> None:
        network = _BiSeNet(networks.parser._weights).eval()
        model = openvino.convert_model(network, example_input=torch.zeros(1, 3, SIDE, SIDE), input=[1, 3, SIDE, SIDE])
        settings = {"INFERENCE_NUM_THREADS": torch.get_num_threads(), "INFERENCE_PRECISION_HINT": "bf16"}
        self._compiled: Any = openvino.Core().compile_model(model, "CPU", settings)

    def parse(self, aligned: RGB) -> NDArray[np.uint8]:
        """As `FaceParser.parse`."""
        pixels = (resize(aligned, SIDE, SIDE).astype(np.float32) / 255 - np.array(_MEAN, np.float32)) / np.array(
            _STD, np.float32
        )
        scores = self._compiled(np.ascontiguousarray(pixels.transpose(2, 0, 1)[None]))[0][0]
        return np.asarray(scores.argmax(0), np.uint8)


class _BiSeNet(nn.Module):
    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self._weights = weights

    def forward(self, x: Tensor) -> Tensor:
        return _bisenet(self._weights, x)
