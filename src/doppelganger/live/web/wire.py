"""What page and server say to one another over the WebSocket of a call.

Page → server: a camera frame (binary: `FRAME_HEADER`, then a JPEG) or a wish (JSON text: `{"do": action}`, `{"wear": place}`,
`{"again": true}`). Server → page, always binary: `REPLY_HEADER`, then JSON that says how things stand, then a JPEG or nothing.
Little-endian. Everything that comes in is judged before it is used: its length, its kind, its numbers, its size in pixels.
"""

import io
import json
import math
import struct
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image

from doppelganger.errors import DoppelgangerError
from doppelganger.images import RGB
from doppelganger.live.actions import Action

FRAME_HEADER = struct.Struct("<Id")
"""Number of the frame, and when the camera took it: milliseconds on the page's clock."""
REPLY_HEADER = struct.Struct("<IdI")
"""The same two of the frame that is answered (0 and 0 where none is), and the bytes of JSON."""
MAX_BYTES = 1_000_000
"""Of a message from the page; a frame of 1280 × 720 has about 150,000."""
MAX_PIXELS = 1920 * 1080
QUALITY = 90  # libjpeg's: at 512² about 45 kB


class WireError(DoppelgangerError):
    """What came is not what a page sends; the connection is closed."""


@dataclass(frozen=True)
class Frame:
    """``number``: as the page counts. ``time``: seconds on its clock. ``jpeg``: not looked at yet."""

    number: int
    time: float
    jpeg: bytes


@dataclass(frozen=True)
class Wish:
    """One of the three."""

    action: Action | None = None
    place: int | None = None
    again: bool = False


def read_frame(message: bytes) -> Frame:
    """A binary message. Raises WireError."""
    if not FRAME_HEADER.size < len(message) <= MAX_BYTES:
        raise WireError("This is no camera frame.")
    number, milliseconds = FRAME_HEADER.unpack_from(message)
    if not (math.isfinite(milliseconds) and 0 <= milliseconds < 1e13):
        raise WireError("This frame's time is none.")
    return Frame(number, milliseconds / 1000, message[FRAME_HEADER.size :])


def read_wish(message: str) -> Wish:
    """A text message. Raises WireError."""
    try:
        told = json.loads(message) if len(message) < 200 else None
    except ValueError:
        told = None
    match told:
        case {"do": str(name)} if name in list(Action):
            return Wish(action=Action(name))
        case {"wear": int(place)} if 0 <= place < 1000 and not isinstance(place, bool):
            return Wish(place=place)
        case {"again": True}:
            return Wish(again=True)
    raise WireError("This wish is not known.")


def decode(jpeg: bytes) -> RGB:
    """uint8 [H, W, 3]. Raises WireError for anything but a whole JPEG of at most `MAX_PIXELS`, which its header is asked first."""
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as picture:
            if picture.width * picture.height > MAX_PIXELS or min(picture.size) < 16:
                raise WireError(f"A camera frame has at most {MAX_PIXELS} pixels.")
            return np.asarray(picture.convert("RGB"))
    except WireError:
        raise
    except Exception as error:  # the decoders raise OSError, SyntaxError, ValueError, struct.error …
        raise WireError("A camera frame is a JPEG.") from error


def encode(image: RGB) -> bytes:
    """A JPEG of uint8 [H, W, 3]."""
    fine, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert fine
    return bytes(data)


def reply(number: int, time: float, state: dict[str, Any], jpeg: bytes) -> bytes:
    """A message to the page."""
    said = json.dumps(state, separators=(",", ":"), ensure_ascii=False).encode()
    return REPLY_HEADER.pack(number, time * 1000, len(said)) + said + jpeg
