"""The room without the person: what stands behind a head that moves."""

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.images import RGB, resize_area

Floats = NDArray[np.float32]

_DOME_EDGE = 6.0  # pixels over which a dome fades
_NEAR = (
    0.02  # sides of the picture around the person that are not trusted: a matte's edge is never quite where they end
)


def empty_room(image: RGB, alpha: Floats, size: int) -> RGB:
    """uint8 [size, size, 3]: ``image`` with the person (``alpha`` [H, W] of 0–1) filled from around them.

    Push-pull (Gortler, Grzeszczuk, Szeliski and Cohen 1996, "The Lumigraph"): means of what is known, from fine to coarse, then
    back, each level filling what the finer one does not know.
    """
    small = resize_area(image, size, size)
    person = cv2.resize(alpha, (size, size), interpolation=cv2.INTER_AREA)
    reach = 2 * max(1, round(_NEAR * size / 2)) + 1
    return filled(small, (cv2.dilate(person, np.ones((reach, reach), np.uint8)) < 0.03).astype(np.float32))


def filled(image: RGB, known: Floats) -> RGB:
    """uint8 [H, W, 3]: ``image`` where ``known`` [H, W] is 1, and where it is 0 what lies around."""
    if not known.any():
        return np.full_like(image, 128)
    levels: list[tuple[Floats, Floats]] = [(np.asarray(image * known[..., None], np.float32), known)]
    while min(levels[-1][1].shape) > 1:
        colour, weight = levels[-1]
        half = (max(1, weight.shape[1] // 2), max(1, weight.shape[0] // 2))
        levels.append((_resized(colour, half), _resized(weight, half)))
    colour, weight = levels[-1]
    whole: Floats = np.asarray(colour / np.maximum(weight, 1e-6)[..., None], np.float32)
    for colour, weight in levels[-2::-1]:
        wider = _resized(whole, (weight.shape[1], weight.shape[0]), cv2.INTER_LINEAR)
        # where little is known, it is taken as far as it goes
        whole = np.asarray(colour + wider * (1 - weight[..., None]), np.float32)
    return np.asarray(np.clip(whole.round(), 0, 255), np.uint8)


def _resized(values: Floats, size: tuple[int, int], by: int = cv2.INTER_AREA) -> Floats:
    return np.asarray(cv2.resize(values, size, interpolation=by), np.float32).reshape(
        size[1], size[0], *values.shape[2:]
    )


def widened_matte(alpha: Floats, margin: int) -> Floats:
    """A matte [S, S] of 0–1 with ``margin`` pixels more on each side, [S + 2 margin, S + 2 margin].

    At the sides and below the person goes on. Above, where the edge cuts hair off, a dome closes the head, so that it does not
    stand there like a brush when it sinks.
    """
    wide: Floats = cv2.copyMakeBorder(alpha, *4 * (margin,), cv2.BORDER_REPLICATE).astype(np.float32)
    row = wide[margin]
    height = np.zeros_like(row)
    cut = np.flatnonzero(np.diff(np.pad((row > 0.3).astype(np.int8), 1)))
    for first, after in cut.reshape(-1, 2):
        half = max((after - first) / 2, 1)
        across = (np.arange(first, after) - (first + after - 1) / 2) / half
        height[first:after] = min(0.6 * half, 0.9 * margin) * np.sqrt(np.clip(1 - across**2, 0, 1))
    above = np.arange(margin, 0, -1, dtype=np.float32)[:, None]
    wide[:margin] *= np.clip((height - above) / _DOME_EDGE + 1, 0, 1)
    wide[0] = 0
    return wide
