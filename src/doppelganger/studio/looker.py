"""The looking process: decodes what strangers send, finds faces in it, and recognises. It may die of it; the server goes on.

Started by `looking`. What it keeps of a picture are pixels: metadata, and whatever else a file may carry, end here.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image

from doppelganger.errors import DoppelgangerError, FaceError, FaceTooSmallError, ImageError, NoFaceError
from doppelganger.faces.detector import Face, FaceDetector, choose
from doppelganger.images import FORMATS, RGB, encode_jpeg, encode_png, read_image, resize, write_atomically
from doppelganger.settings import Settings
from doppelganger.studio.speech import Speech, where
from doppelganger.verifiers.panel import VERIFIERS, verifiers
from doppelganger.verifiers.protocol import OperatingPoint, Verifier
from doppelganger.weights import Store

PREVIEW = 1280
"""Longest side of the picture that the page shows, in pixels."""


class Refused(Exception):
    """The picture cannot be used: the short word, and a sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Looker:
    """Answers one order at a time."""

    def __init__(self, memory: int, pixels: int) -> None:
        self._memory, self._pixels = memory, pixels
        self._store = Store()

    @cached_property
    def _detector(self) -> FaceDetector:
        return FaceDetector(self._store)

    @cached_property
    def _panel(self) -> list[Verifier]:
        panel = verifiers(self._store, self._detector)
        for member in panel:
            member.load()
        return panel

    def answer(self, order: dict[str, Any], data: bytes) -> dict[str, Any]:
        """What is to be said about a picture's bytes."""
        try:
            if order["do"] == "upload":
                return self._take_in(data, Path(order["photo"]), Path(order["preview"]))
            return self._recognise(data, Path(order["portrait"]), Path(order["doppelganger"]))
        except Refused as refused:
            return {"error": str(refused), "code": refused.code}
        except MemoryError:
            return {"error": "This picture needs too much memory; save a smaller copy.", "code": "too-many-pixels"}
        except ImageError as error:
            return {"error": str(error), "code": "not-a-picture"}
        except DoppelgangerError as error:  # weights that cannot be had
            return {"error": str(error), "code": "trouble"}

    def _take_in(self, data: bytes, photo: Path, preview: Path) -> dict[str, Any]:
        """Decode, look, and keep the pixels as ``photo`` (PNG) and ``preview`` (JPEG)."""
        detector = self._detector
        with at_most(self._memory):
            image = self._decode(data)
            faces = detector.detect(image)
            if not faces:
                raise Refused("no-face", "No face was found; use a photo where one looks at the camera, well lit.")
            write_atomically(photo, encode_png(image))
            write_atomically(preview, encode_jpeg(_shrunk(image), 88))
        height, width = image.shape[:2]
        return {"width": width, "height": height, "faces": [_seen(faces, k, width, height) for k in range(len(faces))]}

    def _recognise(self, data: bytes, portrait: Path, doppelganger: Path) -> dict[str, Any]:
        """Every verifier's distances from the face in ``data`` to both."""
        panel, detector = self._panel, self._detector
        with at_most(self._memory):
            image = self._decode(data)
        faces = detector.detect(image)
        if not faces:
            raise Refused("no-face", "No face was found; use a photo where one looks at the camera, well lit.")
        known = {}
        for name, file in (("portrait", portrait), ("doppelganger", doppelganger)):
            picture = read_image(file)
            found = detector.detect(picture)
            if not found:
                raise Refused("no-face", "No recogniser finds a face in this result any more.")
            known[name] = picture, found[0]
        verdicts = []
        for member in panel:
            asked = member.embed(image, faces[0])
            limit = member.thresholds[OperatingPoint.PRIVACY].value
            row: dict[str, Any] = {"verifier": member.name, "threshold": limit}
            for name, (picture, face) in known.items():
                distance = member.distance(asked, member.embed(picture, face))
                row[name] = {"distance": distance, "same": distance <= limit}
            verdicts.append(row)
        return {"faces": len(faces), "verdicts": verdicts}

    def _decode(self, data: bytes) -> RGB:
        """The header is judged first, then the picture is decoded."""
        pillow_heif.register_heif_opener(thumbnails=False)
        try:
            with Image.open(BytesIO(data), formats=FORMATS) as picture:
                if picture.width * picture.height > self._pixels:
                    raise Refused(
                        "too-many-pixels",
                        f"The picture has more than {self._pixels // 1_000_000} megapixels; save a smaller copy.",
                    )
        except Image.DecompressionBombError as error:
            raise Refused("too-many-pixels", "The picture has far too many pixels; save a smaller copy.") from error
        except (Refused, MemoryError):
            raise
        except Exception as error:  # decoders raise whatever they like
            raise Refused(
                "not-a-picture", "This is not a picture that can be read; use JPEG, PNG, WebP or HEIC."
            ) from error
        return read_image(data)


def panel_table() -> list[dict[str, Any]]:
    """Who recognises: short name, name, threshold. The server asks here, since it loads none of them."""
    return [
        {"short": short, "name": member.name, "threshold": member.thresholds[OperatingPoint.PRIVACY].value}
        for short, member in zip(VERIFIERS, verifiers(Store()), strict=True)
    ]


def defaults() -> dict[str, Any]:
    """What the page offers at first: that of `Settings`, which brings libraries along that the server does without."""
    usual = Settings()
    return {
        "margin": usual.nearest.margin,
        "held_out": list(usual.held_out),
        "seed": usual.seed,
        "background": usual.background,
    }


@contextmanager
def at_most(extra: int) -> Iterator[None]:
    """Within the block this process may map ``extra`` bytes more than it has now, where the system can be told so (Linux)."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + extra
    resource.setrlimit(resource.RLIMIT_AS, (limit if soft == resource.RLIM_INFINITY else min(soft, limit), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _seen(faces: list[Face], index: int, width: int, height: int) -> dict[str, Any]:
    """A face as the page draws it; coordinates are shares of the picture."""
    x, y, across, down = faces[index].box
    left, top = min(max(x / width, 0.0), 1.0), min(max(y / height, 0.0), 1.0)
    right, bottom = min(max((x + across) / width, 0.0), 1.0), min(max((y + down) / height, 0.0), 1.0)
    why = None
    try:
        choose(faces, index)
    except FaceTooSmallError:
        why = "face-too-small"
    except NoFaceError:
        raise
    except FaceError:
        why = "profile"
    return {
        "index": index,
        "left": left,
        "top": top,
        "width": right - left,
        "height": bottom - top,
        "fit": why is None,
        "why": why,
    }


def _shrunk(image: RGB) -> RGB:
    height, width = image.shape[:2]
    scale = min(1.0, PREVIEW / max(height, width))
    return resize(image, max(1, round(width * scale)), max(1, round(height * scale)))


def main(memory: str, pixels: str) -> None:
    """Until the server goes."""
    speech = Speech()
    looker = Looker(int(memory), int(pixels))
    speech.say(verifiers=panel_table(), defaults=defaults())
    while (order := speech.hear()) is not None:
        data = speech.hear_bytes(order["bytes"])
        try:
            answer = looker.answer(order, data)
        except Exception as error:  # a mistake of the program; the next picture may be luckier
            print(f"Looking failed: {where(error)}.", file=sys.stderr, flush=True)
            answer = {
                "error": "The picture could not be looked at; that is a mistake of the program.",
                "code": "trouble",
            }
        del data
        speech.say(**answer)
