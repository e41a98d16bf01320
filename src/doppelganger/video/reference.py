"""The moment of a driving video from which its motion is measured."""

from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np

from doppelganger.errors import NoFaceError
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.tracker import Tracker
from doppelganger.video.reading import VideoFile

Choice = Literal["auto", "first"] | float
"""The most neutral frame of the first seconds, the first with a face, or the first with a face from so many seconds on."""
SECONDS = 5
"""So long after the first face the most neutral frame is looked for."""
_DEGREES = 20.0
_EXPRESSION = 1.5
"""So many degrees, and so much of the 52 coefficients (Euclidean), count one each."""
_STRICT = ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight")
_WEIGHT = 2.0  # of an open mouth and shut eyes, which would be taken from every frame that follows


def restlessness(motion: Motion) -> float:
    """0 for a frontal face without expression, its mouth closed and its eyes open; the further from that, the higher."""
    turned = float(np.linalg.norm(motion.angles)) / _DEGREES
    moved = float(np.linalg.norm(motion.blendshapes[1:])) / _EXPRESSION  # the first is "_neutral", which says nothing
    return turned + moved + _WEIGHT * max(motion.shape(name) for name in _STRICT)


def find_reference(driver: Path, tracker: Tracker, choice: Choice = "auto") -> tuple[Motion, Fraction]:
    """The motion of the chosen frame, and its time in seconds. Raises NoFaceError where there is none, and VideoError.

    The tracker has forgotten the face afterwards.
    """
    best: tuple[float, Motion, Fraction] | None = None
    first: Fraction | None = None
    tracker.forget()
    with VideoFile(driver) as video:
        for frame in video.frames():
            if first is not None and frame.time > first + SECONDS:
                break
            if isinstance(choice, float | int) and frame.time < choice:
                continue
            motion = tracker.look(frame.image).motion
            if motion is None:
                continue
            first = frame.time if first is None else first
            if best is None or restlessness(motion) < best[0]:
                best = restlessness(motion), motion, frame.time
            if choice != "auto":
                break
    tracker.forget()
    if best is None:
        where = f" from {choice:g} seconds on" if isinstance(choice, float | int) else ""
        raise NoFaceError(f"No face was found in {driver}{where}; use a video in which a face is seen from the front.")
    return best[1], best[2]
