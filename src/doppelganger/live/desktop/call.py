"""A whole call without a browser, from what was asked for: which camera, and what is to show it."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from doppelganger.errors import CameraError
from doppelganger.live.desktop.cameras import Camera, CameraInfo, list_cameras
from doppelganger.live.desktop.frames import Every, Frames, Newest
from doppelganger.live.desktop.memory import CameraMemory
from doppelganger.live.desktop.microphone import Microphone
from doppelganger.live.desktop.preview import PreviewWindow
from doppelganger.live.desktop.recording import Recording
from doppelganger.live.desktop.run import Called, run_desktop
from doppelganger.live.desktop.sink import Sink
from doppelganger.live.desktop.source import VideoSource
from doppelganger.live.desktop.virtual_camera import VirtualCamera
from doppelganger.live.session import Session


@dataclass(frozen=True)
class Wishes:
    """``camera``: its index; None for the one that was picked last, else the first. ``video``: a file in its place, in real time,
    or ``every_frame`` of it as fast as can be. ``window``: whether one is opened. ``virtual_camera``: a device as `VirtualCamera`
    takes it, "" for the first there is, None for none. ``record``: a film (.mp4), with the microphone in it where ``sound`` is
    asked for."""

    camera: int | None = None
    video: Path | None = None
    every_frame: bool = False
    window: bool = True
    virtual_camera: str | None = None
    record: Path | None = None
    sound: bool = False


def call(session: Session, wishes: Wishes, memory: CameraMemory | None = None) -> Called:
    """Until it has ended, as `run_desktop`. In the main thread where there is a window.

    Raises CameraError (no camera, no sink, something that does not open), VideoError and OutputError; nothing is left open then.
    """
    with ExitStack() as opened:
        sinks: list[Sink] = []
        for opening in _sinks(session, wishes):
            sinks.append(opening())
            opened.callback(sinks[-1].close)
        if not sinks:
            raise CameraError("Nobody would see this call; ask for a window, a virtual camera or a film.")
        frames = _frames(wishes, memory or CameraMemory())
        opened.pop_all()  # from here on the loop closes them
    return run_desktop(session, frames, sinks)


def _sinks(session: Session, wishes: Wishes) -> list[Callable[[], Sink]]:
    openings: list[Callable[[], Sink]] = []
    if wishes.virtual_camera is not None:
        device = wishes.virtual_camera or None
        openings.append(lambda: VirtualCamera(device=device))
    if wishes.window:
        openings.append(lambda: PreviewWindow(session))
    if wishes.record is not None:
        film = wishes.record
        openings.append(lambda: Recording(film, Microphone() if wishes.sound else None))
    return openings


def _frames(wishes: Wishes, memory: CameraMemory) -> Frames:
    if wishes.video is not None:
        video = wishes.video
        if wishes.every_frame:
            return Every(VideoSource(video, real_time=False))
        return Newest(lambda: VideoSource(video))
    cameras = list_cameras() if wishes.camera is None else []
    picked = memory.pick(cameras) if wishes.camera is None else CameraInfo(wishes.camera, "")
    if picked is None:
        raise CameraError("There is no camera here; plug one in, or give a video in its place.")

    def opening() -> Camera:
        camera = Camera(picked.index)
        memory.keep(CameraInfo(picked.index, camera.name))
        return camera

    return Newest(opening)
