"""A face led into the shape of another head: what is inside keeps its form, the outline becomes the head's.

Eyes, brows, nose and mouth are moved as a whole (a similarity), the outline's points go where the head's are, and a thin-plate
spline (Bookstein, "Principal Warps: Thin-Plate Splines and the Decomposition of Deformations", 1989) makes the way between smooth.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# fmt: off
OUTLINE = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)
"""The face's oval in MediaPipe's mesh, from the forehead's middle clockwise as seen."""
INSIDE = (
    33, 133, 159, 145, 362, 263, 386, 374, 70, 105, 107, 336, 334, 300, 168, 6, 197, 4, 2, 98, 327, 61, 291, 0, 17, 13, 14, 50, 280,
)
"""Eyes, brows, nose, mouth and cheeks: what keeps its shape."""
# fmt: on
_ANCHORS = (33, 133, 362, 263, 168, 4, 61, 291)  # eye corners, nose, mouth corners: they place the face as a whole
_GRID = 65  # the spline is smooth: it is evaluated at so many points a side
_STIFFNESS = 2e-4  # of the spline, against folds where the two outlines disagree much


def warp_field(points: Floats, wanted: Floats, side: int) -> Floats:
    """float32 [side, side, 2]: for each pixel of the head's picture, where in the face's picture (x, y) it comes from.

    ``points``, ``wanted``: MediaPipe's 478 points of the face and of the head, each [478, 2] in pixels of its picture, both
    ``side`` pixels wide.
    """
    placed = _similarity(points[list(_ANCHORS)], wanted[list(_ANCHORS)])
    inside = points[list(INSIDE), :2] @ placed[:, :2].T + placed[:, 2]
    outline = wanted[list(OUTLINE), :2]
    frame = np.array([[x, y] for x in (0, 0.5, 1) for y in (0, 0.5, 1) if (x, y) != (0.5, 0.5)]) * (side - 1)
    targets = np.vstack([inside, outline, frame])
    back = cv2.invertAffineTransform(placed)
    sources = np.vstack([points[list(INSIDE), :2], points[list(OUTLINE), :2], frame @ back[:, :2].T + back[:, 2]])
    axis = np.linspace(0, side - 1, _GRID)
    xs, ys = np.meshgrid(axis, axis)
    spline = _thin_plate(targets / side, sources / side, np.stack([xs.ravel(), ys.ravel()], 1) / side) * side
    coarse = spline.reshape(_GRID, _GRID, 2).astype(np.float32)
    # corners of the grid are centres of corner pixels, so it is enlarged by the same rule
    at = np.linspace(0, _GRID - 1, side, dtype=np.float32)
    map_x, map_y = np.meshgrid(at, at)
    return np.asarray(cv2.remap(coarse, map_x, map_y, cv2.INTER_LINEAR), np.float32)


def _thin_plate(centres: NDArray[np.floating], values: NDArray[np.floating], at: NDArray[np.floating]) -> Floats:
    """The spline through ``values`` [N, 2] at ``centres`` [N, 2], evaluated ``at`` [M, 2] → [M, 2]."""
    n = len(centres)

    def kernel(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.floating]:
        squared = np.square(a[:, None] - b[None]).sum(-1)
        return np.asarray(squared * np.log(np.maximum(squared, 1e-12)) / 2)

    def affine(x: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.hstack([np.ones((len(x), 1)), x])

    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = kernel(centres, centres) + _STIFFNESS * np.eye(n)
    system[:n, n:] = affine(centres)
    system[n:, :n] = affine(centres).T
    weights = np.linalg.solve(system, np.vstack([values, np.zeros((3, 2))]))
    return np.asarray(kernel(at, centres) @ weights[:n] + affine(at) @ weights[n:], np.float32)


def _similarity(source: Floats, target: Floats) -> Floats:
    """[2, 3]: the least-squares turn, scale and shift (Umeyama 1991) from [N, ≥ 2] points to others."""
    x, y = source[:, :2].astype(np.float64), target[:, :2].astype(np.float64)
    a, b = x - x.mean(0), y - y.mean(0)
    real, imaginary = (a * b).sum(), (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()
    scale = np.square(a).sum()
    linear = np.array([[real, -imaginary], [imaginary, real]]) / scale
    return np.hstack([linear, (y.mean(0) - linear @ x.mean(0))[:, None]]).astype(np.float32)
