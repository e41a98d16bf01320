"""Frames and their times out of videos of every kind, and a sentence out of what is none."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from doppelganger.errors import VideoError
from doppelganger.images import encode_png
from doppelganger.video import reading
from doppelganger.video.reading import VideoFile
from filming import NTSC, corners, quadrants, write_video

UNEVEN = [0, 33, 80, 100, 140, 200, 201, 260, 300, 350, 400, 410]
"""Milliseconds."""


def times(path: Path) -> list[Fraction]:
    with VideoFile(path) as video:
        return [frame.time for frame in video.frames()]


def test_a_rate_that_is_a_fraction_stays_one(tmp_path: Path) -> None:
    path = write_video(tmp_path / "ntsc.mp4", [quadrants()] * 20)
    with VideoFile(path) as video:
        frames = list(video.frames())
        assert (video.width, video.height, video.rate, video.expected) == (64, 48, NTSC, 20)
        assert video.duration == 20 / NTSC
    assert [frame.time for frame in frames] == [k / NTSC for k in range(20)]
    assert all(frame.duration * video.time_base == 1 / NTSC for frame in frames)
    assert corners(frames[7].image) == ["red", "green", "blue", "grey"]


@pytest.mark.parametrize("name", ["uneven.mp4", "uneven.mkv"])
def test_uneven_times_are_kept(name: str, tmp_path: Path) -> None:
    path = write_video(tmp_path / name, [quadrants()] * len(UNEVEN), UNEVEN, Fraction(1, 1000))
    assert times(path) == [Fraction(t, 1000) for t in UNEVEN]


@pytest.mark.parametrize(
    ("degrees", "upright"),
    [
        (90, ["green", "grey", "red", "blue"]),
        (180, ["grey", "blue", "green", "red"]),
        (-90, ["blue", "red", "grey", "green"]),
    ],
)
def test_a_turned_video_is_turned_back(degrees: int, upright: list[str], tmp_path: Path) -> None:
    path = write_video(tmp_path / "turned.mp4", [quadrants()] * 3, rotation=degrees)
    with VideoFile(path) as video:
        size = video.height, video.width
        images = [frame.image for frame in video.frames()]
    assert size == ((48, 64) if degrees == 180 else (64, 48))
    assert all(image.shape == (*size, 3) and corners(image) == upright for image in images)


def test_pixels_that_are_not_square_become_so(tmp_path: Path) -> None:
    path = write_video(tmp_path / "wide.mp4", [quadrants()] * 3, pixel_aspect=Fraction(3, 2))
    with VideoFile(path) as video:
        assert (video.width, video.height) == (96, 48)
        assert next(video.frames()).image.shape == (48, 96, 3)


def test_a_clock_that_begins_late_is_set_to_zero(tmp_path: Path) -> None:
    path = write_video(tmp_path / "late.ts", [quadrants()] * 5)
    found = times(path)
    assert found[0] < Fraction(1, 1000)
    assert [t - found[0] for t in found] == [k / NTSC for k in range(5)]


def test_a_time_that_no_video_has_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "jump.mkv", [quadrants()] * 3, [0, 40, 10**9], Fraction(1, 1000))
    with pytest.raises(VideoError, match=r"says that it lasts|jumps to a time"):
        times(path)


def test_a_damaged_middle_loses_frames_and_nothing_else(tmp_path: Path) -> None:
    noise = np.random.default_rng(3)
    images = [noise.integers(0, 255, (48, 64, 3)).astype(np.uint8) for _ in range(40)]
    path = write_video(tmp_path / "damaged.mp4", images)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = noise.integers(0, 255, 3000).astype(np.uint8).tobytes()
    path.write_bytes(data)
    found = times(path)
    assert 10 < len(found) <= 40
    assert all(a < b for a, b in pairwise(found))


def test_what_is_no_video_is_refused_by_one_sentence(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mp4", [quadrants()] * 20).read_bytes()
    (tmp_path / "text.mp4").write_text("This is no video.\n")
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "picture.png").write_bytes(encode_png(quadrants()))
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXTINF:1,\n{tmp_path / 'whole.mp4'}\n#EXT-X-ENDLIST\n")
    (tmp_path / "list.ffconcat").write_text(f"ffconcat version 1.0\nfile '{tmp_path / 'whole.mp4'}'\n")
    (tmp_path / "folder.mp4").mkdir()
    key = {"encryption_key": "00112233445566778899aabbccddeeff", "encryption_kid": "00112233445566778899aabbccddee00"}
    secret = {"encryption_scheme": "cenc-aes-ctr", **key}
    write_video(tmp_path / "secret.mp4", [quadrants()] * 5, options=secret)
    words = {
        "text.mp4": "is not a video",
        "empty.mp4": "is not a video",
        "cut.mp4": "cut short",
        "picture.png": "is not a video",
        "list.m3u8": "is not a video",
        "list.ffconcat": "is not a video",
        "folder.mp4": "is not a file",
        "secret.mp4": "is encrypted",
        "missing.mp4": "does not exist",
    }
    for name, said in words.items():
        with pytest.raises(VideoError, match=said) as caught, VideoFile(tmp_path / name) as video:
            list(video.frames())
        assert name in str(caught.value) and caught.value.exit_code == 3


@pytest.mark.parametrize("cover", [False, True])
def test_sound_alone_is_no_video_with_a_cover_neither(cover: bool, tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as film:
        stream = film.add_stream("aac", rate=48000)
        if cover:
            picture = film.add_stream("png", rate=1)
            picture.width, picture.height, picture.pix_fmt = 64, 48, "rgb24"
            picture.disposition = Disposition.attached_pic
            film.mux(picture.encode(av.VideoFrame.from_ndarray(quadrants(), format="rgb24")))
        block = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), format="s16", layout="mono")
        block.sample_rate = 48000
        film.mux(stream.encode(block))
        film.mux(stream.encode(None))
    with pytest.raises(VideoError, match="no picture track"):
        VideoFile(path)


def test_frames_beyond_the_limit_are_refused_before_they_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / "large.mp4", [quadrants(128, 96)] * 3)
    monkeypatch.setattr(reading, "MAX_PIXELS", 64 * 48)
    with pytest.raises(VideoError, match=r"128 × 96|not a video|no frame"):
        VideoFile(path)
    monkeypatch.undo()
    monkeypatch.setattr(reading, "MAX_SECONDS", 0.01)
    with pytest.raises(VideoError, match="lasts"):
        VideoFile(path)
