"""dlib's recogniser, the one of the original software: 5 landmarks, a 150² chip, 128 numbers, Euclidean distance."""

from collections.abc import Mapping
from functools import cached_property

import dlib
import numpy as np
import torch
from numpy.typing import NDArray

from doppelganger.faces.detector import Face, FaceDetector
from doppelganger.images import RGB
from doppelganger.verifiers.alignment import similarity
from doppelganger.verifiers.dlib_network import CROP_SIZE, DlibNetwork
from doppelganger.verifiers.face_of import largest_face
from doppelganger.verifiers.protocol import Embedding, Metric, OperatingPoint, Threshold, Transform, measure
from doppelganger.verifiers.thresholds import Published, thresholds_of
from doppelganger.weights import Store

_CHIP_POINTS = np.array(
    [
        [0.8595674595992, 0.2134981538014],
        [0.6460604764104, 0.2289674387677],
        [0.1205750620789, 0.2137274526848],
        [0.3340850613712, 0.2290642403242],
        [0.4901123135679, 0.6277975316475],
    ]
)
"""Outer and inner corner of the left eye, of the right eye, base of the nose, in a face of side 1
(dlib, ``get_face_chip_details`` in ``image_transforms/interpolation.h``)."""
_PADDING = 0.25
_BOX_SIDE, _BOX_DROP = 0.84, 0.03
"""dlib's landmarks expect the box of dlib's own detector. On 60 generated faces, at two scales each, its side was 0.84
of the height of YuNet's box (spread 8 %, about the detector's own steps), its centre 0.03 heights lower (± 0.045)."""


class DlibResNet:
    """See `Verifier`. The chip is cut by dlib itself, so that it is the original's to the bit."""

    name = "dlib"
    licence = "CC0-1.0"
    crop_size = CROP_SIZE
    metric: Metric = "euclidean"
    published = Published(0.6, "dlib's dnn_face_recognition_ex.cpp and the original software (tolerance 0.6)")

    def __init__(self, store: Store, detector: FaceDetector | None = None) -> None:
        self._store = store
        self._detector = detector

    @property
    def thresholds(self) -> Mapping[OperatingPoint, Threshold]:
        """Both operating points."""
        return thresholds_of(self.name, self.published)

    def load(self) -> None:
        """Read the network and the landmarks' regression trees."""
        _ = self._network, self._predictor

    def crop_transform(self, image: RGB, face: Face) -> Transform:
        """From dlib's five landmarks, which are searched in ``image`` around the detector's box."""
        return chip_transform(self._points(image, face))

    def embed(self, image: RGB, face: Face | None = None) -> Embedding:
        """float32 [128]. Raises NoFaceError when ``face`` is not given and none is found."""
        if face is None:
            self._detector = self._detector or FaceDetector(self._store)
            face = largest_face(self._detector, image)
        return self.embed_crop(self.chip(image, face))

    def chip(self, image: RGB, face: Face) -> RGB:
        """uint8 [150, 150, 3], cut by dlib: like a warp by `crop_transform`, but smoothed before it shrinks."""
        shape = self._shape(image, face)
        return np.asarray(dlib.get_face_chip(np.ascontiguousarray(image), shape, CROP_SIZE, _PADDING), np.uint8)

    def embed_crop(self, picture: RGB) -> Embedding:
        """uint8 [150, 150, 3], already aligned → float32 [128]."""
        x = torch.from_numpy(picture.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1)
        with torch.inference_mode():
            return np.asarray(self._network(x)[0].numpy(), np.float32)

    def distance(self, a: Embedding, b: Embedding) -> float:
        """‖a − b‖."""
        return measure(self.metric, a, b)

    def network(self) -> DlibNetwork:
        """The same network, with gradients to the crop; see `DlibNetwork`."""
        return DlibNetwork(self._store.path("dlib-resnet"))

    @cached_property
    def _network(self) -> DlibNetwork:
        return self.network()

    @cached_property
    def _predictor(self) -> "dlib.shape_predictor":
        return dlib.shape_predictor(str(self._store.path("dlib-landmarks-5")))

    def _shape(self, image: RGB, face: Face) -> "dlib.full_object_detection":
        x, y, width, height = face.box
        centre_x, centre_y = x + width / 2, y + height / 2 + _BOX_DROP * height
        half = _BOX_SIDE * height / 2
        sides = (centre_x - half, centre_y - half, centre_x + half, centre_y + half)
        return self._predictor(np.ascontiguousarray(image), dlib.rectangle(*(round(side) for side in sides)))

    def _points(self, image: RGB, face: Face) -> NDArray[np.float64]:
        return np.array([[part.x, part.y] for part in self._shape(image, face).parts()], np.float64)


def chip_transform(points: NDArray[np.float64]) -> Transform:
    """dlib's chip as a matrix, image pixel → pixel of the 150² chip, from its five landmarks [5, 2].

    The similarity is fitted from the chip to the image (``chip_details``); it carries the point 75, 75 to the centre of
    the rectangle, whose corners are the centres of the chip's corner pixels (``get_mapping_to_chip``).
    """
    chip = (_PADDING + _CHIP_POINTS) / (2 * _PADDING + 1) * CROP_SIZE
    fitted = similarity(chip, points)
    centre = fitted @ np.array([CROP_SIZE / 2, CROP_SIZE / 2, 1.0])
    scale = np.sqrt(np.linalg.det(fitted[:, :2]))
    # the rectangle is CROP_SIZE · scale pixels wide, so its outermost pixels' centres are one less apart
    linear = np.linalg.inv(fitted[:, :2]) * scale * ((CROP_SIZE - 1) / (CROP_SIZE * scale - 1))
    return np.hstack([linear, ((CROP_SIZE - 1) / 2 - linear @ centre)[:, None]]).astype(np.float32)
