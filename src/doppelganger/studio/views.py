"""A result's pictures at other sizes and in other shapes, made when asked for. All that is made here is marked synthetic."""

import io
import zipfile

import numpy as np
from PIL import Image, ImageDraw

from doppelganger.images import RGB, encode_jpeg, read_image, resize
from doppelganger.provenance import synthetic_jpeg, synthetic_png
from doppelganger.storage import ResultFolder
from doppelganger.studio.house import HomeOfResult, private_file, private_folder
from doppelganger.studio.schema import Picture, Size

CROP = 800
"""Side of the square and the round crop, in pixels of the 1024² picture."""
CENTRE = (512, 548)
"""x, y of the middle of a face, between brow and chin: the alignment puts every face there (FFHQ: eyes at about 0.47 of the
height, mouth at about 0.7)."""
_FINER = 4
"""The round crop's edge is drawn so many times larger and shrunk: without steps."""


def at_size(home: HomeOfResult, picture: Picture, size: Size) -> tuple[bytes, str]:
    """Bytes and media type. Raises OSError or ImageError where the picture is not there."""
    saved = ResultFolder(home.saved)
    full = saved.doppelganger if picture is Picture.DOPPELGANGER else saved.picture(picture)
    if size is Size.FULL:
        return full.read_bytes(), "image/png"
    kept = home.view(picture, size)
    try:
        return kept.read_bytes(), "image/jpeg"
    except FileNotFoundError:
        small = resize(read_image(full.read_bytes()), size, size)
    data = encode_jpeg(small, 90) if picture is Picture.PORTRAIT else synthetic_jpeg(small, 90)
    if home.saved.is_dir():  # else it was deleted meanwhile
        private_folder(kept.parent)
        private_file(kept, data)
    return data, "image/jpeg"


def square(home: HomeOfResult) -> bytes:
    """The doppelgänger's face in the middle of 800², JPEG."""
    return synthetic_jpeg(_crop(home), 95)


def round_(home: HomeOfResult) -> bytes:
    """The same, cut out as a circle, PNG with transparency."""
    mask = Image.new("L", (CROP * _FINER, CROP * _FINER), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, CROP * _FINER - 1, CROP * _FINER - 1), fill=255)
    alpha = np.asarray(mask.resize((CROP, CROP), Image.Resampling.BOX))
    return synthetic_png(np.dstack([_crop(home), alpha]))


def zipped(home: HomeOfResult) -> bytes:
    """The result folder as a ZIP, and the film where it was made. Pictures are not packed twice."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(path for path in home.saved.rglob("*") if path.is_file()):
            archive.write(file, f"doppelganger/{file.relative_to(home.saved).as_posix()}")
        if home.film.is_file():
            archive.write(home.film, f"doppelganger/share/{home.film.name}")
    return buffer.getvalue()


def _crop(home: HomeOfResult) -> RGB:
    picture = read_image(ResultFolder(home.saved).doppelganger.read_bytes())
    left, top = (min(max(middle - CROP // 2, 0), 1024 - CROP) for middle in CENTRE)
    return picture[top : top + CROP, left : left + CROP]
