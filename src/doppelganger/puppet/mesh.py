"""The mesh that moves: the 478 points of the face, and around them points of hair, neck, shoulders and room.

The face's points follow the driver. Points around it turn with the head, by a depth that curves back from the face's outline as a
skull does; from the chin down that fades. The room is not in the mesh's picture (it stands still behind), so nothing has to give
way at the head's outline. The mesh reaches beyond the picture: what comes in when the person moves is mirrored there.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from doppelganger.puppet.topology import LEFT_EYE, LEFT_IRIS, LIPS_INNER, OVAL, RIGHT_EYE, RIGHT_IRIS

Floats = NDArray[np.float32]

FACE_POINTS = 478
_RINGS = (1.16, 1.4)  # outlines around the face's, in its size
_BEYOND = 0.25  # sides of the picture by which the mesh reaches over its edge
_CELLS = 18  # of the grid beyond the rings, a side
_CURVE = 0.9  # depth gained per outward step, both in half widths of the face
_DEEPEST = 1.1  # half widths
_ALONG_REACH, _ALONG_ANGLE = 0.8, 0.2  # sizes of the face beyond its outline; radians about its middle
_NECK_FADE = 0.45  # face heights below the chin where nothing turns any more


@dataclass(frozen=True)
class Mesh:
    """``rest``: float32 [N, 3] in pixels of the picture, the face's 478 points first. ``turning``: [N], how much of the head's turn
    each takes, 0–1. ``triangles``: [T, 3]. ``layer``: [T], 0 around the face, 1 what lies behind lids and lips, 2 the face."""

    rest: Floats
    turning: Floats
    triangles: NDArray[np.int32]
    layer: NDArray[np.uint8]


def build_mesh(rest: Floats, spread: Floats, size: int) -> tuple[Mesh, Floats]:
    """Around a face at ``rest``, float32 [478, 3] in pixels of a ``size``² picture; and the whole mesh [N, 2] around ``spread``
    [478, 2], the same face with mouth and eyes open, in which every part has an area."""
    oval = rest[list(OVAL)]
    rings, grid = _rings(oval[:, :2]), _grid(oval[:, :2], size)
    around = np.concatenate([rings, grid]).astype(np.float32)
    outward, begins = _outward(around, oval)
    depth = begins + np.ptp(oval[:, 0]) / 2 * np.minimum(_CURVE * (outward - 1), _DEEPEST)
    points = np.concatenate([rest, np.hstack([around, depth[:, None]])]).astype(np.float32)

    height = rest[152, 1] - rest[10, 1]
    fade = np.clip(1 - (around[:, 1] - rest[152, 1]) / (_NECK_FADE * height), 0, 1)
    turning = np.concatenate([np.ones(FACE_POINTS), fade * fade * (3 - 2 * fade)]).astype(np.float32)

    flat = np.concatenate([spread, _rings(spread[list(OVAL)]), grid]).astype(np.float32)
    triangles = _triangles(flat)
    return Mesh(points, turning, triangles, _layers(triangles)), flat


def drawn_along(rest: Floats) -> NDArray[np.float64]:
    """[N − 478, 36]: how much of each outline point's movement every point around the face takes: a jaw that drops takes the skin
    below it along, less and less outwards. ``rest``: [N, 3]."""
    oval, around = rest[list(OVAL)], rest[FACE_POINTS:, :2]
    outward, _ = _outward(around, oval)
    middle = oval[:, :2].mean(0)
    angles = [np.arctan2(*(points - middle).T[::-1]) for points in (around, oval[:, :2])]
    apart = np.angle(np.exp(1j * (angles[0][:, None] - angles[1][None])))
    near = np.exp(-((apart / _ALONG_ANGLE) ** 2))
    share = np.clip(1 - (outward - 1) / _ALONG_REACH, 0, 1)
    return np.asarray(share[:, None] * near / near.sum(1, keepdims=True), np.float64)


def _triangles(flat: Floats) -> NDArray[np.int32]:
    """[T, 3] over the points [N, 2]. The face's outline is made of their edges: face and surroundings are triangulated apart, with
    the outline drawn as a circle, where Delaunay's triangulation has every chord between neighbours."""
    outline = np.array(OVAL, np.int64)
    oval = np.hstack([flat[outline], np.zeros((len(outline), 1), np.float32)])
    middle = oval[:, :2].mean(0)
    away = flat - middle
    direction = away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    disc = direction * _outward(flat, oval)[0][:, None]
    inside, outside = _in_mesh(), np.concatenate([outline, np.arange(FACE_POINTS, len(flat))])
    face = inside[Delaunay(disc[inside]).simplices]
    around = outside[Delaunay(disc[outside]).simplices]
    return np.concatenate([face, around[(around >= FACE_POINTS).any(1)]]).astype(np.int32)


def _in_mesh() -> NDArray[np.int64]:
    """The face's points that are corners of triangles: of an iris only the middle, as lids cover its rim."""
    return np.array([*range(RIGHT_IRIS), RIGHT_IRIS, LEFT_IRIS], np.int64)


def _rings(oval: Floats) -> Floats:
    """[M, 2]: outlines around the face's."""
    middle = oval.mean(0)
    rings = [middle + scale * (oval[:: 1 + k] - middle) for k, scale in enumerate(_RINGS)]
    return np.asarray(np.concatenate(rings), np.float32)


def _grid(oval: Floats, size: int) -> Floats:
    """[M, 2]: a grid beyond the rings."""
    middle = oval.mean(0)
    ticks = np.linspace(-_BEYOND, 1 + _BEYOND, _CELLS + 1) * (size - 1)
    grid = np.stack(np.meshgrid(ticks, ticks), 2).reshape(-1, 2)
    outline = cv2.convexHull((middle + (_RINGS[-1] + 0.15) * (oval - middle)).astype(np.float32))
    beyond = np.array([cv2.pointPolygonTest(outline, (float(x), float(y)), False) < 0 for x, y in grid])
    return np.asarray(grid[beyond], np.float32)


def _outward(points: Floats, oval: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far out each point lies along the line from the face's middle, 1 on its outline ``oval`` [K, 3]; and the outline's depth
    there."""
    middle = oval[:, :2].mean(0)
    angles = np.arctan2(*(oval[:, :2] - middle).T[::-1])
    order = np.argsort(angles)
    away = points - middle
    at = np.arctan2(away[:, 1], away[:, 0])
    reach = np.interp(at, angles[order], np.linalg.norm(oval[:, :2] - middle, axis=1)[order], period=2 * np.pi)
    depth = np.interp(at, angles[order], oval[order, 2], period=2 * np.pi)
    return np.linalg.norm(away, axis=1) / reach, depth


def _layers(triangles: NDArray[np.int32]) -> NDArray[np.uint8]:
    mouth = set(LIPS_INNER)
    eyes = (set(RIGHT_EYE) | {RIGHT_IRIS}, set(LEFT_EYE) | {LEFT_IRIS})
    layer = np.full(len(triangles), 2, np.uint8)
    for number, corners in enumerate(triangles.tolist()):
        if max(corners) >= FACE_POINTS:
            layer[number] = 0
        elif any(opening.issuperset(corners) for opening in (mouth, *eyes)):
            layer[number] = 1
    return layer
