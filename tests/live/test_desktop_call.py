"""A call from what was asked for, with a video in the camera's place."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from desktop_parts import decoded, difference

from doppelganger.errors import CameraError, OutputError, VideoError
from doppelganger.images import RGB
from doppelganger.live.desktop import call as calls
from doppelganger.live.desktop.call import Wishes, call
from doppelganger.live.desktop.memory import CameraMemory
from doppelganger.live.session import Session
from doppelganger.live.shelf import Shelf, worn
from doppelganger.puppet.tracker import Tracker


@pytest.fixture
def session(puppets: Callable[[], list], track: Callable[[], Tracker]) -> Session:
    two = puppets()
    return Session(Shelf(lambda: [worn(one) for one in two]), track)


@pytest.fixture
def video(driver: RGB, tmp_path: Path) -> Path:
    """Half a second of a person who sways."""
    path = tmp_path / "driver.mp4"
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=20)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for k in range(10):
            frame = av.VideoFrame.from_ndarray(np.roll(driver, 3 * k, axis=1), format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 20)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return path


def test_a_video_goes_to_a_virtual_camera_and_a_film(session: Session, video: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    wishes = Wishes(
        video=video, every_frame=True, window=False, virtual_camera=str(tmp_path / "cam.y4m"), record=out / "call.mp4"
    )
    called = call(session, wishes)
    film, camera = decoded(out / "call.mp4"), decoded(tmp_path / "cam.y4m")
    assert called.frames == len(film) == len(camera) == 10
    assert [time for _, time in film] == pytest.approx([k / 20 for k in range(10)], abs=1e-3)
    assert film[0][0].shape == (512, 512, 3) and camera[0][0].shape == (720, 1280, 3)
    assert difference(film[0][0], session.avatar.picture) < 6
    real_time = call(session, Wishes(video=video, window=False, record=out / "again.mp4"))
    assert 1 <= real_time.frames == len(decoded(out / "again.mp4")) and real_time.frames + real_time.dropped == 10


def test_what_cannot_be_leaves_nothing_open(
    session: Session, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "call.mp4"
    with pytest.raises(CameraError, match="Nobody would see"):
        call(session, Wishes(video=video, window=False))
    with pytest.raises(VideoError, match="does not exist"):
        call(session, Wishes(video=tmp_path / "none.mp4", every_frame=True, window=False, record=record))
    with pytest.raises(VideoError, match="does not exist"):
        call(session, Wishes(video=tmp_path / "none.mp4", window=False, record=record))
    with pytest.raises(OutputError):
        call(session, Wishes(video=video, window=False, record=video / "call.mp4"))
    memory = CameraMemory(tmp_path / "settings")
    with pytest.raises(CameraError):
        call(session, Wishes(camera=97, window=False, record=record), memory)
    monkeypatch.setattr(calls, "list_cameras", list)
    with pytest.raises(CameraError, match="no camera here"):
        call(session, Wishes(window=False, record=record), memory)
    assert [path.name for path in tmp_path.iterdir()] == ["driver.mp4"]
