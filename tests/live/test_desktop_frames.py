"""The newest frame, or every one; a camera that goes and comes back."""

import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from desktop_parts import Roll

from doppelganger.errors import CameraError
from doppelganger.images import RGB
from doppelganger.live.desktop.frames import Every, Newest, State
from doppelganger.live.desktop.source import Captured, VideoSource


def shades(count: int) -> list[RGB]:
    return [np.full((8, 8, 3), k, np.uint8) for k in range(count)]


class Gated:
    """A camera that gives a frame whenever it is let."""

    def __init__(self) -> None:
        self.name = "gated"
        self.let = threading.Semaphore(0)
        self.given = threading.Semaphore(0)
        self._count = 0

    def read(self) -> Captured | None:
        if self._count:
            self.given.release()
        self.let.acquire()
        self._count += 1
        return None if self._count > 6 else Captured(shades(7)[self._count], float(self._count))

    def close(self) -> None:
        pass


def test_a_slow_loop_gets_the_newest_frame_and_the_others_are_counted() -> None:
    camera = Gated()
    frames = Newest(lambda: camera)

    def let(count: int) -> None:
        for _ in range(count):
            camera.let.release()
            camera.given.acquire(timeout=10)

    let(1)
    first = frames.take(10)
    assert first is not None and first.time == 1 and frames.state is State.RUNNING
    assert frames.take(0.01) is None  # none twice
    let(4)
    newest = frames.take(10)
    assert newest is not None and newest.time == 5 and newest.image[0, 0, 0] == 5
    assert frames.dropped == 3
    camera.let.release(2)
    deadline = time.monotonic() + 10
    while frames.state is not State.ENDED and time.monotonic() < deadline:
        frames.take(0.05)
    assert frames.state is State.ENDED
    frames.close()


def test_every_frame_in_its_turn() -> None:
    source = Roll(shades(9))
    frames = Every(source)
    taken = []
    while (captured := frames.take(1)) is not None:
        taken.append(int(captured.image[0, 0, 0]))
    assert taken == list(range(9)) and frames.state is State.ENDED and frames.dropped == 0
    frames.close()
    assert source.closed


def test_a_camera_that_was_unplugged_is_opened_again_until_it_works() -> None:
    first, second = Roll(shades(2), unplugged=True), Roll(shades(3), begun=5.0)
    attempts: Iterator[Roll | None] = iter([first, None, None, second])

    def opening() -> Roll:
        roll = next(attempts)
        if roll is None:
            raise CameraError("There is no camera 0 here.")
        return roll

    frames = Newest(opening, retry=0.05)
    seen, notices = [], set()
    deadline = time.monotonic() + 20
    while frames.state is not State.ENDED and time.monotonic() < deadline:
        captured = frames.take(0.01)
        if captured is not None:
            seen.append(captured.time)
        notices.add(frames.notice)
    assert frames.state is State.ENDED and first.closed and second.closed
    assert seen == sorted(seen) and any(t > 5 for t in seen)
    assert notices & {"The camera was unplugged.", "There is no camera 0 here."}
    frames.close()


def test_a_camera_that_never_opens_is_an_error() -> None:
    def opening() -> Roll:
        raise CameraError("There is no camera 3 here; plug one in.")

    frames = Newest(opening)
    with pytest.raises(CameraError, match="no camera 3"):
        frames.take(10)
    frames.close()


def test_a_mistake_of_the_program_is_not_swallowed_by_the_thread() -> None:
    class Broken(Roll):
        def read(self) -> Captured | None:
            raise ZeroDivisionError

    frames = Newest(lambda: Broken([]))
    with pytest.raises(ZeroDivisionError):
        frames.take(10)
    frames.close()


@pytest.mark.parametrize("real_time", [True, False])
def test_a_video_in_a_cameras_place(real_time: bool, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "camera.mp4"), "w") as film:
        stream = film.add_stream("libx264", rate=50)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        for k in range(10):
            image = av.VideoFrame.from_ndarray(np.full((16, 16, 3), 20 * k, np.uint8), format="rgb24")
            image.pts, image.time_base = k, Fraction(1, 50)
            film.mux(stream.encode(image))
        film.mux(stream.encode(None))
    source = VideoSource(tmp_path / "camera.mp4", real_time)
    frames = Every(source)
    taken = []
    while (captured := frames.take(1)) is not None:
        taken.append(captured)
    frames.close()
    assert [round(int(c.image[0, 0, 0]) / 20) for c in taken] == list(range(10))
    assert [c.time - taken[0].time for c in taken] == pytest.approx([k / 50 for k in range(10)])
    assert real_time or taken[0].time == 0
