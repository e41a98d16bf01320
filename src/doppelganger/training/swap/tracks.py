"""Stretches of a video in which one face surely is one person's, however far the head turns meanwhile."""

import numpy as np
from numpy.typing import NDArray

from doppelganger.faces.detector import Face
from doppelganger.images import RGB
from doppelganger.networks import Networks
from doppelganger.training.swap.person import continues
from doppelganger.verifiers.protocol import Embedding

_RIGHT_EYE, _LEFT_EYE, _NOSE, _RIGHT_MOUTH, _LEFT_MOUTH = [33, 133], [362, 263], [1], [61], [291]


class Tracks:
    """Given one face after another, some frames apart, numbers the stretch that each belongs to. A stretch ends where the face
    was lost or is elsewhere, or where one recogniser finds that it changed by more than a person does, as at a cut to another."""

    def __init__(self, networks: Networks) -> None:
        self._quick = networks.members(["sface"])[0]
        self._last: tuple[Face, Embedding] | None = None
        self._number = 0

    def number(self, frame: RGB, face: Face, found: bool) -> int:
        """Of the ``face`` in ``frame``, uint8 [H, W, 3]; ``found``: it was just found anew."""
        now = face, self._quick.embed(frame, face)
        if self._last is not None and (found or not continues(self._last, now, self._quick)):
            self._number += 1
        self._last = now
        return self._number


def face_of_mesh(points: NDArray[np.float32]) -> Face:
    """What the detector would say of a face whose 478 points [478, 2 or 3] are known, nearly."""
    flat = points[:, :2]
    low, high = flat.min(0), flat.max(0)
    five = np.stack([flat[k].mean(0) for k in (_RIGHT_EYE, _LEFT_EYE, _NOSE, _RIGHT_MOUTH, _LEFT_MOUTH)])
    box = (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
    return Face(box, np.asarray(five, np.float32), 1.0)
