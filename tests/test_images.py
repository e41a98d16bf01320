"""Reading pictures safely, resizing, and writing whole files or none."""

import io
import os
import struct
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from doppelganger import images
from doppelganger.errors import ImageError, OutputError
from doppelganger.images import encode_jpeg, encode_png, read_image, resize, resize_area, write_atomically


def picture(height: int = 40, width: int = 60) -> np.ndarray:
    """Smooth, coloured, and different in every corner."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 / width, y * 255 / height, 255 - x * 200 / width], 2).astype(np.uint8)


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_reads_every_common_format(format: str, tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(saved(Image.fromarray(picture()), format, quality=95))
    result = read_image(path)
    assert result.shape == (40, 60, 3) and result.dtype == np.uint8
    assert np.abs(result.astype(int) - picture()).mean() < (0.1 if format == "PNG" else 4)


def test_reads_heic(tmp_path: Path) -> None:
    path = tmp_path / "photo.heic"
    pillow_heif.from_pillow(Image.fromarray(picture(128, 64))).save(path, quality=90)
    result = read_image(path)
    assert result.shape == (128, 64, 3)
    assert np.abs(result.astype(int) - picture(128, 64)).mean() < 4


def test_an_odd_tag_beside_the_orientation_harms_nothing() -> None:
    wide = np.zeros((20, 30, 3), np.uint8)
    wide[:, 20:] = 255
    # two entries, big-endian: the orientation, 6, and a width, which is a number by rights, as three letters
    entries = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + struct.pack(">HHI4s", 0x0100, 2, 3, b"abc")
    exif = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 2) + entries + struct.pack(">I", 0)
    data = saved(Image.fromarray(wide), "JPEG", exif=exif)
    seen = read_image(data)
    assert seen.shape == (30, 20, 3) and seen[25].mean() > 250 and seen[5].mean() < 5


@pytest.mark.parametrize(
    ("orientation", "mirrored", "turned"),
    [(1, 0, 0), (2, 1, 0), (3, 0, 2), (4, 1, 2), (5, 1, 1), (6, 0, -1), (7, 1, -1), (8, 0, 1)],
)
def test_turns_the_picture_upright(orientation: int, mirrored: int, turned: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(Image.fromarray(picture()), "PNG", exif=exif)
    shown = picture()[:, ::-1] if mirrored else picture()
    assert np.array_equal(read_image(data), np.rot90(shown, turned))


def test_transparency_becomes_white() -> None:
    layered = np.dstack([picture(), np.full((40, 60), 255, np.uint8)])
    layered[:20, :, 3] = 0
    layered[20, :, 3] = 51
    result = read_image(saved(Image.fromarray(layered), "PNG"))
    assert (result[:20] == 255).all()
    assert np.array_equal(result[21:], picture()[21:])
    assert np.abs(result[20] - (0.2 * picture()[20].astype(float) + 0.8 * 255)).max() <= 1


def test_transparent_palette_and_grey() -> None:
    palette = Image.fromarray(picture()).quantize(8)
    assert (read_image(saved(palette, "PNG", transparency=palette.getpixel((0, 0))))[0, 0] == 255).all()
    grey = Image.fromarray(picture()[:, :, 0])
    result = read_image(saved(grey, "PNG"))
    assert np.array_equal(result, np.repeat(picture()[:, :, :1], 3, axis=2))


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    values = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257
    expected = np.arange(256).reshape(16, 16)
    grey = read_image(cv2.imencode(".png", values)[1].tobytes())
    colour = read_image(cv2.imencode(".png", np.dstack([values] * 3))[1].tobytes())
    assert np.array_equal(grey[:, :, 0], expected) and np.array_equal(grey[:, :, 2], expected)
    assert np.array_equal(colour[:, :, 1], expected)


def test_cmyk_and_colour_profiles() -> None:
    cmyk = Image.fromarray(picture()).convert("CMYK")
    assert np.abs(read_image(saved(cmyk, "JPEG", quality=95)).astype(int) - picture()).mean() < 4
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = read_image(saved(Image.fromarray(picture()), "PNG", icc_profile=srgb))
    assert np.abs(same.astype(int) - picture()).max() <= 1
    broken = read_image(saved(Image.fromarray(picture()), "PNG", icc_profile=b"not a profile"))
    assert np.array_equal(broken, picture())


def test_wide_gamut_colours_are_converted() -> None:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {bytes(profile[at : at + 4]): struct.unpack(">I", profile[at + 4 : at + 8])[0] for at in range(132, 300, 12)}
    red, green = tags[b"rXYZ"] + 8, tags[b"gXYZ"] + 8
    profile[red : red + 12], profile[green : green + 12] = profile[green : green + 12], profile[red : red + 12]
    result = read_image(saved(Image.new("RGB", (8, 8), (250, 10, 10)), "PNG", icc_profile=bytes(profile)))
    assert result[0, 0, 1] > 200 > 100 > result[0, 0, 0]  # in that profile, "red" is green


@pytest.mark.parametrize("size", [(30_000, 30_000), (11_000, 10_000)])
def test_bombs_are_refused_by_their_header(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match="100 megapixels"):
        read_image(png_header(*size), "bomb.png")
    with pytest.raises(ImageError, match="damaged"):  # the same file of a modest size gets as far as decoding
        read_image(png_header(300, 300), "bomb.png")


@pytest.mark.skipif(sys.platform == "win32", reason="sparse files need a flag there")
def test_huge_files_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(images.MAX_BYTES + 1)
    with pytest.raises(ImageError, match=r"huge\.png is larger than 200 MB"):
        read_image(path)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_truncated_files_are_refused(format: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3)).astype(np.uint8)
    data = saved(Image.fromarray(noise), format)
    with pytest.raises(ImageError, match=r"^holiday\.jpg .*\.$"):
        read_image(data[: int(len(data) * share)], "holiday.jpg")


@pytest.mark.parametrize(
    "data",
    [b"Dear diary,\n" * 100, b"", saved(Image.fromarray(picture()), "GIF"), saved(Image.fromarray(picture()), "BMP")],
    ids=["text", "empty", "gif", "bmp"],
)
def test_other_files_are_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(data)
    with pytest.raises(ImageError, match=r"holiday\.jpg is not a picture that can be read"):
        read_image(path)


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_animations_are_refused(format: str) -> None:
    frames = [Image.fromarray(picture()), Image.fromarray(255 - picture())]
    with pytest.raises(ImageError, match="animation"):
        read_image(saved(frames[0], format, save_all=True, append_images=frames[1:], duration=100))


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="does not exist"):
        read_image(tmp_path / "nothing.jpg")
    with pytest.raises(ImageError, match="not a file"):
        read_image(tmp_path)
    with pytest.raises(ImageError, match="not a path"):
        read_image("null\0byte.jpg")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_ends_in_a_picture_or_a_sentence(data: st.DataObject) -> None:
    good = bytearray(saved(Image.fromarray(picture()), data.draw(st.sampled_from(["JPEG", "PNG", "WEBP"]))))
    for _ in range(data.draw(st.integers(1, 8))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert read_image(bytes(good)).shape[2] == 3
    except ImageError as error:
        assert str(error).endswith(".")


def test_resizing_does_not_alias() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 254
    for smaller in (resize(stripes, 16, 16), resize_area(stripes, 16, 16)):
        assert smaller.shape == (16, 16, 3)
        assert np.abs(smaller[:, 2:-2].astype(int) - 127).max() <= 3
    assert resize(stripes, 30, 20).shape == (20, 30, 3)
    assert np.abs(resize_area(picture(), 30, 20)[3, 4] - picture()[6:8, 8:10].mean((0, 1))).max() <= 0.5


def test_encoded_pictures_come_back() -> None:
    assert np.array_equal(read_image(encode_png(picture())), picture())
    assert np.abs(read_image(encode_jpeg(picture(), 95)).astype(int) - picture()).mean() < 3
    info = PngInfo()
    info.add_text("Software", "test")
    opened = Image.open(io.BytesIO(encode_png(picture(), info)))
    assert opened.info["Software"] == "test" and "srgb" in opened.info


def test_writing_replaces_whole_files(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "out.bin"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_writing_where_no_folder_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="could not be written"):
        write_atomically(tmp_path / "file" / "out.png", b"data")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_writing_to_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="could not be written"):
        write_atomically(tmp_path / "out.png", b"data")


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limits there")
def test_no_room_leaves_the_old_file(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "out.bin"
    write_atomically(path, b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OutputError, match=r"out\.bin could not be written \(.+\)"):
            write_atomically(path, bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_ctrl_c_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "out.bin", b"data")
    assert list(tmp_path.iterdir()) == []


def test_noise_can_be_written_as_jpeg() -> None:
    """Each block its own random colour: more bits than Pillow's optimising writer makes room for."""
    blocks = np.random.default_rng(0).integers(0, 256, (80, 80, 3), np.uint8).repeat(6, 0).repeat(6, 1)
    assert np.abs(read_image(encode_jpeg(blocks)).astype(int) - blocks).mean() < 12
