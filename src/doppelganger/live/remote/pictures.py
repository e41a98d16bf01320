"""Pictures on the wire: JPEG that says it is synthetic, and JPEG of strangers, judged by its header before it is decoded."""

import io
import struct

import cv2
import numpy as np
from PIL import Image

from doppelganger.images import RGB
from doppelganger.live.remote.wire import JPEG_BYTES, PIXELS, WireError
from doppelganger.provenance import SourceType, xmp

QUALITY = 90
"""libjpeg's: a puppet's 512² take about 50 kB, and 4 ms to encode."""
_XMP = b"http://ns.adobe.com/xap/1.0/\0"  # XMP specification part 3, section 1.1.3


def encode(image: RGB, source: SourceType | None, quality: int = QUALITY) -> bytes:
    """JPEG of uint8 [H, W, 3] without metadata but the mark that it is made (``source`` None: it is not). Raises WireError."""
    if image.shape[0] * image.shape[1] > PIXELS:
        raise WireError(f"A picture on the wire may have {PIXELS:,} pixels at most; use a smaller one.")
    options = (cv2.IMWRITE_JPEG_QUALITY, quality)
    written, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    if not written or len(data) > JPEG_BYTES:
        raise WireError("This picture is too large for the wire, or none at all.")
    plain = data.tobytes()
    if source is None:
        return plain
    mark = _XMP + xmp(source).encode()
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(mark) + 2) + mark + plain[2:]


def decode(data: bytes) -> RGB:
    """uint8 [H, W, 3] of a baseline JPEG in colour. Raises WireError for anything else.

    Progressive ones are refused: their scans cost few bytes and much time each.
    """
    if len(data) > JPEG_BYTES:
        raise WireError("This picture has too many bytes.")
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
            if picture.width * picture.height > PIXELS or picture.mode != "RGB" or "progressive" in picture.info:
                raise WireError("This is not a baseline JPEG in colour of the size that is allowed.")
            return np.array(picture)
    except WireError:
        raise
    except Exception as error:  # decoders raise whatever they like
        raise WireError("This is not a JPEG that can be read.") from error
