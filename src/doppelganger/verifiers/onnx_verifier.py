"""What SFace, ArcFace and EdgeFace share: the 112² five-point crop, an ONNX file, the cosine distance."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import openvino as ov

from doppelganger.faces.detector import Face, FaceDetector
from doppelganger.images import RGB
from doppelganger.verifiers.alignment import ARCFACE_SIZE, arcface_transform, crop
from doppelganger.verifiers.face_of import largest_face
from doppelganger.verifiers.protocol import Embedding, Metric, OperatingPoint, Threshold, Transform, measure
from doppelganger.verifiers.thresholds import Published, thresholds_of
from doppelganger.weights import Store

if TYPE_CHECKING:
    from doppelganger.onnx_torch.network import OnnxNetwork


class OnnxVerifier:
    """A recogniser from an ONNX file; a subclass states which one and what it expects."""

    name: str
    licence: str
    metric: Metric = "cosine"
    crop_size = ARCFACE_SIZE
    weight: ClassVar[str]
    """Its name in the weights store."""
    published: ClassVar[Published | None]
    input_scale: ClassVar[float]
    input_offset: ClassVar[float]
    """The file wants x · input_scale + input_offset of RGB x in [−1, 1]."""

    def __init__(self, store: Store, detector: FaceDetector | None = None) -> None:
        self._store = store
        self._detector = detector

    @property
    def thresholds(self) -> Mapping[OperatingPoint, Threshold]:
        """Both operating points."""
        return thresholds_of(self.name, self.published)

    def load(self) -> None:
        """Compile the network."""
        _ = self._compiled

    def crop_transform(self, image: RGB, face: Face) -> Transform:
        """From the detector's five points alone; ``image`` is not looked at."""
        return arcface_transform(face.points)

    def embed(self, image: RGB, face: Face | None = None) -> Embedding:
        """float32 [D], not normalised. Raises NoFaceError when ``face`` is not given and none is found."""
        if face is None:
            self._detector = self._detector or FaceDetector(self._store)
            face = largest_face(self._detector, image)
        picture = crop(image, self.crop_transform(image, face), self.crop_size)
        return self.embed_crop(picture)

    def embed_crop(self, picture: RGB) -> Embedding:
        """uint8 [112, 112, 3], already aligned → float32 [D]."""
        x = picture.transpose(2, 0, 1)[None].astype(np.float32)
        x = x * np.float32(self.input_scale / 127.5) + np.float32(self.input_offset - self.input_scale)
        return np.array(self._compiled(x)[0][0], np.float32)

    def distance(self, a: Embedding, b: Embedding) -> float:
        """1 − cos."""
        return measure(self.metric, a, b)

    def network(self) -> "OnnxNetwork":
        """The same network in PyTorch; see `OnnxNetwork`."""
        from doppelganger.onnx_torch.network import OnnxNetwork  # torch is slow to import; verifying needs none

        return OnnxNetwork(self._store.path(self.weight), scale=self.input_scale, offset=self.input_offset)

    @cached_property
    def _compiled(self) -> ov.CompiledModel:
        core = ov.Core()
        model = core.read_model(str(self._store.path(self.weight)))
        model.reshape([1, 3, self.crop_size, self.crop_size])
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        return core.compile_model(model, "CPU", settings)
