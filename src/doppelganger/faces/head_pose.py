"""Head pose: how a canonical face must be turned, moved and scaled to lie on the points seen by the camera.

After MediaPipe's face geometry module: the camera is a pinhole with 63° of vertical view; the metric scale is found by
unprojecting the points twice, each time fitting the canonical face by weighted orthogonal Procrustes analysis
(Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns").
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_VERTICAL_VIEW = 63.0  # degrees; MediaPipe's default camera, with its near plane at a distance of 1
_ROOM = 2.0  # side of the square over the mesh's, as about in the FFHQ geometry


@dataclass(frozen=True)
class CanonicalFace:
    """``vertices``: [468, 3] in centimetres, x to the person's left, y up, z to the camera. ``weights``: [468],
    what each vertex counts in the fit (0 for those that move with the expression)."""

    vertices: Doubles
    weights: Doubles

    @classmethod
    def parse(cls, metadata: bytes) -> "CanonicalFace":
        """Read MediaPipe's GeometryPipelineMetadata message (field 1 mesh, field 2 landmark id and weight)."""
        vertices = np.empty((0, 3))
        weights: dict[int, float] = {}
        for field, value in _fields(metadata):
            if field == 1:  # Mesh3d: field 3 holds x y z u v of every vertex
                numbers = np.frombuffer(b"".join(v for f, v in _fields(value) if f == 3), "<f4")
                vertices = numbers.reshape(-1, 5)[:, :3].astype(np.float64)
            elif field == 2:
                basis = dict(_fields(value))
                weights[int.from_bytes(basis[1], "little")] = float(np.frombuffer(basis[2], "<f4")[0])
        return cls(vertices, np.array([weights.get(i, 0.0) for i in range(len(vertices))]))

    def pose(self, points3d: Floats, width: float, height: float) -> Floats:
        """float32 [4, 4], canonical face → camera (centimetres, y up, the camera looks along −z).

        ``points3d``: [≥ 468, 3] in pixels of a picture of ``width`` × ``height``, depth growing away from the camera.
        """
        view = 2 * np.tan(np.radians(_VERTICAL_VIEW) / 2)  # height of the near plane
        screen = points3d[: len(self.vertices)].astype(np.float64)
        screen = np.stack([screen[:, 0] + 0.5 - width / 2, height / 2 - screen[:, 1] - 0.5, screen[:, 2]], 1)
        screen *= view / height
        depth = screen[:, 2] - screen[:, 2].mean() + 1
        scale = np.linalg.norm(self._fit(screen * [1, 1, -1])[:, 0])
        scale *= np.linalg.norm(self._fit(_unproject(screen, depth / scale))[:, 0])
        return self._fit(_unproject(screen, depth / scale)).astype(np.float32)

    def turned(self, points3d: Floats) -> float:
        """Degrees that the head is turned to the side for whoever looks at it, positive towards the person's left: its yaw in a
        square picture with the face in the middle. Near the edge of a wide picture `pose` has the angle to the camera's axis, which
        is far from it."""
        mesh = points3d[: len(self.vertices)]
        low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
        side = _ROOM * float((high - low).max())
        centred = mesh - np.append((low + high) / 2 - side / 2, 0)
        return angles(self.pose(centred, side, side))[0]

    def _fit(self, target: Doubles) -> Doubles:
        """[4, 4]: the similarity that brings the canonical vertices closest to ``target`` [468, 3]."""
        weights = self.weights / self.weights.sum()
        source_mean, target_mean = weights @ self.vertices, weights @ target
        source, centred = self.vertices - source_mean, target - target_mean
        u, spectrum, v = np.linalg.svd((weights[:, None] * centred).T @ source)
        sign = np.array([1, 1, np.sign(np.linalg.det(u) * np.linalg.det(v))])  # a rotation, never a reflection
        rotation = (u * sign) @ v
        scale = (spectrum * sign).sum() / (weights @ (source**2).sum(1))
        fit = np.eye(4)
        fit[:3, :3] = scale * rotation
        fit[:3, 3] = target_mean - fit[:3, :3] @ source_mean
        return fit


def angles(pose: Floats) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees of a [4, 4] pose: positive towards the person's left, down, clockwise as seen.

    Roll is taken last (rotation = roll · yaw · pitch), so that tilting the picture changes the roll alone.
    """
    rotation = pose[:3, :3] / np.linalg.norm(pose[:3, 0])
    yaw = np.degrees(np.arcsin(np.clip(-rotation[2, 0], -1, 1)))
    pitch = np.degrees(np.arctan2(rotation[2, 1], rotation[2, 2]))
    roll = np.degrees(np.arctan2(-rotation[1, 0], rotation[0, 0]))
    return float(yaw), float(pitch), float(roll)


def _unproject(screen: Doubles, depth: Doubles) -> Doubles:
    return np.stack([screen[:, 0] * depth, screen[:, 1] * depth, -depth], 1)


def _fields(message: bytes) -> list[tuple[int, bytes]]:
    """(field number, payload) of a protocol buffer message; varints come back as little-endian bytes."""
    fields, at = [], 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            fields.append((key >> 3, varint().to_bytes(8, "little")))
            continue
        size = {1: 8, 5: 4}.get(key & 7) or varint()
        fields.append((key >> 3, message[at : at + size]))
        at += size
    return fields
