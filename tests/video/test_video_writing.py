"""Films: times to the tick, the sound as it was, and no half of one."""

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from doppelganger.errors import OutputError
from doppelganger.provenance import SENTENCES, SourceType
from doppelganger.video import writing
from doppelganger.video.reading import VideoFile
from doppelganger.video.sound import KeptSound
from doppelganger.video.writing import FilmWriter
from filming import NTSC, RATE, TONE, corners, quadrants, sound_of, sound_packets, write_video


def copy(source: Path, target: Path) -> KeptSound:
    """Through the reader and the writer, the pictures as they are."""
    with VideoFile(source) as video:
        sound = KeptSound(source)
        with FilmWriter(target, video.width, video.height, video.time_base, video.rate, sound) as film:
            for frame in video.frames():
                film.write(frame.image, frame.ticks, frame.duration)
    return sound


@pytest.mark.parametrize("seed", [0, 1])
def test_every_frame_keeps_its_time_and_length(seed: int, tmp_path: Path) -> None:
    uneven = np.cumsum(np.random.default_rng(seed).integers(1, 90, 30)).tolist()
    even = write_video(tmp_path / "even.mp4", [quadrants()] * 30)
    odd = write_video(tmp_path / "odd.mkv", [quadrants()] * 30, uneven, Fraction(1, 1000))
    for source in (even, odd):
        target = tmp_path / "out.mp4"
        copy(source, target)
        with VideoFile(source) as before, VideoFile(target) as after:
            first = [frame.time for frame in before.frames()]
            frames = list(after.frames())
            assert [frame.time for frame in frames] == first and len(first) == 30
            assert before.duration is not None and after.duration is not None
            assert corners(frames[9].image) == ["red", "green", "blue", "grey"]
            if source is even:
                assert after.rate == NTSC and after.duration == before.duration
            end = frames[-1].time + frames[-1].duration * after.time_base
            assert abs(float(end - max(before.duration, first[-1]))) < 0.1


@pytest.mark.parametrize("order", ["bframes=0", "bframes=1:b-adapt=0", "bframes=3:b-adapt=0"])
def test_a_film_lasts_as_long_as_its_pictures_in_whatever_order_they_are_decoded(
    order: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_REPEATABLE", order)
    ticks = (0, 1, 2, 4, 5, 9, 10, 11, 13, 14)
    with FilmWriter(tmp_path / "film.mp4", 64, 48, 1 / NTSC, NTSC, repeatable=True) as film:
        for tick, after in zip(ticks, (*ticks[1:], 15), strict=True):
            film.write(np.roll(quadrants(), 4 * tick, axis=1), tick, after - tick)
    with VideoFile(tmp_path / "film.mp4") as seen:
        assert seen.duration == 15 / NTSC
        assert [frame.time * NTSC for frame in seen.frames()] == list(ticks)


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("b.mp4", "libmp3lame"), ("c.mkv", "libopus")])
def test_sound_that_an_mp4_can_hold_is_not_touched(name: str, codec: str, tmp_path: Path) -> None:
    source = write_video(tmp_path / name, [quadrants()] * 30, sound=codec)
    assert copy(source, tmp_path / "out.mp4").how == "copied"
    before, after = sound_packets(source), sound_packets(tmp_path / "out.mp4")
    assert [payload for payload, _, _ in after] == [payload for payload, _, _ in before] and len(before) > 20
    for (_, old, _), (_, new, _) in zip(before, after, strict=True):
        assert abs(old - new) <= Fraction(1, 1000)


def test_sound_that_it_cannot_hold_is_encoded_and_in_time(tmp_path: Path) -> None:
    source = write_video(tmp_path / "a.mov", [quadrants()] * 30, sound="pcm_s16le")
    assert copy(source, tmp_path / "out.mp4").how == "encoded"
    wave = sound_of(tmp_path / "out.mp4")
    assert len(wave) / RATE == pytest.approx(float(30 / NTSC), abs=0.03)
    strength = np.abs(np.fft.rfft(wave[4800:43200]))
    assert np.argmax(strength) * RATE / 38400 == pytest.approx(TONE, abs=2)
    with av.open(str(tmp_path / "out.mp4")) as film:
        assert film.streams.audio[0].codec_context.name == "aac"


def test_a_transport_stream_loses_its_late_start_on_both_tracks(tmp_path: Path) -> None:
    source = write_video(tmp_path / "a.ts", [quadrants()] * 30, sound="aac")
    copy(source, tmp_path / "out.mp4")
    with av.open(str(source)) as file:
        picture, sound = (s.start_time * s.time_base for s in (file.streams.video[0], file.streams.audio[0]))
    with VideoFile(tmp_path / "out.mp4") as film:
        first = next(film.frames()).time
    assert first - sound_packets(tmp_path / "out.mp4")[0][1] == pytest.approx(float(picture - sound), abs=1e-3)


def test_a_film_says_that_it_is_synthetic(tmp_path: Path) -> None:
    for source in SourceType:
        with FilmWriter(tmp_path / "out.mp4", 64, 48, 1 / NTSC, source=source) as film:
            film.write(quadrants(), 0)
        with av.open(str(tmp_path / "out.mp4")) as file:
            assert file.metadata["comment"] == SENTENCES[source] and file.metadata["description"] == source


def test_an_odd_side_gains_a_line(tmp_path: Path) -> None:
    with FilmWriter(tmp_path / "out.mp4", 63, 47, 1 / NTSC) as film:
        for k in range(3):
            film.write(quadrants(63, 47), k)
    with VideoFile(tmp_path / "out.mp4") as video:
        assert (video.width, video.height) == (64, 48)
        assert corners(next(video.frames()).image) == ["red", "green", "blue", "grey"]


REPEATED = """
import sys
from fractions import Fraction
from pathlib import Path
import cv2
from skimage.data import astronaut
from doppelganger.video.writing import FilmWriter

with FilmWriter(Path(sys.argv[1]), 320, 256, Fraction(1, 25), repeatable=True) as film:
    for k in range(0, 120, 4):
        film.write(cv2.resize(astronaut()[k : 512 - k, k : 512 - k], (320, 256)), k)
"""


def test_equal_pictures_give_equal_bytes_whatever_lies_in_memory(tmp_path: Path) -> None:
    films = []
    for filling in ("", "85", "170"):  # what the GNU C library puts into memory that is asked for
        film = tmp_path / f"film{filling}.mp4"
        environment = os.environ | {"MALLOC_PERTURB_": filling}
        subprocess.run([sys.executable, "-c", REPEATED, str(film)], env=environment, check=True)
        films.append(film.read_bytes())
    assert films[0] == films[1] == films[2]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_a_film_is_written_whole_or_not_at_all(stop: type[BaseException], tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    target.write_bytes(b"the older one")
    with pytest.raises(stop), FilmWriter(target, 64, 48, 1 / NTSC) as film:
        for k in range(40):
            film.write(quadrants(), k)
        raise stop
    assert target.read_bytes() == b"the older one" and list(tmp_path.iterdir()) == [target]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError, match="could not be written"):
        FilmWriter(tmp_path / "file" / "out.mp4", 64, 48, 1 / NTSC)
