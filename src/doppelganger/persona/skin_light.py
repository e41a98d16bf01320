"""A face put into the light that lies on another one's skin.

In logarithms light is a sum. With *S* and *T* the smooth colours of the face's and the other's bare skin, d = log x − log S what is
left of a pixel, m its mean over the channels,

    log x' = log T + γ·m + κ·(d − m)

γ: the ratio of the contrasts that are left on both skins; κ < 1 on skin: a ruddy nose turns scarlet when fair skin is darkened.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from doppelganger.faces.parsing import Part
from doppelganger.images import RGB

Floats = NDArray[np.float32]

_SMOOTH = (
    0.055  # deviation of the Gaussian over the skin's light, in sides: finer it would carry the other one's features
)
_WORK = 256
_LIMITS, _CONTRAST = (0.25, 3.0), (0.75, 1.1)
_SKIN_COLOUR = 0.6  # κ on skin
_DARK = 8.0  # added to grey levels before logarithms are taken: black has no light to tell of
_SKIN = (Part.SKIN, Part.NOSE)
_WHITES = (Part.LEFT_EYE, Part.RIGHT_EYE, Part.MOUTH)
_WHITES_SHARE = 0.5  # of log T − log S that eyes and teeth get: white must stay white


@dataclass(frozen=True)
class SkinLight:
    """``shift``: log T − log S, float32 [H, W, 3]. ``own``: log S, [H, W, 3]. ``colour``: κ, [H, W, 1]. ``contrast``: γ."""

    shift: Floats
    own: Floats
    colour: Floats
    contrast: float

    def apply(self, face: NDArray[np.uint8] | Floats) -> Floats:
        """The face in the other light, [H, W, 3] in 0–255."""
        left = np.log(face.astype(np.float32) + np.float32(_DARK)) - self.own
        bright = left.mean(2, keepdims=True)
        lit = np.exp(self.own + self.shift + self.contrast * bright + self.colour * (left - bright)) - np.float32(_DARK)
        return np.asarray(np.clip(lit, 0, 255), np.float32)

    def tensors(self, side: int, device: torch.device) -> "SkinLightTensors":
        """The same for faces of ``side`` pixels, with gradients."""
        shift, own, colour = (shrunk(field, side, device) for field in (self.shift, self.own, self.colour))
        return SkinLightTensors(shift, own, colour, self.contrast)


@dataclass(frozen=True)
class SkinLightTensors:
    """A `SkinLight` at some size: ``shift`` and ``own`` [1, 3, S, S], ``colour`` [1, 1, S, S]."""

    shift: Tensor
    own: Tensor
    colour: Tensor
    contrast: float

    def __call__(self, face: Tensor) -> Tensor:
        """[1, 3, S, S] in about [−1, 1] → the same in the other light."""
        left = ((face.clamp(min=-1) + 1) * 127.5 + _DARK).log() - self.own
        bright = left.mean(1, keepdim=True)
        lit = (self.own + self.shift + self.contrast * bright + self.colour * (left - bright)).exp() - _DARK
        return lit / 127.5 - 1


def shrunk(field: NDArray[np.floating], side: int, device: torch.device) -> Tensor:
    """[H, W] or [H, W, C] → [1, C, side, side], by area."""
    whole = torch.from_numpy(np.atleast_3d(field).astype(np.float32)).permute(2, 0, 1)[None]
    return torch.nn.functional.interpolate(whole, (side, side), mode="area").to(device)


def light_between(face: RGB, labels: NDArray[np.uint8], other: RGB, other_labels: NDArray[np.uint8]) -> SkinLight:
    """What brings a face into the other's light, both uint8 [S, S, 3] and parsed, [512, 512]: from what is bare skin in both."""
    side = len(face)
    both = (np.isin(labels, _SKIN) & np.isin(other_labels, _SKIN)).astype(np.uint8)
    mask = _small(cv2.erode(both, np.ones((9, 9), np.uint8)))
    if mask.sum() < 100:
        nothing = np.zeros((side, side, 3), np.float32)
        return SkinLight(nothing, nothing, np.ones((side, side, 1), np.float32), 1.0)
    own, wanted = (np.log(_small(image) + np.float32(_DARK)) for image in (face, other))
    smooth, there = _smooth_over(own, mask), _smooth_over(wanted, mask)
    left, asked = ((logs - low).mean(2)[mask > 0.9] for logs, low in ((own, smooth), (wanted, there)))
    contrast = float(np.clip(np.median(np.abs(asked)) / max(float(np.median(np.abs(left))), 1e-4), *_CONTRAST))
    shift = np.clip(there - smooth, *np.log(_LIMITS))
    whites = cv2.GaussianBlur(_small(np.isin(labels, _WHITES).astype(np.uint8)), (0, 0), 1.2)[:, :, None]
    shift = shift * (1 - whites * (1 - _WHITES_SHARE))
    skin = cv2.GaussianBlur(_small(np.isin(labels, _SKIN).astype(np.uint8)), (0, 0), 1.5)[:, :, None]
    colour = 1 - (1 - _SKIN_COLOUR) * skin
    large = [cv2.resize(field, (side, side), interpolation=cv2.INTER_LINEAR) for field in (shift, smooth, colour)]
    return SkinLight(large[0], large[1], large[2][:, :, None], contrast)


def _smooth_over(logs: Floats, mask: Floats) -> Floats:
    """[N, N, 3] as seen through ``mask`` [N, N], smooth and continued beyond it: from coarse to fine, each where it can tell."""
    field = np.broadcast_to(np.median(logs[mask > 0.5], axis=0), logs.shape).astype(np.float32)
    for sigma in (4 * _SMOOTH * _WORK, 2 * _SMOOTH * _WORK, _SMOOTH * _WORK):
        near = cv2.GaussianBlur(mask, (0, 0), sigma)[:, :, None]
        finer = cv2.GaussianBlur((logs - field) * mask[:, :, None], (0, 0), sigma) / np.maximum(near, 1e-4)
        field = field + finer * np.clip(near * 3, 0, 1)
    return np.asarray(field, np.float32)


def _small(values: NDArray[np.uint8]) -> Floats:
    return np.asarray(cv2.resize(values.astype(np.float32), (_WORK, _WORK), interpolation=cv2.INTER_AREA), np.float32)
