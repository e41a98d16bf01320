"""A driving video and an avatar make a film."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from doppelganger.errors import NoFaceError, OutputError
from doppelganger.images import RGB
from doppelganger.progress import Event
from doppelganger.puppet.performance import Gate, Mode
from doppelganger.puppet.tracker import Tracker
from doppelganger.video.animate import animate
from doppelganger.video.reading import VideoFile
from doppelganger.video.reference import find_reference, restlessness
from filming import NTSC, MarkedStill, sound_packets, write_video

Moving = Callable[[int], list[RGB]]


def images_of(path: Path) -> list[RGB]:
    with VideoFile(path) as video:
        return [frame.image for frame in video.frames()]


def difference(a: RGB, b: RGB) -> float:
    """Mean over all pixels, in grey levels."""
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def covered(image: RGB) -> int:
    """Pixels of the green that the avatar lays over a face."""
    return int((image[..., 1].astype(int) - image[..., 0] > 120).sum())


def test_a_film_has_the_drivers_frames_times_and_sound(
    avatar: MarkedStill, tracker: Tracker, moving: Moving, tmp_path: Path
) -> None:
    driver = write_video(tmp_path / "driver.mp4", moving(24), sound="aac")
    target = tmp_path / "out" / "film.mp4"
    events: list[Event] = []
    made = animate(driver, avatar, tracker, target, progress=events.append)
    assert (made.frames, made.promised, made.held, made.rate, made.sound) == (24, 24, {}, NTSC, "copied")
    assert made.seconds == 24 / NTSC
    assert [(e.stage, e.done, e.total) for e in events] == [("animating", k + 1, 24) for k in range(24)]
    with VideoFile(target) as film:
        frames = list(film.frames())
        assert film.rate == NTSC and (film.width, film.height) == (512, 512)
    assert [frame.time for frame in frames] == [k / NTSC for k in range(24)]
    before, after = sound_packets(driver), sound_packets(target)
    assert [p for p, _, _ in before] == [p for p, _, _ in after]
    # the avatar moves as the driver does: to the side and back
    assert difference(frames[0].image, frames[5].image) > 1.5 * difference(frames[0].image, frames[9].image)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["driver.mp4", "out"]
    assert list(target.parent.iterdir()) == [target]


def test_uneven_frames_of_a_turned_driver_in_swap(
    avatar: MarkedStill, tracker: Tracker, moving: Moving, tmp_path: Path
) -> None:
    times = np.cumsum([0, 33, 20, 61, 40, 7, 33, 80]).tolist()
    lying = [np.ascontiguousarray(np.rot90(image, -1)) for image in moving(8)]
    driver = write_video(tmp_path / "driver.mp4", lying, times, Fraction(1, 1000), rotation=90)
    made = animate(driver, avatar, tracker, tmp_path / "film.mp4", Mode.SWAP)
    assert made.held == {} and made.sound == "none"
    with VideoFile(tmp_path / "film.mp4") as film:
        frames = list(film.frames())
        assert (film.width, film.height) == (320, 240)
    assert [frame.time for frame in frames] == [Fraction(t, 1000) for t in times]
    for frame, own in zip(frames, moving(8), strict=True):
        assert difference(frame.image[:, :60], own[:, :60]) < 6  # the room is the driver's
        assert covered(frame.image) > 1000  # the face is not


def test_without_a_face_the_drivers_picture_is_never_shown(
    avatar: MarkedStill, tracker: Tracker, moving: Moving, tmp_path: Path
) -> None:
    person = moving(6)
    hidden = [image.copy() for image in person]
    for image in hidden:
        image[20:200, 60:260] = 90  # a hand before the face
    sequence = [*person, *hidden, *hidden, *person]
    ticks = [k * 150 for k in range(24)]  # so that a second passes in the middle
    driver = write_video(tmp_path / "driver.mp4", sequence, ticks, Fraction(1, 1000))
    made = animate(driver, avatar, tracker, tmp_path / "film.mp4", Mode.SWAP, reference="first")
    assert made.held == {Gate.NO_FACE: 12} and made.frames == 24
    film = images_of(tmp_path / "film.mp4")
    for k in range(6, 12):
        assert difference(film[k], film[5]) < 2  # the last good one
    for k in range(13, 18):
        assert difference(film[k], film[17]) < 2 and difference(film[k], sequence[k]) > 20  # the still
    assert all(covered(film[k]) > 1000 for k in (*range(6), *range(18, 24)))  # the face under its mask, and on it goes


def test_nothing_is_written_without_a_face_or_after_a_stop(
    avatar: MarkedStill, tracker: Tracker, moving: Moving, tmp_path: Path
) -> None:
    driver = write_video(tmp_path / "empty.mp4", [np.full((120, 160, 3), 90, np.uint8)] * 10)
    with pytest.raises(NoFaceError, match=r"No face was found in .*empty\.mp4"):
        animate(driver, avatar, tracker, tmp_path / "film.mp4")

    def stop(event: Event) -> None:
        if event.done == 5:
            raise KeyboardInterrupt

    driver = write_video(tmp_path / "driver.mp4", moving(10))
    with pytest.raises(KeyboardInterrupt):
        animate(driver, avatar, tracker, tmp_path / "film.mp4", progress=stop)
    with pytest.raises(OutputError, match="driving video itself"):
        animate(driver, avatar, tracker, driver)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["driver.mp4", "empty.mp4"]


def test_side_by_side(avatar: MarkedStill, tracker: Tracker, moving: Moving, tmp_path: Path) -> None:
    driver = write_video(tmp_path / "driver.mp4", moving(4))
    animate(driver, avatar, tracker, tmp_path / "film.mp4", size=240, side_by_side=True)
    for image, own in zip(images_of(tmp_path / "film.mp4"), moving(4), strict=True):
        assert image.shape == (240, 320 + 240, 3)
        assert difference(image[:, :320], own) < 6


def test_the_reference_is_the_calmest_frame_or_the_one_asked_for(
    tracker: Tracker, moving: Moving, tmp_path: Path
) -> None:
    calm = moving(1)[0]
    lively = calm[:, ::-1].copy()
    tilted = [np.ascontiguousarray(np.roll(calm, k, axis=0)) for k in (1, 2)]
    turned = _turned(calm, 18)
    sequence = [np.full_like(calm, 90), turned, *tilted, calm, turned, lively]
    driver = write_video(tmp_path / "driver.mp4", sequence, time_base=Fraction(1, 4))
    motion, at = find_reference(driver, tracker)
    assert at in (Fraction(2, 4), Fraction(3, 4), Fraction(4, 4), Fraction(6, 4))
    first, at = find_reference(driver, tracker, "first")
    assert at == Fraction(1, 4) and restlessness(first) > restlessness(motion)
    assert find_reference(driver, tracker, 1.1)[1] == Fraction(5, 4)
    with pytest.raises(NoFaceError, match="from 9 seconds on"):
        find_reference(driver, tracker, 9.0)


def _turned(image: RGB, degrees: float) -> RGB:
    import cv2

    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 3), degrees, 1)
    return np.asarray(cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)
