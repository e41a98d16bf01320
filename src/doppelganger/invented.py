"""Faces of nobody, each by its seed."""

import numpy as np

from doppelganger.generators.protocol import Latent, Population

PSI = 0.75
"""Truncation (Karras, Laine, Aila 2019): how far from the mean face a draw may lie; at 1 some are deformed."""


def invented(seed: int, generator: Population, psi: float = PSI) -> Latent:
    """The face of a seed, w float32 [512]: mean + psi · (draw − mean)."""
    mean = generator.w_mean
    return np.asarray(mean + psi * (generator.sample(1, seed)[0] - mean), np.float32)
