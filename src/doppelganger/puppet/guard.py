"""The guard: at least once a second a frame that goes out is looked at by recognisers. It must be the avatar, and nobody may know
the driver in it.

It works in a thread of its own, so it never holds a frame up; until it has looked again, its last word stands. Beginning, it has
said nothing yet: the gate alone decides (`performance`).
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from doppelganger.errors import FaceError
from doppelganger.faces.detector import Face, FaceDetector
from doppelganger.images import RGB
from doppelganger.puppet.motion import Motion
from doppelganger.verifiers.panel import Panel
from doppelganger.verifiers.protocol import Embedding, OperatingPoint

EVERY_SECONDS = 0.8
"""Between two looks; with the look itself less than a second."""


@dataclass(frozen=True)
class Judgement:
    """``avatar``, ``driver``: verifier → distance over its privacy threshold (1 is the border), of the shown frame to either.
    ``avatar`` is empty where no face was found in it."""

    avatar: Mapping[str, float]
    driver: Mapping[str, float]

    @property
    def is_avatar(self) -> bool:
        """By the majority of the panel."""
        return sum(share <= 1 for share in self.avatar.values()) > len(self.avatar) / 2

    @property
    def is_driver(self) -> bool:
        """By any verifier at all."""
        return any(share <= 1 for share in self.driver.values())

    @property
    def passes(self) -> bool:
        """Whether such frames may go on being shown."""
        return self.is_avatar and not self.is_driver


class Judge:
    """The panel's word on single frames."""

    def __init__(self, panel: Panel, detector: FaceDetector, avatar: Mapping[str, Embedding]) -> None:
        """``detector``: one that no other thread uses; OpenCV's networks are not made for two."""
        self._panel, self._detector, self._avatar = panel, detector, avatar

    def see(self, frame: RGB, motion: Motion | None = None) -> Mapping[str, Embedding] | None:
        """The embeddings of the face that ``motion`` follows, of the largest without it; None where there is none."""
        faces = self._detector.detect(frame)
        if motion is not None and len(faces) > 1:
            middle = motion.points[:, :2].mean(0)
            faces = sorted(faces, key=lambda face: _away(face, middle))
        try:
            return self._panel.embed(frame, faces[0]) if faces else None
        except FaceError:
            return None

    def judge(self, shown: RGB, driver: Mapping[str, Embedding] | None) -> Judgement:
        """Of a shown frame, beside the driver's embeddings where they are known."""
        seen = self.see(shown)
        if seen is None:
            return Judgement({}, {})
        shares = [
            {
                member.name: member.distance(seen[member.name], other[member.name])
                / member.thresholds[OperatingPoint.PRIVACY].value
                for member in self._panel.members
            }
            for other in (self._avatar, driver or {})
            if other
        ]
        return Judgement(shares[0], shares[1] if len(shares) > 1 else {})


class Guard:
    """A `Judge` that looks in the background. Use as a context, or ``close`` it."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._waiting: tuple[RGB, RGB, Motion] | None = None
        self._wake = threading.Condition()
        self._closed = False
        self._next = 0.0
        self.objection = False
        """Whether the last frame looked at may not be shown."""
        self.last: Judgement | None = None
        self.looks = 0
        self._thread = threading.Thread(target=self._run, name="guard", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Guard":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def turn_to(self, judge: Judge) -> None:
        """Look for another avatar from now on."""
        self._judge, self.objection, self._next = judge, False, 0.0

    def offer(self, shown: RGB, frame: RGB, motion: Motion) -> None:
        """A frame that is about to be shown, and the driver's that it was made from; it is looked at when it is time for one."""
        if self._waiting is None and time.monotonic() >= self._next:
            with self._wake:
                self._next = time.monotonic() + EVERY_SECONDS
                self._waiting = (shown, frame, motion)
                self._wake.notify()

    def close(self) -> None:
        """End the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._waiting is not None or self._closed)
                if self._closed:
                    return
                assert self._waiting is not None
                shown, frame, motion = self._waiting
            judge = self._judge
            try:
                found: Judgement | None = judge.judge(shown, judge.see(frame, motion))
            except Exception:  # a guard that cannot look lets nothing pass
                found = None
            if judge is self._judge:  # nobody turned to another avatar meanwhile
                self.last, self.objection = found, found is None or not found.passes
            self.looks += 1
            self._waiting = None


def _away(face: Face, middle: NDArray[np.float32]) -> float:
    x, y, width, height = face.box
    return float(np.hypot(x + width / 2 - middle[0], y + height / 2 - middle[1]))
