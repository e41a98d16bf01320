"""A session's avatar on the server, on the thread that renders: orders in, messages out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter

from doppelganger.live.remote.pictures import decode, encode
from doppelganger.live.remote.wire import Asked, Kind, Sent, WireError
from doppelganger.provenance import SourceType
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.protocol import Reenactor


@dataclass(frozen=True)
class Orders:
    """What has come in since the last turn, the newest of each kind."""

    avatar: str | None = None
    reference: Asked | None = None
    asked: Asked | None = None


class Actor:
    """One a session."""

    def __init__(self, avatars: Mapping[str, Callable[[], Reenactor]]) -> None:
        self._avatars = avatars
        self._reenactor: Reenactor | None = None
        self._time = float("-inf")

    def appear(self, avatar: str) -> bytes:
        """Become this avatar, not calibrated yet; returns its still as it is sent."""
        self._reenactor = None  # two need not be in memory at a time
        self._reenactor = self._avatars[avatar]()
        self._time = float("-inf")
        still = encode(self._reenactor.still, SourceType.SYNTHETIC)
        return Sent(Kind.STILL, 0, 0.0, 0.0, still).to_bytes()

    def calibrate(self, reference: Asked) -> None:
        """Raises MotionError."""
        assert self._reenactor
        self._reenactor.calibrate(Motion.from_bytes(reference.motion))

    def perform(self, asked: Asked, waited: float) -> bytes | None:
        """The picture as it is sent; None where the driver's clock stood still. Raises MotionError, WireError."""
        assert self._reenactor
        begun = perf_counter()
        motion = Motion.from_bytes(asked.motion)
        if asked.time <= self._time:
            return None
        self._time = asked.time
        if asked.kind is Kind.FRAME:
            frame = decode(asked.jpeg)
            if frame.shape[:2] != (motion.height, motion.width):
                raise WireError("This motion is of another frame.")
            image, source = self._reenactor.swap(frame, motion, asked.time), SourceType.COMPOSITE
        else:
            image, source = self._reenactor.render(motion, asked.time), SourceType.SYNTHETIC
        jpeg = encode(image, source)
        return Sent(Kind.PICTURE, asked.number, waited, perf_counter() - begun, jpeg).to_bytes()
