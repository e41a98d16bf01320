"""What the laptop and the rendering server say to one another, over one WebSocket.

Up go a hello (text), then motions of 3 kB, each with a number and the driver's clock, answered by pictures with that number. Of
motions that wait only the newest counts, so numbers may be skipped. The camera's picture goes up in one case alone: the hello said
"frames", and the avatar is to be put on the driver's own video. Everything has a size that is checked before anything is decoded.
Liveness is the WebSocket's own ping.
"""

import math
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from doppelganger.errors import DoppelgangerError
from doppelganger.puppet.motion import SIZE as MOTION_BYTES

VERSION = 1
PATH = "/render"

TEXT_BYTES = 16_000
"""Largest text."""
JPEG_BYTES = 1_500_000
"""Largest picture, either way."""
AVATARS = 20
"""Most that a server has."""
NAME_LETTERS = 100
"""Most of an avatar's name."""
TOKEN_LETTERS = 200
"""Most of a token."""
PIXELS = 1920 * 1080
"""Most pixels of a picture, either way, by its header."""
_UP = struct.Struct("<BxxxId")  # kind, number, seconds on the driver's clock
_DOWN = struct.Struct("<BxxxIff")  # kind, number, seconds waited for a turn, seconds rendered
LARGEST = _UP.size + MOTION_BYTES + JPEG_BYTES
"""Bytes of the largest message."""
_LONGEST = 1e10
"""Seconds that no clock is past."""

_T = TypeVar("_T")


class WireError(DoppelgangerError):
    """A message that the other side may not send."""


class Kind(IntEnum):
    """The first byte of a binary message."""

    MOTION = 1
    """Up: render this."""
    CALIBRATE = 2
    """Up: this is the driver at rest."""
    FRAME = 3
    """Up: a motion, and the frame that the avatar is to be put on."""
    PICTURE = 4
    """Down: what came of the motion of this number."""
    STILL = 5
    """Down: an avatar at rest; the number is its place in the welcome's list."""


Code = Literal["token", "version", "avatar", "full", "invalid", "rate", "idle", "trouble"]
FINAL: tuple[Code, ...] = ("token", "version", "avatar", "invalid")
"""Refusals after which it is no use to come back."""

Name = Annotated[str, Field(min_length=1, max_length=NAME_LETTERS)]


class _Text(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Hello(_Text):
    """Up, first of all. ``avatar`` None: the server's first. ``uplink``: what will be sent, and nothing else is taken. ``stills``:
    whether all avatars at rest are wanted, which who comes back has already."""

    type: Literal["hello"] = "hello"
    version: int = VERSION
    token: Annotated[str, Field(max_length=TOKEN_LETTERS)] | None = None
    avatar: Name | None = None
    uplink: Literal["motion", "frames"] = "motion"
    stills: bool = True


class Choose(_Text):
    """Up: another avatar from now on, not calibrated yet."""

    type: Literal["choose"] = "choose"
    avatar: Name


class Welcome(_Text):
    """Down: who is shown from now on, and who else could be. The stills follow where the hello asked for them."""

    type: Literal["welcome"] = "welcome"
    version: int = VERSION
    avatar: Name
    avatars: tuple[Name, ...] = Field(max_length=AVATARS)


class Refused(_Text):
    """Down: the connection ends, and why. ``sentence`` is for a person."""

    type: Literal["refused"] = "refused"
    code: Code
    sentence: Annotated[str, Field(max_length=300)]


_OF_CLIENT: TypeAdapter[Hello | Choose] = TypeAdapter(Annotated[Hello | Choose, Field(discriminator="type")])
_OF_SERVER: TypeAdapter[Welcome | Refused] = TypeAdapter(Annotated[Welcome | Refused, Field(discriminator="type")])


def said_by_client(text: str) -> Hello | Choose:
    """Raises WireError for anything else."""
    return _understood(_OF_CLIENT, text)


def said_by_server(text: str) -> Welcome | Refused:
    """Raises WireError for anything else."""
    return _understood(_OF_SERVER, text)


@dataclass(frozen=True)
class Asked:
    """Up, binary. ``time``: seconds on the driver's clock. ``motion``: as `Motion.to_bytes` has it. ``jpeg``: of a FRAME."""

    kind: Kind
    number: int
    time: float
    motion: bytes
    jpeg: bytes = b""

    def to_bytes(self) -> bytes:
        """16 bytes, the motion, the frame."""
        return _UP.pack(self.kind, self.number, self.time) + self.motion + self.jpeg

    @classmethod
    def from_bytes(cls, data: bytes) -> "Asked":
        """Back again; the motion and the JPEG are not looked into yet. Raises WireError."""
        if not _UP.size + MOTION_BYTES <= len(data) <= LARGEST:
            raise WireError(f"A message of {len(data)} bytes is none of a driver's.")
        kind, number, time = _UP.unpack_from(data)
        at = _UP.size + MOTION_BYTES
        if kind not in (Kind.MOTION, Kind.CALIBRATE, Kind.FRAME) or (len(data) > at) != (kind == Kind.FRAME):
            raise WireError("This kind of message is not known, or has another size.")
        if not abs(time) < _LONGEST:  # not a number is not, either
            raise WireError("This is no time.")
        return cls(Kind(kind), number, time, data[_UP.size : at], data[at:])


@dataclass(frozen=True)
class Sent:
    """Down, binary. ``waited``, ``rendered``: seconds on the server, until its turn and in it."""

    kind: Kind
    number: int
    waited: float
    rendered: float
    jpeg: bytes

    def to_bytes(self) -> bytes:
        """16 bytes, the picture."""
        return _DOWN.pack(self.kind, self.number, self.waited, self.rendered) + self.jpeg

    @classmethod
    def from_bytes(cls, data: bytes) -> "Sent":
        """Back again; the JPEG is not looked into yet. Raises WireError."""
        if not _DOWN.size < len(data) <= _DOWN.size + JPEG_BYTES:
            raise WireError(f"A message of {len(data)} bytes is no picture.")
        kind, number, waited, rendered = _DOWN.unpack_from(data)
        if kind not in (Kind.PICTURE, Kind.STILL) or not math.isfinite(waited + rendered):
            raise WireError("This kind of message is not known.")
        return cls(Kind(kind), number, waited, rendered, data[_DOWN.size :])


def _understood(adapter: TypeAdapter[_T], text: str) -> _T:
    if len(text) > TEXT_BYTES:
        raise WireError("This text is too long.")
    try:
        return adapter.validate_json(text)
    except ValidationError as error:  # whose words would repeat what was sent
        raise WireError("This is not understood; are both ends of the same version?") from error
