"""Other networks than those that steer a face, for judging what was reached: age and sex, happiness, head pose.

Age, sex and expression: the tiny networks of face-api.js (Mühler 2018–2019), separable convolutions on 112² crops; written
here over their published numbers after the library's layers. Pose: WHENet (Zhou and Gregson 2020, "WHENet: Real-time
Fine-Grained Estimation for Wide Range Head Pose"). None of them shares numbers or training with `attributes.AgeSexEstimator` or
MediaPipe's mesh.
"""

from functools import cached_property
from typing import Any

import cv2
import numpy as np
import openvino
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from doppelganger.faces.alignment import warp
from doppelganger.faces.attributes import Attributes
from doppelganger.faces.landmarks import Landmarks
from doppelganger.faces.tfjs import read_tensors
from doppelganger.images import RGB
from doppelganger.weights import Store

Tensors = dict[str, Tensor]

_SIDE = 112
_MEANS = (122.782, 117.001, 104.298)
_PADDING = 0.2  # of the box around the points in all: face-api.js' own crop for faces with landmarks
_BROWS_AND_JAW = slice(0, 468)
_POSE_SIDE = 224
_POSE_MARGIN = 0.1
"""Of the longer side of the mesh's box, on every side; between 0 and 0.2 the answers hardly differ."""
_POSE_MEAN, _POSE_STD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)


class SecondOpinion:
    """All three on the CPU, each loaded when first asked; the store delivers them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def age_sex(self, image: RGB, landmarks: Landmarks) -> Attributes:
        """Age in years and probability of a woman, of the face whose landmarks were measured in this uint8 [H, W, 3] picture."""
        with torch.inference_mode():
            pooled = F.avg_pool2d(_tiny_xception(self._age_sex, _crop(image, landmarks)), 7).flatten(1)
            age = _dense(self._age_sex, "fc/age", pooled)
            male = _dense(self._age_sex, "fc/gender", pooled).softmax(1)[0, 0]
        return Attributes(float(age), float(1 - male))

    def happiness(self, image: RGB, landmarks: Landmarks) -> float:
        """Probability, 0–1, of a happy expression among seven."""
        with torch.inference_mode():
            pooled = F.avg_pool2d(_dense_blocks(self._expression, _crop(image, landmarks)), 7).flatten(1)
            return float(_dense(self._expression, "fc", pooled).softmax(1)[0, 1])

    def yaw(self, image: RGB, landmarks: Landmarks) -> float:
        """Degrees, positive towards the person's left, as `Landmarks.yaw`."""
        crop = _square(image, landmarks, _POSE_MARGIN, _POSE_SIDE).astype(np.float32) / 255
        outputs = self._pose(((crop - _POSE_MEAN) / _POSE_STD)[None])
        return -float(np.ravel(outputs[0])[0])  # its own counts towards the right

    @cached_property
    def _age_sex(self) -> Tensors:
        return self._tensors("second-age-sex")

    @cached_property
    def _expression(self) -> Tensors:
        return self._tensors("second-expression")

    def _tensors(self, name: str) -> Tensors:
        return read_tensors(self._store.path(f"{name}-manifest"), self._store.path(f"{name}-numbers"))

    @cached_property
    def _pose(self) -> Any:
        settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
        return openvino.Core().compile_model(str(self._store.path("second-pose")), "CPU", settings)


def _crop(image: RGB, landmarks: Landmarks) -> Tensor:
    """[1, 3, 112, 112], normalised: the box around the points and a little more, its shorter side padded with black."""
    points = landmarks.points[_BROWS_AND_JAW]
    low, high = points.min(0), points.max(0)
    grown = (high - low) * (1 + _PADDING)
    scale = _SIDE / float(grown.max())
    offset = _SIDE / 2 - 0.5 - scale * (low + high) / 2
    transform = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]], np.float32)
    crop = np.asarray(warp(image, transform, _SIDE, _SIDE)).copy()
    across, down = (np.abs(np.arange(_SIDE) - _SIDE / 2 + 0.5) > scale * side / 2 for side in grown)
    crop[:, across], crop[down] = 0, 0
    pixels = torch.from_numpy(crop).permute(2, 0, 1)[None].float()
    return (pixels - torch.tensor(_MEANS)[:, None, None]) / 255


def _square(image: RGB, landmarks: Landmarks, margin: float, side: int) -> NDArray[np.uint8]:
    """uint8 [side, side, 3]: the upright square around the mesh with ``margin`` of its longer side on every side; the picture is
    mirrored at its edge."""
    points = landmarks.points[_BROWS_AND_JAW]
    low, high = points.min(0), points.max(0)
    scale = side / float((high - low).max() * (1 + 2 * margin))
    offset = side / 2 - 0.5 - scale * (low + high) / 2
    transform = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]], np.float32)
    return np.asarray(warp(image, transform, side, side, cv2.BORDER_REFLECT_101), np.uint8)


def _tiny_xception(weights: Tensors, x: Tensor) -> Tensor:
    """[B, 3, 112, 112] → [B, 512, 7, 7]."""
    x = F.relu(_same(weights, "entry_flow/conv_in", x, 2))
    x = _reduction(weights, "entry_flow/reduction_block_0", x, active=False)
    x = _reduction(weights, "entry_flow/reduction_block_1", x)
    for i in range(2):
        y = x
        for k in range(3):
            y = _separable(weights, f"middle_flow/main_block_{i}/separable_conv{k}", F.relu(y))
        x = x + y
    x = _reduction(weights, "exit_flow/reduction_block", x)
    return F.relu(_separable(weights, "exit_flow/separable_conv", x))


def _reduction(weights: Tensors, name: str, x: Tensor, active: bool = True) -> Tensor:
    y = _separable(weights, f"{name}/separable_conv0", F.relu(x) if active else x)
    y = _separable(weights, f"{name}/separable_conv1", F.relu(y))
    y = F.max_pool2d(_pad_same(y, 3, 2, -float("inf")), 3, 2)
    return y + _same(weights, f"{name}/expansion_conv", x, 2)


def _dense_blocks(weights: Tensors, x: Tensor) -> Tensor:
    """[B, 3, 112, 112] → [B, 256, 7, 7]: four blocks, each halving the size and adding up what its convolutions gave."""
    for i in range(4):
        first = f"dense{i}/conv0"
        total = F.relu(_same(weights, first, x, 2) if i == 0 else _separable(weights, first, x, 2))
        last = total
        for k in (1, 2, 3):
            total = total + _separable(weights, f"dense{i}/conv{k}", last)
            last = F.relu(total)
        x = last
    return x


def _separable(weights: Tensors, name: str, x: Tensor, stride: int = 1) -> Tensor:
    kernel = weights[f"{name}/depthwise_filter"]
    x = F.conv2d(_pad_same(x, 3, stride), kernel, stride=stride, groups=x.shape[1])
    return F.conv2d(x, weights[f"{name}/pointwise_filter"], weights[f"{name}/bias"])


def _same(weights: Tensors, name: str, x: Tensor, stride: int) -> Tensor:
    kernel = weights[f"{name}/filters"]
    return F.conv2d(_pad_same(x, kernel.shape[-1], stride), kernel, weights[f"{name}/bias"], stride=stride)


def _pad_same(x: Tensor, kernel: int, stride: int, value: float = 0.0) -> Tensor:
    """TensorFlow's "same": the odd pixel of padding comes last."""
    missing = max(0, (-(-x.shape[-1] // stride) - 1) * stride + kernel - x.shape[-1])
    return F.pad(x, (missing // 2, missing - missing // 2) * 2, value=value)


def _dense(weights: Tensors, name: str, x: Tensor) -> Tensor:
    return F.linear(x, weights[f"{name}/weights"], weights[f"{name}/bias"])
