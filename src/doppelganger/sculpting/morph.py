"""One face turning into the next: latents between them, evenly paced to the eye, and the film of them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from doppelganger.generators.mobile_stylegan import W_ROWS
from doppelganger.generators.protocol import Latent
from doppelganger.sculpting.mixing import rows_of


def between(faces: Sequence[Latent], steps: int, loop: bool = False, count: int = W_ROWS) -> list[Latent]:
    """w+ [count, 512] from each face to the next, ``steps`` a pair, slow at the faces and fast between; the last face at the end.

    ``loop``: from the last one back to the first.
    """
    stops = [rows_of(face, count) for face in faces]
    pairs = list(pairwise([*stops, stops[0]] if loop else stops))
    shares = (1 - np.cos(np.pi * np.arange(steps) / steps)) / 2
    rows = [np.asarray(a + share * (b - a), np.float32) for a, b in pairs for share in shares]
    return rows if loop else [*rows, stops[-1]]
