"""Choosing few of many so that they lie far apart: farthest-point sampling (Gonzalez 1985, "Clustering to minimize the maximum
intercluster distance")."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def farthest_first(points: Floats, count: int, apart: float = 0.0) -> list[int]:
    """At most ``count`` indices into [N, D]: first the one nearest to the median, then always the one farthest from all chosen,
    as long as it is at least ``apart`` from them. Equal ones in the order in which they come."""
    if not len(points):
        return []
    chosen = [int(np.linalg.norm(points - np.median(points, axis=0), axis=1).argmin())]
    nearest = np.linalg.norm(points - points[chosen[0]], axis=1)
    while len(chosen) < min(count, len(points)):
        following = int(nearest.argmax())
        if nearest[following] <= max(apart, 1e-9):
            break
        chosen.append(following)
        nearest = np.minimum(nearest, np.linalg.norm(points - points[following], axis=1))
    return chosen
