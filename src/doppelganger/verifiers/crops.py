"""Crops a recogniser's square out of a picture, differentiably: the same bilinear sampling as its own alignment does."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor


def _pixels_from_unit(size: int) -> NDArray[np.float64]:
    """[3, 3]: PyTorch's normalised coordinates (edges of the picture at ±1) → pixel centres."""
    return np.array([[size / 2, 0, size / 2 - 0.5], [0, size / 2, size / 2 - 0.5], [0, 0, 1]])


def scaled(transform: NDArray[np.floating], factor: float) -> NDArray[np.float64]:
    """A [2, 3] transform for a picture → the one for the same picture ``factor`` times as large."""
    linear, shift = transform[:, :2] / factor, transform[:, 2]
    # centre of pixel i lies at factor·(i + 0.5) − 0.5 in the larger picture
    offset = (1 - factor) / 2
    return np.column_stack([linear, shift + transform[:, :2] @ np.array([offset, offset]) / factor])


def crop(images: Tensor, transform: NDArray[np.floating], size: int) -> Tensor:
    """[B, 3, S, S] and the transform [2, 3] from picture pixels to crop pixels → [B, 3, size, size]; edges repeat."""
    inverse = np.linalg.inv(np.vstack([transform, [0, 0, 1]]))
    theta = np.linalg.inv(_pixels_from_unit(images.shape[-1])) @ inverse @ _pixels_from_unit(size)
    theta_tensor = torch.from_numpy(theta[:2].astype(np.float32)).to(images.device)[None].expand(len(images), -1, -1)
    grid = F.affine_grid(theta_tensor, [len(images), images.shape[1], size, size], align_corners=False)
    return F.grid_sample(images, grid, align_corners=False, padding_mode="border")
