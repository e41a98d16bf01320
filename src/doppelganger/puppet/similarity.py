"""The rotation, scale and shift that bring one set of points onto another: weighted Procrustes analysis (Umeyama 1991)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Similarity:
    """x → scale · rotation @ x + shift. ``rotation``: [3, 3]."""

    scale: float
    rotation: Floats
    shift: Floats

    def __call__(self, points: Floats) -> Floats:
        """Of [N, 3]."""
        return np.asarray(self.scale * points @ self.rotation.T + self.shift, np.float64)

    def back(self, points: Floats) -> Floats:
        """The inverse."""
        return np.asarray((points - self.shift) @ self.rotation / self.scale, np.float64)


def fit(source: Floats, target: Floats, weights: Floats) -> Similarity:
    """The similarity that brings ``source`` [N, 3] closest to ``target`` [N, 3], each point counted by ``weights`` [N]."""
    share = weights / weights.sum()
    source_mean, target_mean = share @ source, share @ target
    centred, wanted = source - source_mean, target - target_mean
    u, spectrum, v = np.linalg.svd((share[:, None] * wanted).T @ centred)
    sign = np.array([1, 1, np.sign(np.linalg.det(u) * np.linalg.det(v))])  # a rotation, never a reflection
    rotation = (u * sign) @ v
    scale = float((spectrum * sign).sum() / (share @ (centred**2).sum(1)))
    return Similarity(scale, rotation, target_mean - scale * rotation @ source_mean)


def rotation_vector(rotation: Floats) -> Floats:
    """[3, 3] → [3]: the axis times the angle in radians (Rodrigues)."""
    angle = np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1))
    axis = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]])
    return np.asarray(axis * (0.5 if angle < 1e-6 else angle / (2 * np.sin(angle))), np.float64)


def rotation_of(vector: Floats) -> Floats:
    """Back again."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-9:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross, np.float64)
