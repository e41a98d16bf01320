"""The moment from which a driver's motion is measured: how well one fits, and the search for a better one.

What the driver does is put on the avatar as a difference from a reference frame. It fits best when the driver then looked and was
turned as the avatar is at rest; Avatarify compares landmarks for the same purpose.
"""

import numpy as np

from doppelganger.puppet.motion import Motion

_DEGREES = 20.0
_EXPRESSION = 1.5
"""A turn of so many degrees, or so much difference of the 52 coefficients (Euclidean), takes the score from 100 to 37."""
_BETTER = 2.0
"""Points by which a frame must beat the reference to take its place: the change is a small jump."""


def score(motion: Motion, rest: Motion | None) -> float:
    """0–100: how like the avatar at ``rest`` a driver is; where that is None (no face in the still), how frontal and neutral."""
    angles = np.array(motion.angles) - (rest.angles if rest is not None else 0.0)
    expression = motion.blendshapes - (rest.blendshapes if rest is not None else 0.0)
    expression = expression[1:]  # the first is "_neutral", which says nothing
    distance = np.linalg.norm(angles) / _DEGREES + np.linalg.norm(expression) / _EXPRESSION
    return float(100 * np.exp(-distance))


class ReferenceSearch:
    """Keeps the best frame so far. ``now``, ``best``: scores of the last frame and of the reference, None before there is one."""

    def __init__(self, rest: Motion | None, reference: Motion | None) -> None:
        self._rest = rest
        self.now: float | None = None
        self.best = score(reference, rest) if reference is not None else None

    def better(self, motion: Motion) -> bool:
        """Whether this frame is to be the reference from now on."""
        self.now = score(motion, self._rest)
        if self.best is not None and self.now < self.best + _BETTER:
            return False
        self.best = self.now
        return True
