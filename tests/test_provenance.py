"""Outputs say that they are synthetic, and carry nothing else."""

import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from doppelganger.images import encode_jpeg, read_image
from doppelganger.provenance import SourceType, synthetic_jpeg, synthetic_png, xmp

PICTURE = np.random.default_rng(0).integers(0, 255, (32, 32, 3)).astype(np.uint8)
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"


def source_type(packet: str | bytes) -> str:
    text = packet.decode() if isinstance(packet, bytes) else packet
    description = ET.fromstring(text).find(f".//{RDF}Description")
    assert description is not None
    return description.attrib[f"{IPTC}DigitalSourceType"]


@pytest.mark.parametrize(
    ("source", "term"),
    [
        (SourceType.SYNTHETIC, "trainedAlgorithmicMedia"),
        (SourceType.COMPOSITE, "compositeWithTrainedAlgorithmicMedia"),
    ],
)
def test_the_source_type_is_in_xmp(source: SourceType, term: str) -> None:
    expected = f"http://cv.iptc.org/newscodes/digitalsourcetype/{term}"
    assert source_type(xmp(source)) == expected
    png = Image.open(io.BytesIO(synthetic_png(PICTURE, source)))
    assert source_type(png.info["XML:com.adobe.xmp"]) == expected
    assert source_type(png.info["xmp"]) == expected  # where Pillow and browsers look for it
    jpeg = Image.open(io.BytesIO(synthetic_jpeg(PICTURE, 90, source)))
    assert source_type(jpeg.info["xmp"]) == expected


def test_people_can_read_it_too() -> None:
    png = Image.open(io.BytesIO(synthetic_png(PICTURE)))
    assert png.info["Software"] == "Doppelgänger"
    assert "synthetic" in png.info["Description"]
    assert b"synthetic" in Image.open(io.BytesIO(synthetic_jpeg(PICTURE))).info["comment"]


def test_pixels_are_untouched_and_nothing_else_is_carried() -> None:
    assert np.array_equal(read_image(synthetic_png(PICTURE)), PICTURE)
    assert np.array_equal(read_image(synthetic_jpeg(PICTURE, 90)), read_image(encode_jpeg(PICTURE, 90)))
    png = Image.open(io.BytesIO(synthetic_png(PICTURE)))
    assert set(png.info) <= {"Software", "Description", "XML:com.adobe.xmp", "xmp", "srgb"}
    assert not png.getexif()
    jpeg = Image.open(io.BytesIO(synthetic_jpeg(PICTURE)))
    assert set(jpeg.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "xmp", "comment"}
    assert not jpeg.getexif()


def test_the_input_exif_cannot_pass() -> None:
    exif = Image.Exif()
    exif[0x010E] = "home address"
    buffer = io.BytesIO()
    Image.fromarray(PICTURE).save(buffer, "JPEG", exif=exif, comment=b"secret note", quality=95)
    assert b"home address" in buffer.getvalue()
    again = read_image(buffer.getvalue())
    for data in (synthetic_png(again), synthetic_jpeg(again)):
        assert b"home address" not in data and b"secret note" not in data
