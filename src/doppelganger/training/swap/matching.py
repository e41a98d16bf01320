"""Of several candidates, whose face suits this person best? The swap keeps the scene's head: its outline, its pose, its hair.
So the best candidate has a head of the same shape, skin of the same colour, and pictures from which a good swap can be learnt.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.puppet.topology import OVAL
from doppelganger.training.swap.faceset import FaceSet
from doppelganger.training.swap.foretelling import Foretold, foretell

_FRONTAL = 12.0  # degrees of yaw and pitch within which outlines are compared
_SHAPE_UNIT, _SKIN_UNIT = (
    0.04,
    8.0,
)  # a difference one notices: eye distances, CIELAB units (ΔE of 2.3 is just noticeable side by side)
_WEIGHTS = (0.5, 0.2, 0.3)  # head, skin, quality


@dataclass(frozen=True)
class Match:
    """How a candidate suits. ``head``: mean distance of the two outlines in eye distances, and ``skin``: of the skins' colours in
    CIELAB, smaller is better. ``foretold``: how good the swap is likely to become, and of what that is made. ``score``: of all
    three, 0–1, larger is better; it ranks, no more."""

    name: str
    head: float
    skin: float
    foretold: Foretold
    score: float


def match(person: FaceSet, candidates: Sequence[FaceSet]) -> list[Match]:
    """The candidates, the best first."""
    return sorted((_match(person, one) for one in candidates), key=lambda m: -m.score)


def _match(person: FaceSet, candidate: FaceSet) -> Match:
    head = float(np.linalg.norm(_outline(person) - _outline(candidate), axis=1).mean())
    skin = float(np.linalg.norm(_skin(person) - _skin(candidate)))
    foretold = foretell(person, candidate)
    parts = (np.exp(-head / _SHAPE_UNIT / 2), np.exp(-skin / _SKIN_UNIT / 2), foretold.quality)
    return Match(candidate.name, head, skin, foretold, float(np.dot(parts, _WEIGHTS)))


def _outline(faces: FaceSet) -> NDArray[np.float64]:
    """[36, 2]: the face's oval, the middle of its eyes at the origin, level, in eye distances; the median of the frontal ones."""
    off = np.abs(faces.poses[:, :2]).max(1)
    chosen = np.flatnonzero(off <= max(_FRONTAL, float(np.sort(off)[min(4, len(off) - 1)])))
    outlines = []
    for k in chosen:
        points = faces.faces[int(k)].points.astype(np.float64)
        right, left = points[33], points[263]
        axis = (left - right) / max(float(np.sum((left - right) ** 2)), 1e-9)
        turn = np.array([axis, [-axis[1], axis[0]]])
        outlines.append((points[list(OVAL)] - (left + right) / 2) @ turn.T)
    return np.asarray(np.median(outlines, axis=0), np.float64)


def _skin(faces: FaceSet) -> NDArray[np.float64]:
    """[3]: median colour of what surely is face, in CIELAB, over all pictures."""
    colours = []
    for face in faces.faces:
        lab = cv2.cvtColor(face.image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        inside = face.mask > 200
        if inside.any():
            colours.append(np.median(lab[inside], axis=0))
    return np.asarray(np.median(colours, axis=0) if colours else np.zeros(3), np.float64)
