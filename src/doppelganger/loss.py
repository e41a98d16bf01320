"""The loss that both searches minimise: how unlike two aligned faces are, with gradients; and the pull of w+ rows together."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from doppelganger.arithmetic import has_bfloat16
from doppelganger.generators.mobile_stylegan import haar
from doppelganger.lpips import LPIPS

FACE = (slice(72, 216), slice(56, 200))
"""Rows and columns of a 256² aligned portrait that hold the face: brows to chin, ear to ear."""


def pyramid(portrait: NDArray[np.uint8], resolutions: tuple[int, ...], device: torch.device) -> dict[int, Tensor]:
    """A square uint8 portrait → {resolution: [1, 3, r, r] in [−1, 1]}, reduced by area."""
    full = torch.from_numpy(portrait).to(device).permute(2, 0, 1)[None].float() / 127.5 - 1
    return {r: F.interpolate(full, (r, r), mode="area") for r in resolutions}


def spread(v: Tensor) -> Tensor:
    """How far the rows of a w+ lie from their mean: 0 for one w."""
    return (v - v.mean(-2, keepdim=True)).square().mean()


class Likeness:
    """The loss: LPIPS of the picture, of the face alone, and squared error, against one portrait. Features are kept; they are
    bfloat16's where the device multiplies it itself.

    A 512² face is looked at anew at that size; a 256² one by the features that are there, those at the face.
    """

    def __init__(
        self,
        portrait: NDArray[np.uint8],
        lpips: LPIPS,
        pixel_weight: float,
        face_weight: float,
        device: torch.device,
        detail_weight: float = 0.0,
    ) -> None:
        lpips = lpips.halved() if has_bfloat16(device) else lpips
        self._lpips, self._pixel_weight, self._face_weight = lpips, pixel_weight, face_weight
        self._detail_weight = detail_weight
        targets = pyramid(portrait, (512, 256), device)
        self._target = targets[256]
        self._details = haar(pyramid(portrait, (1024,), device)[1024])[:, 3:] if detail_weight else None
        with torch.no_grad():
            self._features = lpips.features(self._target)
            self._face = lpips.features(crop_face(targets[512]))
        mask = torch.zeros(1, 1, 256, 256, device=device)
        mask[0, 0][FACE] = 1
        self._masks = [F.interpolate(mask, f.shape[-2:], mode="area") for f in self._features]

    def of_wavelets(self, coefficients: Tensor) -> tuple[Tensor, Tensor]:
        """Finest Haar coefficients [1, 12, 512, 512] → LPIPS at 256², and the whole loss, that of the details with it."""
        perceptual, loss = self(coefficients[:, :3] / 2)
        if self._details is not None:
            loss = loss + self._detail_weight * F.mse_loss(coefficients[:, 3:], self._details)
        return perceptual, loss

    def __call__(self, face: Tensor) -> tuple[Tensor, Tensor]:
        """[1, 3, r, r], r 256 or 512 → LPIPS at 256², and the whole loss."""
        small = F.avg_pool2d(face, 2) if face.shape[-1] == 512 else face
        features = self._lpips.features(small)
        perceptual = self._lpips.distance(features, self._features).mean()
        if face.shape[-1] == 512:
            of_face = self._lpips.distance(self._lpips.features(crop_face(face)), self._face).mean()
        else:
            of_face = self._lpips.distance(features, self._features, self._masks).mean()
        return perceptual, perceptual + self._pixel_weight * F.mse_loss(
            small, self._target
        ) + self._face_weight * of_face


def crop_face(images: Tensor) -> Tensor:
    """[B, 3, r, r] aligned → the part that holds the face."""
    factor = images.shape[-1] // 256
    rows, columns = (slice(s.start * factor, s.stop * factor) for s in FACE)
    return images[..., rows, columns]
