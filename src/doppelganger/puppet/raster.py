"""A triangle mesh drawn as a map: for every pixel of the picture, where in the texture its colour lies.

Triangles are painted in the order given, so later ones hide earlier ones; inside each the map is affine. With a thousand
triangles the map of 512² takes a few milliseconds on one core, without a GPU.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Triangles = NDArray[np.int32]

UNCOVERED = -1e4
"""Where pixels lie in the texture that no triangle covers."""
_LEAST_AREA = 0.3  # pixels of a triangle that is painted
_SHIFT = 4  # binary digits of a pixel to which corners are placed


def texture_map(corners: Floats, texture: Floats, triangles: Triangles, size: int) -> tuple[Floats, Floats]:
    """x and y in the texture for every pixel of ``size``²: two float32 [size, size].

    ``corners``: [N, 2] in pixels of the picture. ``texture``: [N, 2], where each lies in the texture. ``triangles``: [T, 3] in the
    order of painting. Pixels that none covers lie outside of the texture, at −1e4.
    """
    labels = painted(corners, triangles, (size, size))
    return looked_up(affine_rows(corners, texture, triangles), labels)


def painted(corners: Floats, triangles: Triangles, shape: tuple[int, int]) -> NDArray[np.uint16]:
    """[H, W]: 1 + the number of the last triangle that covers each pixel, 0 where there is none."""
    labels = np.zeros(shape, np.uint16)
    # cut off far outside, where OpenCV's fixed-point numbers would overflow
    reach = max(shape)
    placed = np.rint(np.clip(corners, -4 * reach, 5 * reach) * (1 << _SHIFT)).astype(np.int32)[triangles]
    # Polygons are filled with their edges, so one without an area would paint pixels that are not its own, with a map that is none.
    a, b, c = (corners[triangles[:, k]].astype(np.float64) for k in range(3))
    area = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2
    for number in np.flatnonzero(area > _LEAST_AREA).tolist():
        cv2.fillConvexPoly(labels, placed[number], number + 1, cv2.LINE_8, _SHIFT)
    return labels


def looked_up(rows: Floats, labels: NDArray[np.uint16]) -> tuple[Floats, Floats]:
    """x and y in the texture for every pixel of ``labels``, from the rows of `affine_rows`; −1e4 where the label is 0."""
    outside = np.array([[0, 0, UNCOVERED, 0, 0, UNCOVERED]], np.float32)
    tables = np.ascontiguousarray(np.concatenate([outside, rows]).T)
    across = np.arange(labels.shape[1], dtype=np.float32)
    down = np.arange(labels.shape[0], dtype=np.float32)[:, None]

    def column(first: int) -> Floats:
        out, part = np.take(tables[first], labels), np.take(tables[first + 1], labels)
        out *= across
        part *= down
        out += part
        out += np.take(tables[first + 2], labels, out=part, mode="clip")
        return out

    return column(0), column(3)


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
