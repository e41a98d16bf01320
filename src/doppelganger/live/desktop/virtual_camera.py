"""A camera that call apps can choose, showing the avatar: pyvirtualcam (an optional package, GPL-2.0; extra ``virtual-camera``).

Its device comes from the system: v4l2loopback on Linux, OBS on Windows and macOS. Where there is none, the frames can go to a file.
"""

import sys
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from doppelganger.errors import CameraError
from doppelganger.images import RGB
from doppelganger.live.desktop.y4m import Y4MFile
from doppelganger.video.layout import contain

PACKAGE = 'pip install "deepfake-doppelganger[virtual-camera]"'
INSTRUCTIONS = {
    "linux": (
        "There is no virtual camera; install the package v4l2loopback-dkms and say "
        '`sudo modprobe v4l2loopback exclusive_caps=1 card_label="Doppelganger"`.'
    ),
    "win32": "There is no virtual camera; install OBS Studio (26 or newer), which brings one, and start this again.",
    "darwin": (
        "There is no virtual camera; install OBS Studio (30 or newer), press Start Virtual Camera there once, allow its extension "
        "in System Settings, and start this again."
    ),
}
"""By ``sys.platform``: what to do where the device is missing."""


class Device(Protocol):
    """What takes frames of one size: pyvirtualcam's camera, or a file."""

    def send(self, frame: RGB) -> Any:
        """Show it."""

    def close(self) -> Any:
        """The end."""


class VirtualCamera:
    """A `Sink`. The device has one size: pictures of other shapes are shown whole, between dark bars."""

    def __init__(
        self, width: int = 1280, height: int = 720, fps: int = 30, device: str | None = None, backend: str | None = None
    ) -> None:
        """``device``: such as /dev/video10, or "OBS Virtual Camera"; a path that ends in .y4m for a file instead; None for the
        first there is. ``backend``: pyvirtualcam's name for a kind of device; None for any. Raises CameraError, OutputError."""
        self._size = width, height
        self._device: Device
        if device is not None and device.endswith(".y4m"):
            self._device, self.name = Y4MFile(Path(device), width, height, Fraction(fps)), device
        else:
            self._device, self.name = _open(width, height, fps, device, backend)

    def send(self, image: RGB, time: float) -> None:
        """Show uint8 [H, W, 3]."""
        try:
            self._device.send(contain(image, *self._size))
        except (RuntimeError, OSError) as error:
            raise CameraError(f"The virtual camera takes no frames any more ({error}).") from error

    def close(self) -> None:
        """Give the device back."""
        self._device.close()


def _open(width: int, height: int, fps: int, device: str | None, backend: str | None) -> tuple[Device, str]:
    try:
        import pyvirtualcam
    except ImportError as error:
        raise CameraError(f"The package pyvirtualcam is not installed; say `{PACKAGE}`.") from error
    try:
        camera = pyvirtualcam.Camera(width, height, fps, device=device, backend=backend)
    except (RuntimeError, OSError, ValueError) as error:
        where = f"The virtual camera {device} does not open ({' '.join(str(error).split())}). " if device else ""
        raise CameraError(where + INSTRUCTIONS.get(sys.platform, INSTRUCTIONS["linux"])) from error
    return camera, str(camera.device)
