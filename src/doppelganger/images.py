"""Pictures as ``uint8 [H, W, 3]`` RGB arrays: read safely, resize, encode, write without ever leaving half a file."""

import io
import os
import secrets
import stat
import warnings
from pathlib import Path

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from doppelganger.errors import ImageError, OutputError

RGB = NDArray[np.uint8]

MAX_PIXELS = 100_000_000
"""Largest picture decoded, in pixels (300 MB as RGB); the header is asked before a single pixel is decoded."""
MAX_BYTES = 200_000_000
"""Largest file read, in bytes."""
PNG_EFFORT = 2
"""zlib's level: half the time of the usual 6, a few per cent larger."""
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
"""The only decoders tried, so that the rarely used ones of Pillow are no way in."""
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF's orientation (tag 274) → what brings such a picture upright."""


def read_image(source: Path | str | bytes, name: str | None = None) -> RGB:
    """Decode a picture as people see it: upright (EXIF), in sRGB, over white where it was transparent.

    ``source`` is a path or the file's bytes; ``name`` is what errors call it (default: the path).
    Returns uint8 [H, W, 3]. Raises ImageError with one sentence for a missing, foreign, truncated, animated or too
    large file; nothing is decoded before the size in the header has been judged.
    """
    name = name or ("the picture" if isinstance(source, bytes) else str(source))
    data = source if isinstance(source, bytes) else _read_file(Path(source), name)
    if len(data) > MAX_BYTES:
        raise ImageError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB; save a smaller copy and use that.")
    try:
        with _open(data, name) as picture:
            _refuse_unfit(picture, name)
            picture.load()
            return _to_rgb(picture)
    except ImageError:
        raise
    except Exception as error:  # the decoders raise OSError, SyntaxError, ValueError, struct.error, zlib.error …
        raise ImageError(f"{name} is damaged or cut short and cannot be read; get a whole copy of it.") from error


def resize(image: RGB, width: int, height: int) -> RGB:
    """Lanczos with antialiasing: uint8 [H, W, 3] → uint8 [height, width, 3]."""
    if image.shape[:2] == (height, width):
        return image
    return np.array(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS))


def resize_area(image: RGB, width: int, height: int) -> RGB:
    """The mean of the covered area (for whole factors what average pooling gives): uint8 [height, width, 3]."""
    if image.shape[:2] == (height, width):
        return image
    return np.array(Image.fromarray(image).resize((width, height), Image.Resampling.BOX))


def encode_png(image: RGB, info: PngInfo | None = None) -> bytes:
    """PNG bytes of a uint8 [H, W, 3] picture, marked sRGB, with the given text chunks and no other metadata."""
    info = info or PngInfo()
    info.add(b"sRGB", b"\x00")  # rendering intent 0, perceptual
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", pnginfo=info, compress_level=PNG_EFFORT)
    return buffer.getvalue()


def encode_jpeg(image: RGB, quality: int = 92, xmp: bytes = b"", comment: str = "") -> bytes:
    """JPEG bytes of a uint8 [H, W, 3] picture with full colour resolution (4:4:4); ``quality`` is libjpeg's 1–100."""
    buffer = io.BytesIO()
    metadata: dict[str, bytes] = {}
    if xmp:
        metadata["xmp"] = xmp
    if comment:
        metadata["comment"] = comment.encode()
    picture = Image.fromarray(image)
    try:
        picture.save(buffer, "JPEG", quality=quality, subsampling=0, optimize=True, **metadata)
    except OSError:  # noise outgrows the buffer that Pillow has for the second look which this option takes
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality, subsampling=0, **metadata)
    return buffer.getvalue()


def write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` whole or not at all: a temporary file beside it, flushed to disk, then renamed.

    Missing folders are made. Raises OutputError with one sentence; then an older file at ``path`` is untouched.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:  # Ctrl-C included; after the rename nothing is left to remove
            temporary.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(
            f"{path} could not be written ({reason}); choose another folder with --out, or make room and allow writing."
        ) from error


def _read_file(path: Path, name: str) -> bytes:
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise ImageError(f"{name} is not a file; give the path of a picture.")
        if about.st_size > MAX_BYTES:
            raise ImageError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB; save a smaller copy and use that.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ImageError(f"{name} does not exist; check the path.") from error
    except OSError as error:
        raise ImageError(f"{name} cannot be opened ({error.strerror}); check its permissions.") from error
    except ValueError as error:  # a path with a null byte
        raise ImageError(f"{name!r} is not a path; check its spelling.") from error


def _open(data: bytes, name: str) -> Image.Image:
    pillow_heif.register_heif_opener(thumbnails=False)  # idempotent; teaches Pillow the format "HEIF"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # judged against MAX_PIXELS right after
            return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(name) from error
    except UnidentifiedImageError as error:
        raise ImageError(f"{name} is not a picture that can be read; use JPEG, PNG, WebP or HEIC.") from error


def _refuse_unfit(picture: Image.Image, name: str) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise _too_many_pixels(name)
    # Only these two animate: several images in a JPEG (MPO) or HEIC are previews and depth maps beside the photo.
    if picture.format in ("PNG", "WEBP") and getattr(picture, "is_animated", False):
        raise ImageError(f"{name} is an animation; save the frame you want as a still picture.")


def _too_many_pixels(name: str) -> ImageError:
    return ImageError(f"{name} has more than {MAX_PIXELS // 1_000_000} megapixels; save a smaller copy and use that.")


def _to_rgb(picture: Image.Image) -> RGB:
    upright = _upright(picture)
    if upright.mode.startswith("I"):  # 16 bits of grey, which Pillow's own conversion would clip
        grey = np.asarray(upright).astype(np.float64) / 257
        return np.repeat(np.clip(grey.round(), 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
    if upright.has_transparency_data:
        layered = upright.convert("RGBA")
        colours = _to_srgb(layered.convert("RGB"), picture.info.get("icc_profile")).convert("RGBA")
        colours.putalpha(layered.getchannel("A"))
        white = Image.new("RGBA", colours.size, "white")
        return np.array(Image.alpha_composite(white, colours).convert("RGB"))
    return np.array(_to_srgb(upright, picture.info.get("icc_profile")).convert("RGB"))


def _upright(picture: Image.Image) -> Image.Image:
    """As its EXIF says it is to be shown. (Pillow's own ``exif_transpose`` writes the whole block anew, and fails where any of its
    tags is of an odd type.)"""
    orientation = picture.getexif().get(ExifTags.Base.Orientation)
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    return picture if turn is None else picture.transpose(turn)


def _to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Phones save wide-gamut (Display P3) colours; read as sRGB they would look pale. A broken profile is ignored."""
    if not profile or picture.mode not in ("RGB", "CMYK", "L"):
        return picture
    try:
        converted = ImageCms.profileToProfile(
            picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return converted if converted is not None else picture
