"""Many faces by the built-in generator, for sets of pictures up to 512²: the same faces as ``MobileStyleGAN``'s, made faster.

Its last step, an inverse Haar transform to 1024², is left out: the low band is the picture's mean of 2 × 2 pixels, exactly but
where a pixel is beyond black or white, which the larger picture cuts off before the mean. And faces are made beside one another,
a thread each, where one face over all threads waits for the slowest of them at every layer.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from doppelganger.generators.mobile_stylegan import S_ROWS, W_DIM, W_ROWS
from doppelganger.generators.mobile_stylegan_openvino import with_latent_rows
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB
from doppelganger.weights import Store

SIDE = 512


class ManyFaces:
    """Latents → faces of 512². Loading takes seconds."""

    def __init__(self, store: Store) -> None:
        core = ov.Core()
        files = [str(store.path(f"mobilestylegan-synthesis-{kind}")) for kind in ("xml", "bin")]
        model = core.compile_model(
            low_band(with_latent_rows(core.read_model(*files))),
            "CPU",
            {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f32"},
        )
        self._queue = ov.AsyncInferQueue(model)
        self.at_once = len(self._queue)
        """Faces that are made beside one another."""

    def faces(self, latents: Iterable[Latent]) -> Iterator[RGB]:
        """w [512] or w+ [16, 512] each → uint8 [512, 512, 3] in the same order."""
        pictures: dict[int, RGB] = {}

        def heard(request: ov.InferRequest, number: int) -> None:
            levels = np.clip(request.get_output_tensor().data[0] * 127.5 + 128, 0, 255).astype(np.uint8)
            pictures[number] = np.ascontiguousarray(levels.transpose(1, 2, 0))

        self._queue.set_callback(heard)
        remaining = iter(latents)
        while some := list(islice(remaining, self.at_once)):
            for number, latent in enumerate(some):
                rows = np.zeros((S_ROWS, W_DIM), np.float32)
                rows[:W_ROWS] = latent
                self._queue.start_async([rows], number)
            self._queue.wait_all()
            for number in range(len(some)):
                yield pictures.pop(number)


def low_band(model: ov.Model) -> ov.Model:
    """The synthesis graph, ended before its last inverse Haar transform: [1, 3, 512, 512], half the low band.

    The transform of Haar's orthonormal basis makes each 2 × 2 pixels of sum twice their low coefficient.
    """
    node = model.outputs[0].get_node()
    while node.get_type_name() != "VariadicSplit":  # of the coefficients into low band and details
        node = next(
            source
            for source in (one.get_source_output().get_node() for one in node.inputs())
            if source.get_type_name() != "Constant"
        )
    half = ops.multiply(node.output(0), ops.constant(np.float32(0.5)))
    return ov.Model([half], model.get_parameters(), "mobile_stylegan_low_band")
