"""The frames of glasses in a portrait: they stay on, in front of whoever wears them.

The parser marks frames and lenses as one. Frames are what is thin and darker than its surroundings there (the black top-hat:
Serra, "Image Analysis and Mathematical Morphology", 1982), the eyes and brows behind the lenses left out.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.directions.regions import EYES
from doppelganger.faces.parsing import SIDE, Part
from doppelganger.images import RGB, resize_area

Floats = NDArray[np.float32]

_BROWS = ((70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276))
_LEAST = 0.004  # share of the picture under which there are no glasses
_THICK = 25  # pixels at 512²: wider than a rim is thick
_BRIDGE = 61  # pixels at 512²: wider than a nose's bridge
_DARKER = (10.0, 28.0)  # L* below the surroundings at which a pixel begins to be, and wholly is, a frame


def frames(portrait: RGB, labels: NDArray[np.uint8], points: Floats) -> Floats:
    """How much each pixel is the frame of glasses, float32 [S, S] in 0–1, of a uint8 [S, S, 3] portrait; all 0 without glasses.

    ``labels``: `Part` of each pixel, [512, 512]. ``points``: MediaPipe's, [478, 2] in the portrait's pixels.
    """
    side = len(portrait)
    glasses = labels == Part.GLASSES
    if glasses.mean() < _LEAST:
        return np.zeros((side, side), np.float32)
    small = resize_area(portrait, SIDE, SIDE)
    lightness = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[:, :, 0]
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_THICK, _THICK))
    darker = cv2.morphologyEx(lightness, cv2.MORPH_CLOSE, kernel) - lightness
    low, high = _DARKER
    found = np.clip((darker - low) / (high - low), 0, 1).astype(np.float32)
    # the parser often leaves out the frame's edge, and the bridge
    whole = cv2.morphologyEx(glasses.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, _BRIDGE), np.uint8))
    near = cv2.dilate(whole, np.ones((7, 7), np.uint8)).astype(np.float32)
    behind = np.zeros((SIDE, SIDE), np.uint8)
    scaled = (points[:, :2] + 0.5) * (SIDE / side) - 0.5
    for polygon, grow in (*((lids, 9) for _, lids in EYES), *((brow, 5) for brow in _BROWS)):
        one = np.zeros_like(behind)
        cv2.fillPoly(one, [cv2.convexHull(np.round(scaled[list(polygon)]).astype(np.int32))], 1)
        behind |= cv2.dilate(one, np.ones((grow, grow), np.uint8))
    found = found * near * (1 - cv2.GaussianBlur(behind.astype(np.float32), (0, 0), 2.0))
    return np.asarray(cv2.resize(cv2.GaussianBlur(found, (0, 0), 0.8), (side, side)), np.float32)
