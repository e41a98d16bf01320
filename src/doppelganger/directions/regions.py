"""Places on a face: areas between points of MediaPipe's mesh, cut to what the face parser says is there.

Everything is done at 512², the parser's side, in CIELAB (OpenCV's: sRGB under D65). Left and right are the person's own.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.faces.parsing import SIDE, Part
from doppelganger.images import RGB, resize_area

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

# fmt: off
RIGHT_CHEEK, LEFT_CHEEK = (50, 101, 118, 117, 123, 187, 205, 36), (280, 330, 347, 346, 352, 411, 425, 266)
FOREHEAD = (63, 105, 66, 107, 336, 296, 334, 293, 332, 297, 338, 10, 109, 67, 103)
MOUSTACHE = (92, 165, 167, 164, 393, 391, 322, 270, 269, 267, 0, 37, 39, 40)
CHIN = (182, 18, 406, 428, 396, 175, 171, 208)
RIGHT_JAW, LEFT_JAW = (172, 136, 150, 169, 210, 214), (397, 365, 379, 394, 430, 434)
RIGHT_LID = (33, 246, 161, 160, 159, 158, 157, 173, 133, 190, 56, 28, 27, 29, 30, 247)
LEFT_LID = (263, 466, 388, 387, 386, 385, 384, 398, 362, 414, 286, 258, 257, 259, 260, 467)
RIGHT_EYE_AREA = (70, 105, 107, 168, 197, 50, 117, 111, 35, 124)
LEFT_EYE_AREA = (300, 334, 336, 168, 197, 280, 346, 340, 265, 353)
EYES = (
    (468, (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)),
    (473, (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)),
)
"""Right and left: the iris' middle (four points of its rim follow it) and the edge of the lids."""
# fmt: on
TOP, CHIN_TIP = 10, 152
"""The mesh's highest point, about where hair begins, and its lowest."""


@dataclass(frozen=True)
class Canvas:
    """One aligned face at 512²."""

    lab: Floats
    """[512, 512, 3]: L* 0–100, a*, b*."""
    labels: NDArray[np.uint8]
    """[512, 512] of `Part`."""
    points: Floats
    """[478, 2], pixels at 512²."""

    @classmethod
    def of(cls, image: RGB, labels: NDArray[np.uint8], points: Floats) -> "Canvas":
        """``image``: uint8 [N, N, 3]; ``points``: in its pixels."""
        scale = np.float32(SIDE / len(image))
        lab = to_lab(resize_area(image, SIDE, SIDE))
        return cls(lab, labels, ((points[:, :2] + 0.5) * scale - 0.5).astype(np.float32))

    def area(self, *polygons: tuple[int, ...]) -> Mask:
        """[512, 512]: inside any of the convex hulls of these points of the mesh."""
        mask = np.zeros(self.labels.shape, np.uint8)
        for polygon in polygons:
            hull = cv2.convexHull(np.round(self.points[list(polygon)]).astype(np.int32))
            cv2.fillPoly(mask, [hull], 1)
        return mask.astype(bool)

    def parts(self, *parts: Part, shrink: int = 0) -> Mask:
        """[512, 512]: where the parser sees one of these; ``shrink`` pixels are taken off its edge, where colours mix."""
        mask = np.isin(self.labels, parts).astype(np.uint8)
        if shrink:
            # what lies beyond the picture's edge is more of the same: no shrinking there
            kernel = np.ones((2 * shrink + 1,) * 2, np.uint8)
            mask = np.asarray(cv2.erode(mask, kernel, borderType=cv2.BORDER_REPLICATE), np.uint8)
        return mask.astype(bool)

    def colour(self, mask: Mask, least: int = 30, middle: tuple[float, float] = (15, 85)) -> Floats:
        """Mean CIELAB [3] of the masked pixels whose L* lies between these percentiles; NaN under ``least`` pixels."""
        pixels = self.lab[mask]
        if len(pixels) < least:
            return np.full(3, np.nan, np.float32)
        low, high = np.percentile(pixels[:, 0], middle)
        kept = pixels[(pixels[:, 0] >= low) & (pixels[:, 0] <= high)]
        return np.asarray(kept.mean(0), np.float32)

    def share(self, of: Mask, within: Mask) -> float:
        """Share of ``within`` that is ``of``; NaN where ``within`` is empty."""
        return float(of[within].mean()) if within.any() else float("nan")


def to_lab(image: RGB) -> Floats:
    """uint8 [H, W, 3] RGB → float32 CIELAB."""
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB), np.float32)
