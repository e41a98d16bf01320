"""A triangle mesh drawn as a map: for every pixel of the picture, where in the texture its colour lies.

Triangles are painted in the order given, so later ones hide earlier ones; inside each the map is affine. With a thousand
triangles the map of 512² takes a few milliseconds on one core, without a GPU.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Triangles = NDArray[np.int32]

_SHIFT = 4  # binary digits of a pixel to which corners are placed


def texture_map(corners: Floats, texture: Floats, triangles: Triangles, size: int) -> tuple[Floats, Floats]:
    """x and y in the texture for every pixel of ``size``²: two float32 [size, size].

    ``corners``: [N, 2] in pixels of the picture. ``texture``: [N, 2], where each lies in the texture. ``triangles``: [T, 3] in the
    order of painting. Pixels that none covers lie outside of the texture, at −1e4.
    """
    rows = affine_rows(corners, texture, triangles)
    labels = np.zeros((size, size), np.uint16)
    rows = np.concatenate([np.array([[0, 0, -1e4, 0, 0, -1e4]], np.float32), rows])
    # cut off far outside, where OpenCV's fixed-point numbers would overflow
    placed = np.rint(np.clip(corners, -4 * size, 5 * size)[triangles] * (1 << _SHIFT)).astype(np.int32)
    for number, triangle in enumerate(placed, 1):
        cv2.fillConvexPoly(labels, triangle, number, cv2.LINE_8, _SHIFT)
    at = np.arange(size, dtype=np.float32)
    chosen = rows[labels]
    x = chosen[..., 0] * at + chosen[..., 1] * at[:, None] + chosen[..., 2]
    y = chosen[..., 3] * at + chosen[..., 4] * at[:, None] + chosen[..., 5]
    return x, y


def affine_rows(corners: Floats, texture: Floats, triangles: Triangles) -> Floats:
    """[T, 6]: a b c d e f of x' = a x + b y + c, y' = d x + e y + f of every triangle. Where one has no area the map is
    constant."""
    a, b, c = (corners[triangles[:, k]].astype(np.float64) for k in range(3))
    ta, tb, tc = (texture[triangles[:, k]].astype(np.float64) for k in range(3))
    ab, ac, tab, tac = b - a, c - a, tb - ta, tc - ta
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    safe = np.where(np.abs(area) < 1e-3, np.inf, area)[:, None]
    by_x = (tab * ac[:, 1:] - tac * ab[:, 1:]) / safe
    by_y = (tac * ab[:, :1] - tab * ac[:, :1]) / safe
    constant = ta - by_x * a[:, :1] - by_y * a[:, 1:]
    return np.stack([by_x, by_y, constant], 2).reshape(len(triangles), 6).astype(np.float32)
