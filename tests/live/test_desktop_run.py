"""The loop of a call: what reaches the sinks, whatever happens to the camera and to them."""

import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from desktop_parts import Kept, Roll, decoded, difference

from doppelganger.errors import CameraError
from doppelganger.images import RGB
from doppelganger.live.actions import Action
from doppelganger.live.desktop.frames import Every, Newest
from doppelganger.live.desktop.recording import Recording
from doppelganger.live.desktop.run import run_desktop
from doppelganger.live.desktop.source import Captured
from doppelganger.live.desktop.stages import Stage
from doppelganger.live.session import Session
from doppelganger.live.shelf import Shelf, worn
from doppelganger.puppet.performance import Gate, Mode
from doppelganger.puppet.tracker import Tracker


@pytest.fixture
def session(puppets: Callable[[], list], track: Callable[[], Tracker]) -> Session:
    two = puppets()
    return Session(Shelf(lambda: [worn(one) for one in two]), track)


@pytest.fixture
def swaying(driver: RGB) -> list[RGB]:
    return [np.roll(driver, round(15 * np.sin(k / 2)), axis=1) for k in range(8)]


def clock_of(step: float) -> Callable[[], float]:
    """A clock that goes on by ``step`` seconds whenever it is looked at."""
    ticks = count()
    return lambda: step * next(ticks)


def test_every_frame_reaches_every_sink_and_is_measured(session: Session, swaying: list[RGB]) -> None:
    sinks = [Kept(), Kept()]
    called = run_desktop(session, Every(Roll(swaying)), sinks)
    assert called.frames == 8 and called.gates == {Gate.OPEN: 8} and called.dropped == called.lost == 0
    assert set(called.stages) == set(Stage)
    assert called.stages[Stage.SESSION].median > 0 and called.fps > 0
    for sink in sinks:
        assert len(sink.images) == 8 and sink.closed == 1
        assert sink.times == pytest.approx([0.04 * (k + 1) for k in range(8)])
        assert difference(sink.images[0], session.avatar.picture) < 1  # the first motion is the reference
        assert difference(sink.images[3], session.avatar.picture) > 3


def unplugged_and_back(swaying: list[RGB]) -> Newest:
    cameras: Iterator[Roll | None] = iter(
        [
            Roll(swaying, unplugged=True),
            *[None] * 6,
            Roll(swaying, 100.0, unplugged=True),
            *[None] * 2,
            Roll(swaying, 200.0),
        ]
    )

    def opening() -> Roll:
        camera = next(cameras)
        if camera is None:
            raise CameraError("There is no camera 0 here.")
        return camera

    return Newest(opening, retry=0.15)


@pytest.mark.parametrize("mode", list(Mode))
def test_a_camera_unplugged_twice_shows_no_bare_face_and_comes_back(
    mode: Mode, session: Session, swaying: list[RGB]
) -> None:
    session.mode = mode
    sink = Kept()
    notices: set[str] = set()

    class Listening(Kept):
        def send(self, image: RGB, time: float) -> None:
            notices.add(session.notice)

    called = run_desktop(session, unplugged_and_back(swaying), [sink, Listening()], clock_of(0.4))
    assert called.lost == 2 and "There is no camera 0 here." in notices and session.notice == ""
    assert called.gates.get(Gate.OPEN, 0) == called.frames >= 3  # of each of the three at least the newest
    still = session.avatar.picture
    stills = [k for k, image in enumerate(sink.images) if np.array_equal(image, still)]
    assert len(sink.images) > called.frames and stills  # it went on while the camera was away
    assert max(sink.times) > 200  # and shows the camera that came back
    for image in sink.images:
        for own in swaying:
            if image.shape == own.shape:  # the driver's room, their face covered
                changed = np.abs(image.astype(int) - own).max(-1) > 20
                assert changed.sum() > 3000
            else:
                assert image.shape == (512, 512, 3)


def test_a_camera_that_hangs_does_not_hang_the_call(session: Session, swaying: list[RGB]) -> None:
    released = threading.Event()

    class Hanging(Roll):
        def read(self) -> Captured | None:
            captured = super().read()
            if captured is None:
                released.wait(30)
            return captured

    class Quitting(Kept):
        def send(self, image: RGB, time: float) -> None:
            super().send(image, time)
            if np.array_equal(image, session.avatar.picture):
                session.do(Action.QUIT)
                released.set()

    session.step(swaying[0], 0.0)  # the reference; what follows moves the avatar
    sink = Quitting()
    called = run_desktop(session, Newest(lambda: Hanging(swaying[2:4])), [sink], clock_of(0.2))
    assert called.lost == 0 and 1 <= called.frames <= 2 < len(sink.images)  # the last one stood, then the still
    assert np.array_equal(sink.images[-1], session.avatar.picture)


def test_a_sink_that_fails_is_left_out(session: Session, swaying: list[RGB]) -> None:
    good, bad = Kept(), Kept(3, lambda: CameraError("The virtual camera takes no frames any more."))
    called = run_desktop(session, Every(Roll(swaying)), [bad, good])
    assert len(good.images) == called.frames == 8 and len(bad.images) == 3
    assert bad.closed == good.closed == 1 and "takes no frames" in session.notice
    alone = Kept(2, lambda: CameraError("The window has gone."))
    source = Roll(swaying)
    with pytest.raises(CameraError, match="window has gone"):
        run_desktop(session, Every(source), [alone])
    assert source.closed and alone.closed == 1


def test_quitting_and_ctrl_c_finish_what_was_recorded(session: Session, swaying: list[RGB], tmp_path: Path) -> None:
    class Interrupt(Kept):
        def send(self, image: RGB, time: float) -> None:
            super().send(image, time)
            if len(self.images) == 5:
                raise KeyboardInterrupt

    recording = Recording(tmp_path / "call.mp4")
    called = run_desktop(session, Every(Roll(swaying)), [recording, Interrupt()])
    assert called.frames == 5 and len(decoded(tmp_path / "call.mp4")) == 5

    class Quit(Kept):
        def send(self, image: RGB, time: float) -> None:
            session.do(Action.QUIT)

    recording = Recording(tmp_path / "short.mp4")
    assert run_desktop(session, Every(Roll(swaying)), [recording, Quit()]).frames == 1
    assert len(decoded(tmp_path / "short.mp4")) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["call.mp4", "short.mp4"]


def test_a_camera_that_never_opens_ends_the_call_and_leaves_no_film(session: Session, tmp_path: Path) -> None:
    def opening() -> Roll:
        raise CameraError("There is no camera 3 here; plug one in.")

    with pytest.raises(CameraError, match="no camera 3"):
        run_desktop(session, Newest(opening), [Recording(tmp_path / "call.mp4")])
    assert list(tmp_path.iterdir()) == []
