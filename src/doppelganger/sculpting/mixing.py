"""Two faces in one: coarse rows of w+ from one and fine ones from the other, or a child of both.

Style mixing (Karras, Laine and Aila 2019, "A Style-Based Generator Architecture for Generative Adversarial Networks", section
3.1): coarse rows hold pose, shape of head and hair, middle ones features, fine ones colours.
"""

import numpy as np

from doppelganger.generators.mobile_stylegan import W_ROWS
from doppelganger.generators.protocol import Latent

GROUPS = ((0, 3), (3, 5), (5, 7), (7, W_ROWS))
"""Rows that act together: up to 8², 16², 32², 64² and finer."""


def rows_of(latent: Latent, count: int = W_ROWS) -> Latent:
    """w, w+ or a latent in StyleSpace → w+ [count, 512]; offsets of scales are left out."""
    rows = np.asarray(latent, np.float32)
    return np.array(np.broadcast_to(rows, (count, rows.shape[-1])) if rows.ndim == 1 else rows[:count])


def mix(coarse: Latent, fine: Latent, from_row: int = 7, count: int = W_ROWS) -> Latent:
    """w+ [count, 512]: rows below ``from_row`` (0 to count) of ``coarse``, the rest of ``fine``."""
    mixed = rows_of(coarse, count)
    mixed[from_row:] = rows_of(fine, count)[from_row:]
    return mixed


def child(a: Latent, b: Latent, seed: int, w_mean: Latent, closeness: float = 0.85) -> Latent:
    """w+ [16, 512]: every group of rows somewhere between the two parents, nearer to one or the other by chance.

    That is a mix of two pictures, and no genetics: real children are not between their parents. ``closeness``: the mean of two
    faces is nearer to the mean face than either; this is the truncation to which the distance is brought back at least.
    """
    rng = np.random.default_rng(seed)
    first, second = rows_of(a), rows_of(b)
    shares = np.concatenate([np.full(end - begin, rng.beta(1.5, 1.5)) for begin, end in GROUPS])[:, None]
    rows = shares * first + (1 - shares) * second
    wanted = closeness * np.minimum(np.linalg.norm(first - w_mean, axis=1), np.linalg.norm(second - w_mean, axis=1))
    there = np.linalg.norm(rows - w_mean, axis=1)
    return np.asarray(w_mean + (rows - w_mean) * np.maximum(1.0, wanted / np.maximum(there, 1e-6))[:, None], np.float32)
