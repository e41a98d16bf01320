"""Could the source photo be found by its picture alone, as an image search does it, without any face recogniser?"""

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.images import RGB, resize_area

MAX_BITS = 14
"""Hashes that differ in at most so many of 64 bits tie two pictures together (the number is always even). Of the 276 pairs
of 24 unrelated aligned portraits none is nearer than 16 (median 30), nor of 1,440 pairs of a portrait and a generated face, nor
of 552 of a portrait and another one before a plain background; of 1,770 pairs of generated faces 6 are. Unaligned strangers
are further apart."""
MAX_LPIPS = 0.25
"""The same for AlexNet-LPIPS at 256²: the nearest two portraits are 0.295 apart (median 0.557), 0.292 with one of them before a
plain background; of the generated pairs 0.1 % are nearer than 0.253."""
_SIDE, _LOW = 32, 8


def perceptual_hash(image: RGB) -> NDArray[np.bool_]:
    """64 bits of a uint8 [H, W, 3] picture: its 8 × 8 lowest frequencies against their median, [64].

    The DCT hash of Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions": 32² grey pixels (reduced by
    area, which stands for its smoothing), discrete cosine transform, of which the first row and column, which hold means, are
    left out.
    """
    grey = cv2.cvtColor(resize_area(image, _SIDE, _SIDE), cv2.COLOR_RGB2GRAY)
    low = cv2.dct(grey.astype(np.float64))[1 : _LOW + 1, 1 : _LOW + 1].ravel()
    return np.asarray(low > np.median(low), np.bool_)


def hash_distance(a: RGB, b: RGB) -> int:
    """Bits of 64 in which the perceptual hashes of two pictures differ; about 30 for portraits of two people."""
    return int((perceptual_hash(a) != perceptual_hash(b)).sum())


def findable(photo: RGB, picture: RGB, lpips: float) -> bool:
    """True where ``picture`` leads to ``photo``, both aligned: by its hash, or by ``lpips`` (AlexNet at 256²) between them.

    False is no promise: other searches, and people, look at other things.
    """
    return hash_distance(photo, picture) <= MAX_BITS or lpips <= MAX_LPIPS
