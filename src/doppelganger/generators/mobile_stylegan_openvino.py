"""MobileStyleGAN-FFHQ on OpenVINO: the fast inference form of the embedded generator.

The published graph takes one w. Here each of its modulations is given its own row of a w+, and another that is added to its
scales, which changes no constant.
"""

from functools import cached_property

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops

from doppelganger.generators.mobile_stylegan import S_ROWS, W_DIM, W_ROWS, place_of
from doppelganger.generators.protocol import Latent
from doppelganger.weights import Store

MEAN_SAMPLES, MEAN_SEED = 10_000, 0
"""w_mean is the average of that many mapped z (StyleGAN2's projector uses 10,000 samples as well)."""


def with_latent_rows(model: ov.Model) -> ov.Model:
    """The synthesis graph with its single style input replaced by a latent in StyleSpace, float32 [39, 512]."""
    style = model.inputs[0].get_node()
    latent = ops.parameter([S_ROWS, W_DIM], np.float32, name="latent")
    for target in list(style.output(0).get_target_inputs()):
        node = target.get_node()
        if node.get_type_name() == "MatMul":
            row, number = place_of(node.input(1).get_source_output().get_node().get_friendly_name())
            driven = list(node.output(0).get_target_inputs())
            k, channels = W_ROWS + number, node.output(0).get_partial_shape()[1].get_length()
            offsets = ops.slice(latent, [k, 0], [k + 1, channels], [1, 1], [0, 1])
            moved = ops.add(node, ops.divide(offsets, ops.constant(_gain(node))))
            for one in driven:
                one.replace_source_output(moved.output(0))
            source = ops.slice(latent, [row], [row + 1], [1], [0]).output(0)
        else:  # a ShapeOf that reads the batch size, which is 1
            source = ops.constant(np.zeros((1, W_DIM), np.float32)).output(0)
        target.replace_source_output(source)
    return ov.Model([r.get_node() for r in model.outputs], [latent], "mobile_stylegan_in_stylespace")


def _gain(product: ov.Node) -> np.float32:
    """The layer's equalised-learning-rate factor: product → plus bias → reshaped → times the factor, where it has one."""
    reshaped = _follower(_follower(product))
    after = _follower(reshaped)
    for source in after.inputs():
        factor = source.get_source_output().get_node()
        if factor.get_type_name() == "Constant" and after.get_type_name() == "Multiply":
            return np.float32(factor.get_data().item())
    return np.float32(1)


def _follower(node: ov.Node) -> ov.Node:
    return next(iter(node.output(0).get_target_inputs())).get_node()


RECENT = 24
"""Faces kept: 75 MB."""


class MobileStyleGAN:
    """The embedded generator, 1024², on the CPU. Loading is lazy: the mapping takes milliseconds, the synthesis a second."""

    name = "MobileStyleGAN-FFHQ"
    resolution = 1024
    w_rows = W_ROWS
    s_rows = S_ROWS

    def __init__(self, store: Store) -> None:
        self._store = store
        self._core = ov.Core()
        self._recent: dict[bytes, NDArray[np.uint8]] = {}

    def _files(self, network: str) -> tuple[str, str]:
        return tuple(str(self._store.path(f"mobilestylegan-{network}-{kind}")) for kind in ("xml", "bin"))  # type: ignore[return-value]

    @cached_property
    def _mapping(self) -> ov.CompiledModel:
        model = self._core.read_model(*self._files("mapping"))
        model.reshape([-1, W_DIM])
        return self._core.compile_model(
            model, "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        )

    @cached_property
    def _synthesis(self) -> ov.CompiledModel:
        model = with_latent_rows(self._core.read_model(*self._files("synthesis")))
        return self._core.compile_model(
            model, "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        )

    def load(self) -> None:
        """Compile the synthesis now, which keeps one core busy for a second, instead of at the first face."""
        _ = self._synthesis

    def map(self, z: Latent) -> Latent:
        """Standard normal z, [B, 512], → w, float32 [B, 512]."""
        return np.array(self._mapping(np.asarray(z, np.float32))[0])

    @cached_property
    def w_mean(self) -> Latent:
        """The mean of W, float32 [512]."""
        return np.asarray(self.sample(MEAN_SAMPLES, MEAN_SEED).mean(0), np.float32)

    def sample(self, count: int, seed: int) -> Latent:
        """``count`` draws from W (truncation 1), float32 [count, 512]."""
        return self.map(np.random.default_rng(seed).standard_normal((count, W_DIM), np.float32))

    def synthesise_float(self, w: Latent) -> NDArray[np.float32]:
        """w [512], w+ [16, 512] or that with offsets of the scales [39, 512] → [3, 1024, 1024] in about [−1, 1]."""
        latent = np.asarray(w, np.float32)
        rows = np.zeros((S_ROWS, W_DIM), np.float32)
        rows[: len(latent) if len(latent) == S_ROWS else W_ROWS] = latent
        return np.array(self._synthesis(rows)[0][0])

    def synthesise(self, w: Latent) -> NDArray[np.uint8]:
        """Any latent → uint8 [1024, 1024, 3] RGB. The last faces are kept: a run asks for some of them again."""
        key = np.asarray(w, np.float32).tobytes()
        if key not in self._recent:
            image = self.synthesise_float(w)
            image *= 127.5
            image += 128.0
            np.clip(image, 0, 255, out=image)
            self._recent[key] = np.ascontiguousarray(image.astype(np.uint8).transpose(1, 2, 0))
            if len(self._recent) > RECENT:
                self._recent.pop(next(iter(self._recent)))
        return self._recent[key].copy()

    def forget(self) -> None:
        """Let go of the last faces."""
        self._recent.clear()
