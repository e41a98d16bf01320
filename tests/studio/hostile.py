"""Files and requests that nobody sends by mistake."""

import io
import socket
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image

from doppelganger.images import RGB


def bomb(side: int = 60_000) -> bytes:
    """A PNG of side² pixels in some kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    rows = packer.compress(bytes(1 + side // 8) * min(side, 2000)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def lying_header(photo: bytes) -> bytes:
    """A PNG that says it is small and holds far more data than that."""
    packed = zlib.compress(bytes(200_000_000), 9)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"zTXt", b"a\0\0" + packed) + chunk(b"IEND", b"")


def polyglot(image: RGB) -> bytes:
    """A JPEG that is also a page with a script and a ZIP archive."""
    buffer = io.BytesIO()
    comment = b"*/--><html><script>alert(document.domain)</script><!--"
    Image.fromarray(image).save(buffer, "JPEG", comment=comment, quality=95)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("evil.html", "<script>alert(1)</script>")
    return buffer.getvalue() + archive.getvalue()


def located(image: RGB) -> bytes:
    """A JPEG with EXIF: a place, a name, turned by a quarter."""
    picture = Image.fromarray(np.rot90(image).copy())
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "Mother at home"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (47.0, 22.0, 33.0)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", exif=exif, quality=95)
    return buffer.getvalue()


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><image href="file:///etc/passwd"/></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def raw(host: str, request: bytes, body: bytes = b"", times: int = 0) -> bytes:
    """What the server answers to these very bytes; then ``body`` is sent ``times`` times, or until it no longer listens."""
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), timeout=600) as connection:
        connection.sendall(request)
        try:
            for _ in range(times):
                connection.sendall(body)
        except OSError:
            pass
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except OSError:
            pass
    return answer
