"""What a call's guard does, for a film: no hurry, so every second of it is looked at before it is written."""

from fractions import Fraction

from doppelganger.images import RGB
from doppelganger.puppet.guard import Judge
from doppelganger.puppet.motion import Motion


class Inspector:
    """A `Watch` that judges one frame in every second; what it says holds until the next. ``looks``, ``avatar``, ``driver``: frames
    judged, of which so many were the avatar to most recognisers, and so many the driver to any."""

    def __init__(self, judge: Judge, rate: Fraction | None) -> None:
        """``rate``: frames a second; 25 where it is not known."""
        self._judge = judge
        self._every = max(1, round(rate or 25))
        self._offered = 0
        self.objection = False
        self.looks = self.avatar = self.driver = 0

    def offer(self, shown: RGB, frame: RGB, motion: Motion) -> None:
        """Judge it where it is one of those; after one that failed, five times in a second until one passes."""
        due = self._offered % (max(1, self._every // 5) if self.objection else self._every) == 0
        self._offered += 1
        if not due:
            return
        found = self._judge.judge(shown, self._judge.see(frame, motion))
        self.looks += 1
        self.avatar += found.is_avatar
        self.driver += found.is_driver
        self.objection = not found.passes
