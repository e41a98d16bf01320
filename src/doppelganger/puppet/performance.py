"""A driver's frames in, the avatar's out: the gate before every frame that is shown.

    frame → tracker → gate → reenactor → (a guard looks at some) → shown

*Avatar* shows the avatar's own picture: nothing of the camera is in it. *Swap* puts the avatar's face on the driver's own video:
there a frame may be shown only when the face that it covers was surely found and nobody else is in it. Whatever else happens, the
last good frame stands, and after a while the avatar's still: never the bare face.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from doppelganger.images import RGB
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.protocol import Reenactor
from doppelganger.puppet.tracker import Sight, Tracker

HELD_SECONDS = 1.0
"""So long the last good frame stands before the still takes its place."""
SURE = 0.8
"""How sure the network must be of the face for a swapped frame to be shown."""


class Mode(StrEnum):
    """What the avatar is put on."""

    AVATAR = "avatar"
    SWAP = "swap"


class Gate(StrEnum):
    """Why a frame is shown, or what is shown instead of it."""

    OPEN = "open"
    NO_FACE = "no face"
    UNSURE = "the face is hidden"
    OTHERS = "somebody else is in the picture"
    GUARD = "the verifiers object"
    STILL = "the avatar is off"


@dataclass(frozen=True)
class Shown:
    """What goes out. ``image``: uint8 [H, W, 3]. ``gate``: why it is this. ``motion``: of the driver, where there was one."""

    image: RGB
    gate: Gate
    motion: Motion | None


def gate_of(sight: Sight, mode: Mode) -> Gate:
    """Whether a frame may be rendered from what was seen."""
    if sight.motion is None:
        return Gate.NO_FACE
    if mode is Mode.SWAP and sight.motion.presence < SURE:
        return Gate.UNSURE
    if mode is Mode.SWAP and sight.others:
        return Gate.OTHERS
    return Gate.OPEN


class Watch(Protocol):
    """Looks at frames before they are shown, such as a `guard.Guard`."""

    @property
    def objection(self) -> bool:
        """Whether frames are to be held; it is taken back by a later look at what would be shown."""

    def offer(self, shown: RGB, frame: RGB, motion: Motion) -> None:
        """A frame that would be shown, the driver's that it was made from, and what was seen in it. Never blocks."""


class Performance:
    """One driver's call, or one video. Not for several threads."""

    def __init__(self, reenactor: Reenactor, tracker: Tracker, mode: Mode = Mode.AVATAR) -> None:
        self.tracker = tracker
        self._reenactor = reenactor
        self._mode = mode
        self._last: tuple[RGB, float] | None = None
        self.watch: Watch | None = None
        """Whoever looks at frames beside the gate."""
        self.mode = mode

    @property
    def reenactor(self) -> Reenactor:
        """Who is shown."""
        return self._reenactor

    @reenactor.setter
    def reenactor(self, reenactor: Reenactor) -> None:
        self._reenactor, self._last = reenactor, None

    @property
    def mode(self) -> Mode:
        """What the avatar is put on."""
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._mode, self._last = mode, None
        # where the room is shown, whoever walks in must be seen in the same frame
        self.tracker.search_every = 1 if mode is Mode.SWAP else 12

    def step(self, frame: RGB, time: float) -> Shown:
        """See a frame, uint8 [H, W, 3], of the time ``time`` in seconds, and say what is shown."""
        sight = self.tracker.look(frame)
        gate = gate_of(sight, self.mode)
        if gate is not Gate.OPEN or sight.motion is None:
            return Shown(self._held(time), gate, sight.motion)
        if self.mode is Mode.SWAP:
            image = self._reenactor.swap(frame, sight.motion, time)
        else:
            image = self._reenactor.render(sight.motion, time)
        if self.watch is not None:
            self.watch.offer(image, frame, sight.motion)
            if self.watch.objection:
                return Shown(self._held(time), Gate.GUARD, sight.motion)
        self._last = image, time
        return Shown(image, Gate.OPEN, sight.motion)

    def _held(self, time: float) -> RGB:
        if self._last is not None and time - self._last[1] <= HELD_SECONDS:
            return self._last[0]
        return self._reenactor.still
