"""The square that is trained on: the middle of the FFHQ geometry, from the brows' upper edge to below the chin, cheek to cheek.

The whole FFHQ square is half hair and background; at 64² that would leave 30 pixels for a face. The parser is still shown the whole
square, since that is the geometry it knows.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.faces.alignment import ffhq_transform, warp
from doppelganger.faces.parsing import SIDE as PARSED
from doppelganger.faces.parsing import FaceParser
from doppelganger.images import RGB
from doppelganger.inphoto import FACE

Floats = NDArray[np.float32]

SIDE = 256
"""Of a stored face in pixels."""
_LEFT, _TOP, _SHARE = 0.14, 0.235, 0.72  # of the FFHQ square; the chin of an open mouth is still inside


def face_transform(points: Floats, size: int = SIDE) -> Floats:
    """float32 [2, 3], photo pixel (x, y) → pixel of the [size, size] face, from 478 points [478, 2] in photo pixels."""
    return _within(ffhq_transform(points, size), size)


def cut(image: RGB, points: Floats, size: int = SIDE) -> RGB:
    """The face, uint8 [size, size, 3]; what lies outside the picture repeats its edge."""
    return np.asarray(warp(image, face_transform(points, size), size, size, cv2.BORDER_REPLICATE), np.uint8)


def part_probabilities(image: RGB, points: Floats, parser: FaceParser, size: int = SIDE) -> Floats:
    """float32 [19, size, size]: how probable each `Part` is at each pixel of the face."""
    whole = warp(image, ffhq_transform(points, PARSED), PARSED, PARSED, cv2.BORDER_REPLICATE)
    middle = _within(np.array([[size / PARSED, 0, 0], [0, size / PARSED, 0]], np.float32), size)
    parts = parser.probabilities(np.asarray(whole, np.uint8))
    return np.stack([cv2.warpAffine(part, middle, (size, size), flags=cv2.INTER_LINEAR) for part in parts])


def face_mask(parts: Floats) -> Floats:
    """float32 [S, S], 0–1: how surely each pixel is face (skin, brows, eyes, glasses, nose, mouth), from `part_probabilities`."""
    return np.asarray(parts[list(FACE)].sum(0).clip(0, 1), np.float32)


def _within(transform: Floats, size: int) -> Floats:
    """``transform`` to a square of ``size``, then on to the part of it that is kept, enlarged to ``size`` again."""
    scale = 1 / _SHARE
    # edges of the square are edges of pixels, whose centres have whole coordinates: hence the halves
    corner = np.array([_LEFT, _TOP]) * size
    shift = (transform[:, 2] + 0.5 - corner) * scale - 0.5
    return np.hstack([transform[:, :2] * scale, shift[:, None]]).astype(np.float32)
