"""Many small pictures on one."""

import numpy as np
from numpy.typing import NDArray

from doppelganger.images import RGB

TILE = 96
"""Pixels that a picture is enlarged to at least, each of its own a whole square."""


def sheet(pictures: NDArray[np.uint8], columns: int = 0) -> RGB:
    """[N, S, S, 3] → rows of them, a pixel of white between. ``columns``: 0 for about a square."""
    columns = columns or int(np.ceil(np.sqrt(len(pictures))))
    factor = max(1, TILE // pictures.shape[1])
    side = pictures.shape[1] * factor + 1
    rows = -(-len(pictures) // columns)
    whole = np.full((rows * side - 1, columns * side - 1, 3), 255, np.uint8)
    for i, picture in enumerate(pictures):
        top, left = i // columns * side, i % columns * side
        whole[top : top + side - 1, left : left + side - 1] = picture.repeat(factor, 0).repeat(factor, 1)
    return whole
