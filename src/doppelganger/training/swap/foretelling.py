"""How good a swap of two sets is likely to become, told before hours go into it, from what can be measured of the pictures.

It is reasoned, not learnt: no swaps were trained to fit it or to hold it against. Each part is something without which a swap
cannot be good, so the whole is their geometric mean, in which the weakest counts most.
"""

from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from doppelganger.training.swap.face import UNITS, SetFace
from doppelganger.training.swap.faceset import FaceSet

NOTE = "Predicted from the pictures alone; it has not been held against trained swaps."
_ENOUGH = 150.0  # faces at which 63 % of what more faces bring is there; 300, which the documents ask for, are 86 %
_COVERED = 2.0  # noticeable differences within which a pose counts as covered
_LIGHT_UNITS = np.array([0.1, 0.1, 0.05])  # a change of light one notices, on each axis of `light_of`
_LIGHT_FADE = 4.0  # such changes after which a light helps by a third of what it would
_LEAST = 0.01  # of a part: a set that lacks one thing wholly still ranks by the others
_RIGHT, _LEFT, _MOUTH = [33, 133], [362, 263], [61, 291]


@dataclass(frozen=True)
class Foretold:
    """Each 0–1, larger is better.

    ``number``: 1 − e^(−n / 150) of the candidate's n faces. ``sharpness``: its median fine detail over that of the person's
    pictures, 1 at most: a softer face shows in a sharp scene. ``resolution``: median of the pixels between the eyes in its
    sources over those in the set's 256² pictures, 1 at most. ``coverage``: share of the person's pictures whose pose and
    expression the candidate has. ``light``: mean over the person's pictures of e^(−d / 4), d being how many noticeable
    differences the candidate's nearest light is away. ``quality``: the geometric mean of the five.
    """

    number: float
    sharpness: float
    resolution: float
    coverage: float
    light: float

    @property
    def quality(self) -> float:
        """0–1."""
        return float(np.exp(np.mean([np.log(max(part, _LEAST)) for part in asdict(self).values()])))

    @property
    def weakest(self) -> str:
        """Name of the part that holds the quality down most."""
        parts = asdict(self)
        return min(parts, key=lambda name: parts[name])


def foretell(scenes: FaceSet, face: FaceSet) -> Foretold:
    """Of ``scenes`` of one person with the ``face`` of another."""
    detail = [float(np.median([f.sharpness for f in one.faces])) for one in (face, scenes)]
    near = cdist(scenes.poses / UNITS, face.poses / UNITS).min(1)
    lights = [np.stack([light_of(f) for f in one.faces]) / _LIGHT_UNITS for one in (scenes, face)]
    return Foretold(
        number=float(1 - np.exp(-len(face.faces) / _ENOUGH)),
        sharpness=min(1.0, detail[0] / max(detail[1], 1e-6)),
        resolution=float(np.median([min(1.0, f.eye_distance / _drawn_eye_distance(f)) for f in face.faces])),
        coverage=float((near <= _COVERED).mean()),
        light=float(np.exp(-cdist(*lights).min(1) / _LIGHT_FADE).mean()),
    )


def light_of(face: SetFace) -> NDArray[np.float64]:
    """[3]: by how much the lightness inside the face's mask rises from left to right and from top to bottom, over the whole of
    the picture (least squares), and how much it differs from that plane; all as shares of its mean, so that light and dark skin
    can be compared. Zeros where there is no face."""
    grey = cv2.cvtColor(face.image, cv2.COLOR_RGB2GRAY).astype(np.float64)
    y, x = np.nonzero(face.mask > 200)
    if len(x) < 50:
        return np.zeros(3)
    side = len(grey)
    values = grey[y, x]
    plane = np.column_stack([x / side, y / side, np.ones(len(x))])
    slopes, *_ = np.linalg.lstsq(plane, values, rcond=None)
    rest = float((values - plane @ slopes).std())
    return np.asarray(np.array([slopes[0], slopes[1], rest]) / max(float(values.mean()), 1.0), np.float64)


def _drawn_eye_distance(face: SetFace) -> float:
    """Pixels between the eyes in the set's picture, measured as `Face.eye_distance` does in the source."""
    right, left, mouth = (face.points[k].mean(0) for k in (_RIGHT, _LEFT, _MOUTH))
    across, down = np.linalg.norm(left - right), np.linalg.norm(mouth - (right + left) / 2)
    return max(float(across), float(down), 1.0)
