"""The virtual camera and the recording, read back."""

import sys
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from time import sleep

import av
import numpy as np
import pytest
from desktop_parts import decoded, difference

from doppelganger.errors import CameraError, OutputError
from doppelganger.images import RGB, resize
from doppelganger.live.desktop.microphone import Heard, Microphone
from doppelganger.live.desktop.recording import Recording
from doppelganger.live.desktop.virtual_camera import INSTRUCTIONS, VirtualCamera
from doppelganger.video.layout import contain

RATE = 48_000


def test_a_virtual_camera_that_is_a_file(stranger: RGB, tmp_path: Path) -> None:
    images = [resize(stranger, 512, 512), resize(stranger, 320, 240)]
    camera = VirtualCamera(640, 360, 25, str(tmp_path / "out.y4m"))
    for image in images:
        camera.send(image, 0.0)
    assert not (tmp_path / "out.y4m").exists()
    camera.close()
    frames = decoded(tmp_path / "out.y4m")
    assert [time for _, time in frames] == [0, 1 / 25]
    for (frame, _), image in zip(frames, images, strict=True):
        assert difference(frame, contain(image, 640, 360)) < 4
    assert frames[0][0][:, :100].max() < 40  # bars beside a square


def test_frames_reach_pyvirtualcam(stranger: RGB, monkeypatch: pytest.MonkeyPatch) -> None:
    pyvirtualcam = pytest.importorskip("pyvirtualcam")
    monkeypatch.setattr("pyvirtualcam.camera.BACKENDS", {})  # this device must not answer in other tests
    got: list[np.ndarray] = []

    class Device:
        """What a driver of pyvirtualcam has to be."""

        def __init__(self, *, width: int, height: int, fps: float, fourcc: int, device: str | None) -> None:
            self._shape = height, width, 3

        def device(self) -> str:
            return "test"

        def native_fourcc(self) -> int:
            return 0

        def close(self) -> None:
            pass

        def send(self, frame: np.ndarray) -> None:
            got.append(np.asarray(frame).reshape(self._shape).copy())

    pyvirtualcam.register_backend("doppelganger-test", Device)
    camera = VirtualCamera(640, 480, 30, backend="doppelganger-test")
    image = resize(stranger, 640, 480)
    camera.send(image, 0.0)
    camera.close()
    assert camera.name == "test" and np.array_equal(got[0], image)


def test_what_to_do_without_the_package_or_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("pyvirtualcam"):
        with pytest.raises(CameraError) as caught:
            VirtualCamera(device="/dev/video97")
        said = str(caught.value)
        assert said.endswith(INSTRUCTIONS.get(sys.platform, INSTRUCTIONS["linux"])) and caught.value.exit_code == 8
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(CameraError, match=r"pyvirtualcam is not installed.*pip install"):
        VirtualCamera()
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(CameraError, match="sounddevice"):
        Microphone()
    with pytest.raises(OutputError, match="could not be written"):
        VirtualCamera(device="/nowhere/at/all.y4m")


class Clicks:
    """A microphone that hears a click every half second of the true clock. Its own clock is ``fast`` by this factor; ``lost``: the
    blocks that never arrive."""

    rate = RATE

    def __init__(self, begun: float, fast: float = 1.0, lost: range = range(0)) -> None:
        self._begun, self._fast, self._lost = begun, fast, lost
        self._heard: Heard | None = None
        self._sample = 0
        self._block = 0

    def start(self, heard: Heard) -> None:
        self._heard = heard

    def stop(self) -> None:
        self._heard = None

    def until(self, time: float) -> None:
        """Hear all that sounds before ``time``."""
        assert self._heard is not None
        while self._begun + self._sample / (RATE * self._fast) < time:
            times = self._begun + (self._sample + np.arange(480)) / (RATE * self._fast)
            click = np.mod(times, 0.5) < 0.005
            if self._block not in self._lost:
                self._heard((click * 20000).astype(np.int16), float(times[0]))
            self._sample += 480
            self._block += 1


def flashes(path: Path) -> list[float]:
    """Seconds at which a white frame begins."""
    return [time for image, time in decoded(path) if image.mean() > 128]


def clicks(path: Path) -> list[float]:
    """Seconds at which a click begins."""
    with av.open(str(path)) as film:
        blocks = [(float(f.time), f.to_ndarray().reshape(-1)) for f in film.decode(audio=0)]
    wave = np.concatenate([samples for _, samples in blocks])
    loud = np.flatnonzero(np.abs(wave) > 0.15) / RATE + blocks[0][0]
    return [float(t) for t, before in zip(loud, np.r_[-1, loud[:-1]], strict=True) if t - before > 0.1]


@pytest.mark.parametrize(
    ("fast", "lost"), [(1.0, range(0)), (1.002, range(0)), (0.998, range(0)), (1.0, range(250, 300))]
)
def test_sound_and_pictures_stay_together(fast: float, lost: range, tmp_path: Path) -> None:
    begun = 5000.0  # the clock of the call is anything
    microphone = Clicks(begun - 0.7, fast, lost)  # it listens before the first frame comes
    recording = Recording(tmp_path / "call.mp4", microphone)
    jitter = np.random.default_rng(2).uniform(0, 0.01, 200)
    for k in range(200):  # eight seconds
        time = begun + 0.04 * k + (jitter[k] if k % 25 else 0.0)
        microphone.until(time)
        white = k % 25 == 0 and k > 0  # every second, at a click
        recording.send(np.full((64, 64, 3), 255 if white else 0, np.uint8), time)
        while recording.waiting > 30:  # a call is slower than a test
            sleep(0.001)
    recording.close()
    seen, heard = flashes(tmp_path / "call.mp4"), clicks(tmp_path / "call.mp4")
    assert seen == pytest.approx([1, 2, 3, 4, 5, 6, 7], abs=1e-3)
    missing = {2.0} if lost else set()  # blocks 250 to 300 are heard from 1.8 to 2.3
    for moment in seen:
        nearest = min(abs(moment - t) for t in heard)
        assert (nearest > 0.2) if round(moment) in missing else nearest < 0.03


def test_a_microphone_that_falls_silent_does_not_stop_the_film(tmp_path: Path) -> None:
    microphone = Clicks(0.0)
    recording = Recording(tmp_path / "call.mp4", microphone)
    for k in range(150):
        microphone.until(min(0.04 * k, 1.2))
        recording.send(np.zeros((64, 64, 3), np.uint8), 0.04 * k)
        while recording.waiting > 30:
            sleep(0.001)
    recording.close()
    assert len(decoded(tmp_path / "call.mp4")) == 150
    with av.open(str(tmp_path / "call.mp4")) as film:
        stream = film.streams.audio[0]
        assert stream.duration is not None and stream.time_base is not None
        assert stream.duration * stream.time_base > Fraction(9, 2)


def test_a_recording_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError):
        Recording(tmp_path / "file" / "call.mp4")
    Recording(tmp_path / "empty.mp4").close()
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
