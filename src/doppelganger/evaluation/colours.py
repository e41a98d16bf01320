"""Colours of skin, hair and irises in CIELAB, and how far apart two of them look (CIEDE2000).

Sharma, Wu and Dalal 2005, "The CIEDE2000 Color-Difference Formula". CIELAB is scikit-image's: sRGB under D65, 2° observer.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from doppelganger.faces.parsing import Part
from doppelganger.images import RGB, resize_area

Lab = tuple[float, float, float]
"""CIELAB: lightness 0–100, a* (green to red), b* (blue to yellow)."""

SKIN = (Part.SKIN, Part.NOSE)
HAIR = (Part.HAIR,)
EYES = (
    (468, (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)),
    (473, (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)),
)
"""The person's right and left eye in MediaPipe's mesh: the middle of the iris (its rim is the four points that follow) and
the edge of the lids."""
MIN_REGION = 0.002
"""Least share of the picture that skin or hair must cover, after its edge is taken off, to have a colour: a strand of
512 pixels at 512² says little of a head of hair."""
MIN_IRIS = 60
"""Least pixels of both irises together, at 1024²; two open eyes have about 1,500."""
MIDDLE = (20, 80)
"""Percentiles of lightness between which pixels count: highlights, shadows, stubble and strands of light fall outside."""
_EDGE = 4  # pixels at 512² by which the parsed regions shrink: there the parser errs and colours mix
_RING = (0.45, 0.85)  # the iris between pupil and limbus, in radii of the iris
_LID_SHADOW = 3  # pixels at 1024² next to the lids, which are lashes and shade


@dataclass(frozen=True)
class Colours:
    """Mean colour of each region; None where it is not in the picture or too small."""

    skin: Lab | None
    hair: Lab | None
    iris: Lab | None


def region_colour(image: RGB, labels: NDArray[np.uint8], parts: tuple[Part, ...]) -> Lab | None:
    """Mean colour of ``parts`` in a uint8 [N, N, 3] picture; ``labels``: `Part` of every pixel, uint8 [S, S], S ≤ N."""
    side = len(labels)
    mask = np.isin(labels, parts).astype(np.uint8)
    # what lies beyond the picture's edge is more of the same, so the region is not shrunk there
    mask = cv2.erode(mask, np.ones((2 * _EDGE + 1,) * 2, np.uint8), borderType=cv2.BORDER_REPLICATE)
    if mask.sum() < MIN_REGION * side * side:
        return None
    return middle_colour(resize_area(image, side, side)[mask.astype(bool)])


def iris_colour(image: RGB, points: NDArray[np.floating]) -> Lab | None:
    """Mean colour of both irises inside the open lids, without pupil and rim. ``points``: MediaPipe's, [478, 2]."""
    mask = np.zeros(image.shape[:2], np.uint8)
    for centre, lids in EYES:
        opening, ring = np.zeros_like(mask), np.zeros_like(mask)
        cv2.fillPoly(opening, [np.round(points[list(lids)]).astype(np.int32)], 1)
        radius = float(np.linalg.norm(points[centre + 1 : centre + 5] - points[centre], axis=1).mean())
        x, y = (round(float(c)) for c in points[centre])
        cv2.circle(ring, (x, y), max(1, round(_RING[1] * radius)), 1, cv2.FILLED)
        cv2.circle(ring, (x, y), max(1, round(_RING[0] * radius)), 0, cv2.FILLED)
        mask |= ring & cv2.erode(opening, np.ones((2 * _LID_SHADOW + 1,) * 2, np.uint8))
    if mask.sum() < MIN_IRIS:
        return None
    return middle_colour(image[mask.astype(bool)])


def middle_colour(pixels: RGB) -> Lab:
    """Mean of uint8 [N, 3] pixels in CIELAB over those whose lightness lies between the percentiles of `MIDDLE`."""
    lab = rgb2lab(pixels[None].astype(np.float64) / 255)[0]
    low, high = np.percentile(lab[:, 0], MIDDLE)
    lightness, a, b = lab[(lab[:, 0] >= low) & (lab[:, 0] <= high)].mean(0)
    return float(lightness), float(a), float(b)


def difference(a: Lab | None, b: Lab | None) -> float:
    """CIEDE2000; NaN where either is None. About 1 is the least that is seen side by side, 100 is black to white."""
    if a is None or b is None:
        return float("nan")
    return float(deltaE_ciede2000(np.array(a), np.array(b)))
