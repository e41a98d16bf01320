"""Which pixel is skin, hair, eye …: the BiSeNet face parser on aligned portraits.

Yu et al. 2018, "BiSeNet: Bilateral Segmentation Network for Real-time Semantic Segmentation", in the variant of
face-parsing.PyTorch (zllrunning 2019): its spatial path is a feature map of the ResNet-18 (He et al. 2016) that is the
context path. The network is written over the published state dict, whose names it keeps.
"""

from enum import IntEnum

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from doppelganger.images import RGB, resize
from doppelganger.weights import Store

SIDE = 512
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, which the backbone was trained with


class Part(IntEnum):
    """The classes of CelebAMask-HQ in the network's order. LEFT and RIGHT are the
    person's own, but the network mixes them up at times (it was trained on mirrored pictures): take both together."""

    BACKGROUND = 0
    SKIN = 1
    LEFT_BROW = 2
    RIGHT_BROW = 3
    LEFT_EYE = 4
    RIGHT_EYE = 5
    GLASSES = 6
    LEFT_EAR = 7
    RIGHT_EAR = 8
    EARRING = 9
    NOSE = 10
    MOUTH = 11
    UPPER_LIP = 12
    LOWER_LIP = 13
    NECK = 14
    NECKLACE = 15
    CLOTH = 16
    HAIR = 17
    HAT = 18


class FaceParser:
    """BiSeNet on the CPU; the store delivers its state dict on first use."""

    def __init__(self, store: Store) -> None:
        self._weights = load_file(store.path("bisenet-parsing"))

    def parse(self, aligned: RGB) -> NDArray[np.uint8]:
        """uint8 [512, 512] of `Part`, for a uint8 [N, N, 3] picture in the FFHQ geometry."""
        return np.asarray(self._scores(aligned).argmax(0).numpy(), np.uint8)

    def probabilities(self, aligned: RGB) -> NDArray[np.float32]:
        """float32 [19, 512, 512]: how probable each `Part` is at each pixel; for soft masks."""
        return np.asarray(self._scores(aligned).softmax(0).numpy(), np.float32)

    @torch.inference_mode()
    def _scores(self, aligned: RGB) -> Tensor:
        pixels = torch.from_numpy(resize(aligned, SIDE, SIDE).copy()).permute(2, 0, 1).float() / 255
        pixels = (pixels - torch.tensor(_MEAN)[:, None, None]) / torch.tensor(_STD)[:, None, None]
        return _bisenet(self._weights, pixels[None])[0]


def _bisenet(weights: dict[str, Tensor], x: Tensor) -> Tensor:
    """Class scores [B, 19, H, W] of normalised pictures [B, 3, H, W]; H and W are multiples of 32."""

    def convolve(x: Tensor, conv: str, bn: str, stride: int = 1, relu: bool = True) -> Tensor:
        kernel = weights[f"{conv}.weight"]
        x = F.conv2d(x, kernel, stride=stride, padding=kernel.shape[-1] // 2)
        mean, variance = weights[f"{bn}.running_mean"], weights[f"{bn}.running_var"]
        x = F.batch_norm(x, mean, variance, weights[f"{bn}.weight"], weights[f"{bn}.bias"])
        return F.relu(x) if relu else x

    def block(x: Tensor, name: str) -> Tensor:  # the ConvBNReLU of the publication
        return convolve(x, f"{name}.conv", f"{name}.bn")

    def residual(x: Tensor, name: str, stride: int) -> Tensor:
        y = convolve(x, f"{name}.conv1", f"{name}.bn1", stride)
        y = convolve(y, f"{name}.conv2", f"{name}.bn2", relu=False)
        if f"{name}.downsample.0.weight" in weights:
            x = convolve(x, f"{name}.downsample.0", f"{name}.downsample.1", stride, relu=False)
        return F.relu(x + y)

    def refine(x: Tensor, name: str) -> Tensor:  # attention refinement
        x = block(x, f"{name}.conv")
        gate = convolve(x.mean((2, 3), keepdim=True), f"{name}.conv_atten", f"{name}.bn_atten", relu=False)
        return x * gate.sigmoid()

    def stage(x: Tensor, number: int) -> Tensor:
        name = f"cp.resnet.layer{number}"
        return residual(residual(x, f"{name}.0", 1 if number == 1 else 2), f"{name}.1", 1)

    size = x.shape[2:]
    x = convolve(x, "cp.resnet.conv1", "cp.resnet.bn1", 2)
    x = stage(F.max_pool2d(x, 3, 2, 1), 1)
    eighth = stage(x, 2)  # [B, 128, H/8, W/8]
    sixteenth = stage(eighth, 3)  # [B, 256, H/16, W/16]
    thirty_second = stage(sixteenth, 4)  # [B, 512, H/32, W/32]

    context = refine(thirty_second, "cp.arm32") + block(thirty_second.mean((2, 3), keepdim=True), "cp.conv_avg")
    context = block(F.interpolate(context, sixteenth.shape[2:]), "cp.conv_head32")
    context = refine(sixteenth, "cp.arm16") + context
    context = block(F.interpolate(context, eighth.shape[2:]), "cp.conv_head16")  # [B, 128, H/8, W/8]

    fused = block(torch.cat([eighth, context], 1), "ffm.convblk")  # feature fusion, [B, 256, H/8, W/8]
    gate = F.relu(F.conv2d(fused.mean((2, 3), keepdim=True), weights["ffm.conv1.weight"]))
    fused = fused + fused * F.conv2d(gate, weights["ffm.conv2.weight"]).sigmoid()
    scores = F.conv2d(block(fused, "conv_out.conv"), weights["conv_out.conv_out.weight"])
    return F.interpolate(scores, size, mode="bilinear", align_corners=True)
