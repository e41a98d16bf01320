"""Cameras of this machine by OpenCV: which there are, opening one, and what is said when that fails."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from doppelganger.errors import CameraError
from doppelganger.live.desktop.source import Captured, Clock

PROBED = 6
"""Indices that are tried where the system has no list that can be read without opening them."""
_SYSTEM = Path("/sys/class/video4linux")
_DEVICES = Path("/dev")


@dataclass(frozen=True)
class CameraInfo:
    """``index``: what it is opened by. ``name``: as the system calls it."""

    index: int
    name: str


def list_cameras(system: Path = _SYSTEM) -> list[CameraInfo]:
    """Those there are: on Linux by the kernel's list (``system``); elsewhere each is opened for a moment (its light goes on)."""
    if sys.platform == "linux":
        found = []
        for folder in system.glob("video*"):
            number = folder.name.removeprefix("video")
            # a camera has further devices for what it measures; its picture is the first
            if number.isdecimal() and _text(folder / "index") in ("", "0"):
                found.append(CameraInfo(int(number), _text(folder / "name") or f"camera {number}"))
        return sorted(found, key=lambda camera: camera.index)
    return [CameraInfo(index, f"camera {index}") for index in range(PROBED) if _answers(index)]


class Camera:
    """One that is open. A `Source`."""

    def __init__(
        self, index: int, width: int = 640, height: int = 480, fps: int = 30, clock: Clock = time.monotonic
    ) -> None:
        """``width``, ``height``, ``fps``: asked for; a camera gives what it can. Raises CameraError where it does not open."""
        self.name = next((c.name for c in list_cameras() if c.index == index), f"camera {index}")
        self._index, self._clock = index, clock
        self._capture = _opened(index)
        if not self._capture.isOpened():
            raise CameraError(why_not(index, self.name))
        for what, value in (
            (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),  # uncompressed, USB carries few frames a second
            (cv2.CAP_PROP_FRAME_WIDTH, width),
            (cv2.CAP_PROP_FRAME_HEIGHT, height),
            (cv2.CAP_PROP_FPS, fps),
            (cv2.CAP_PROP_BUFFERSIZE, 1),  # the newest frame, not those that waited
        ):
            self._capture.set(what, value)

    def read(self) -> Captured:
        """The next frame. Raises CameraError where it has gone."""
        good, image = self._capture.read()
        if not good or image is None:
            raise CameraError(f"{self.name} gives no picture any more; plug it in again or choose another camera.")
        return Captured(np.ascontiguousarray(image[:, :, ::-1]), self._clock())

    def close(self) -> None:
        """Let go of it; its light goes out."""
        self._capture.release()


def why_not(index: int, name: str, devices: Path = _DEVICES, system: Path = _SYSTEM) -> str:
    """The sentence for a camera that does not open."""
    if sys.platform == "linux":
        device = devices / f"video{index}"
        if not device.exists():
            others = ", ".join(f"{camera.index} ({camera.name})" for camera in list_cameras(system))
            return f"There is no camera {index} here; " + (f"there are: {others}." if others else "plug one in.")
        if not os.access(device, os.R_OK | os.W_OK):
            return f"{name} may not be used by you; join the group that owns {device} (`ls -l {device}`), often video."
        return f"{name} does not open; another program uses it: close that, or choose another camera."
    where = "System Settings, Privacy, Camera" if sys.platform == "darwin" else "Settings, Privacy, Camera"
    return f"{name} does not open: it is not there, another program uses it, or it is not allowed in {where}."


def _opened(index: int) -> cv2.VideoCapture:
    before = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(
        cv2.utils.logging.LOG_LEVEL_SILENT
    )  # what it prints about a missing camera is for programmers
    try:
        return cv2.VideoCapture(index)
    finally:
        cv2.utils.logging.setLogLevel(before)


def _answers(index: int) -> bool:
    capture = _opened(index)
    try:
        return capture.isOpened()
    finally:
        capture.release()


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", errors="replace").strip()
    except OSError:
        return ""
