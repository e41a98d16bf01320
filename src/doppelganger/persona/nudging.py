"""The last few degrees: a worn face bent, as a picture, to where the photo's head points and what its features do.

Directions and the search for the person leave the head some degrees off, and lips and lids a little. What is left is small enough
for a warp: the face's points as they are shown, brought onto the photo's by the points that no expression moves, say where they
should be in that pose; mouth, lids and brows go a part of the way to the photo's own. The outline stays, so the face still fits
its head.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from doppelganger.faces.landmarks import Landmarks
from doppelganger.puppet.raster import affine_rows, looked_up, painted
from doppelganger.puppet.similarity import fit
from doppelganger.puppet.topology import LEFT_EYE, LIPS_INNER, LIPS_OUTER, OVAL, RIGHT_EYE

Floats = NDArray[np.float64]

# fmt: off
_BROWS = (
    46, 53, 52, 65, 55, 70, 63, 105, 66, 107, 276, 283, 282, 295, 285, 300, 293, 334, 296, 336,
)
# fmt: on
_FEATURES = 0.6  # of the way of mouth and lids to the photo's own: the rest is how the two faces differ
_FROWN = 0.7  # of the brows' way: they say more of a mood, less of a person, and the search for the person lifts them
_MOST = 0.05  # widths of the face that a point is moved
_TAPER = 0.16  # widths of the face inside its outline at which points move freely
_GRID = 16  # cells a side of the points around the face, which stay


def bend(shown: Landmarks, asked: Landmarks, stable: Floats, side: int) -> NDArray[np.float32]:
    """float32 [side, side, 2]: for every pixel of a picture, where in the one in which a face is ``shown`` (x, y) it comes from,
    so that its features are where ``asked`` has them; both in pixels of ``side``² pictures.

    ``stable``: [478], what each point counts where heads are compared.
    """
    points = shown.points3d.astype(np.float64)
    target = wanted(points, asked.points3d.astype(np.float64), stable)
    oval = points[list(OVAL), :2].astype(np.float32)
    width = float(np.ptp(oval[:, 0]))
    depth = np.array([cv2.pointPolygonTest(oval, (float(x), float(y)), True) for x, y, _ in points]) / width
    change = (target - points)[:, :2] * np.clip(depth / _TAPER, 0, 1)[:, None]
    length = np.linalg.norm(change, axis=1, keepdims=True)
    change *= np.minimum(1, _MOST * width / np.maximum(length, 1e-9))

    ticks = np.linspace(0, side - 1, _GRID + 1)
    grid = np.stack(np.meshgrid(ticks, ticks), 2).reshape(-1, 2)
    apart = [cv2.pointPolygonTest(oval, (float(x), float(y)), True) < -0.02 * width for x, y in grid]
    still = grid[np.array(apart)]
    texture = np.concatenate([points[:468, :2], still]).astype(np.float32)
    corners = np.concatenate([points[:468, :2] + change[:468], still]).astype(np.float32)
    triangles = Delaunay(texture).simplices.astype(np.int32)
    labels = painted(corners, triangles, (side, side))
    x, y = looked_up(affine_rows(corners, texture, triangles), labels)
    bare = labels == 0
    x[bare], y[bare] = np.nonzero(bare)[1], np.nonzero(bare)[0]
    return np.stack([x, y], 2)


def wanted(points: Floats, asked: Floats, stable: Floats) -> Floats:
    """[478, 3]: the face of ``points`` in the pose of ``asked``, its mouth, lids and brows part of the way to those."""
    posed = fit(points, asked, stable)(points)
    share = np.zeros(len(points))
    share[[*LIPS_OUTER, *LIPS_INNER, *RIGHT_EYE, *LEFT_EYE]] = _FEATURES
    share[list(_BROWS)] = _FROWN
    # what lies around a feature goes along, less and less
    features = np.flatnonzero(share)
    apart = np.linalg.norm(posed[:, None, :2] - posed[None, features, :2], axis=2)
    reach = 0.06 * np.ptp(posed[:, 0])
    near = np.exp(-((apart / reach) ** 2))
    pull = near @ (share[:, None] * (asked - posed))[features] / np.maximum(near.sum(1, keepdims=True), 1e-6)
    fade = np.clip(near.max(1), 0, 1)[:, None]
    return np.asarray(posed + fade * pull, np.float64)
