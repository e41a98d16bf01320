"""Realism: how far the features of one set of pictures lie from those of another. Both distances are 0 for equal sets
of pictures in the limit of many; what few pictures do to them is said at each.

The features are those of ``InceptionFeatures``; the mathematics takes any.
"""

import numpy as np
from numpy.typing import NDArray

from doppelganger.evaluation.inception import InceptionFeatures

__all__ = ["InceptionFeatures", "frechet_distance", "kernel_distance"]


def frechet_distance(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """FID of features [N, D] and [M, D]: the squared Fréchet distance of the Gaussians with their means and covariances,
    |μa − μb|² + tr Σa + tr Σb − 2 tr (Σa Σb)^½ (Heusel et al. 2017, arXiv:1706.08500, eq. 6; Dowson and Landau 1982).

    It is biased upward, the more the fewer pictures there are, and by another amount for each set (Bińkowski et al. 2018;
    Chong and Forsyth 2020): compare only values with equal N and M, and name both. With N or M ≤ D the covariances have
    no full rank; the value still exists, and says little beside ``kernel_distance``. With the root X of a covariance,
    Σ = XᵀX, the last trace is the sum of the singular values of Xa Xbᵀ, so that no root of a nearly singular
    product is taken.

    Raises:
        ValueError: a set has fewer than two rows, or their D differ.
    """
    x, y = _checked(a), _checked(b)
    _same_width(x, y)
    p, q = _root(x), _root(y)
    shared = np.linalg.svd(p @ q.T, compute_uv=False).sum()
    shift = x.mean(0) - y.mean(0)
    return float(max(shift @ shift + np.square(p).sum() + np.square(q).sum() - 2 * shared, 0))


def kernel_distance(
    a: NDArray[np.floating], b: NDArray[np.floating], subset: int = 1000, subsets: int = 100, seed: int = 0
) -> float:
    """KID of features [N, D] and [M, D]: the unbiased estimate of the squared maximum mean discrepancy with the kernel
    (x·y / D + 1)³ (Bińkowski et al. 2018, arXiv:1801.01401; Gretton et al. 2012, eq. 3).

    Unbiased for any N and M, so it is often below 0 for equal distributions; few pictures only spread it. Where a set
    has more than ``subset`` rows, the mean over ``subsets`` seeded draws of so many rows without replacement, as published.

    Raises:
        ValueError: a set has fewer than two rows, or their D differ.
    """
    x, y = _checked(a), _checked(b)
    _same_width(x, y)
    if max(len(x), len(y)) <= subset:
        return _mmd(x, y)
    random = np.random.default_rng(seed)

    def some(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return rows[random.choice(len(rows), min(subset, len(rows)), replace=False)]

    return float(np.mean([_mmd(some(x), some(y)) for _ in range(subsets)]))


def _checked(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    x = np.asarray(rows, np.float64)
    if x.ndim != 2 or len(x) < 2:
        raise ValueError("A distance of distributions needs at least two pictures in each set.")
    return x


def _same_width(x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"Features of {x.shape[1]} and of {y.shape[1]} numbers cannot be compared.")


def _root(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """R [min(N, D), D] with RᵀR = the covariance of rows [N, D], divided by N − 1."""
    centred = (x - x.mean(0)) / np.sqrt(len(x) - 1)
    return np.asarray(np.linalg.qr(centred, mode="r") if len(x) > x.shape[1] else centred, np.float64)


def _mmd(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    def kernel(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((p @ q.T / p.shape[1] + 1) ** 3, np.float64)

    def among(p: NDArray[np.float64]) -> float:
        table = kernel(p, p)
        return float((table.sum() - np.trace(table)) / (len(p) * (len(p) - 1)))

    return among(x) + among(y) - 2 * float(kernel(x, y).mean())
