"""A session's avatar on the server, on the thread that renders: orders in, messages out."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from doppelganger.live.remote.pictures import decode, encode
from doppelganger.live.remote.wire import Asked, Kind, Sent, WireError
from doppelganger.live.shelf import Avatar
from doppelganger.provenance import SourceType
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.protocol import Reenactor

_FRAME_SECONDS = 0.04


@dataclass(frozen=True)
class Orders:
    """What has come in since the last turn, the newest of each kind."""

    avatar: str | None = None
    stills: bool = False
    reference: Asked | None = None
    asked: Asked | None = None


class Actor:
    """One a session."""

    def __init__(self, avatars: Sequence[Avatar]) -> None:
        self._avatars = {avatar.name: avatar for avatar in avatars}
        self._reenactor: Reenactor | None = None
        self._time, self._shift = float("-inf"), 0.0

    def stills(self) -> list[bytes]:
        """All avatars at rest, as they are sent."""
        pictures = (encode(avatar.picture, SourceType.SYNTHETIC) for avatar in self._avatars.values())
        return [Sent(Kind.STILL, place, 0.0, 0.0, jpeg).to_bytes() for place, jpeg in enumerate(pictures)]

    def appear(self, avatar: str) -> None:
        """Become this one, not calibrated yet."""
        self._reenactor = None  # two need not be in memory at a time
        self._reenactor = self._avatars[avatar].wear()
        self._time, self._shift = float("-inf"), 0.0

    def calibrate(self, reference: Asked) -> None:
        """Raises MotionError."""
        assert self._reenactor
        self._reenactor.calibrate(Motion.from_bytes(reference.motion))

    def perform(self, asked: Asked, waited: float) -> bytes:
        """The picture as it is sent. Raises MotionError, WireError."""
        assert self._reenactor
        begun = perf_counter()
        motion = Motion.from_bytes(asked.motion)
        time = self._rising(asked.time)
        if asked.kind is Kind.FRAME:
            frame = decode(asked.jpeg)
            if frame.shape[:2] != (motion.height, motion.width):
                raise WireError("This motion is of another frame.")
            image, source = self._reenactor.swap(frame, motion, time), SourceType.COMPOSITE
        else:
            image, source = self._reenactor.render(motion, time), SourceType.SYNTHETIC
        jpeg = encode(image, source)
        return Sent(Kind.PICTURE, asked.number, waited, perf_counter() - begun, jpeg).to_bytes()

    def _rising(self, time: float) -> float:
        """The driver's clock, in seconds, as if it had gone on where another camera's begins anew."""
        if time + self._shift <= self._time:
            self._shift = self._time - time + _FRAME_SECONDS
        self._time = time + self._shift
        return self._time
