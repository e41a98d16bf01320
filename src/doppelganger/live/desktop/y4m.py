"""Frames into a YUV4MPEG2 file: what a virtual camera would show where there is no such device, and what browsers take as one."""

from fractions import Fraction
from pathlib import Path

import cv2

from doppelganger.errors import OutputError
from doppelganger.images import RGB


class Y4MFile:
    """4:2:0, BT.601, limited range, as OpenCV converts. Whole or not at all: it gets its name when it is closed."""

    def __init__(self, target: Path, width: int, height: int, rate: Fraction) -> None:
        """``width``, ``height``: even. Raises OutputError."""
        self._target, self._partial = target, target.with_name(f".{target.name}.part")
        try:
            self._file = self._partial.open("wb")
        except OSError as error:
            raise self._trouble(error) from error
        # players and Chromium read this form of the header
        header = f"YUV4MPEG2 W{width} H{height} F{rate.numerator}:{rate.denominator} Ip A1:1 C420jpeg\n"
        self._write(header.encode())

    def send(self, frame: RGB) -> None:
        """Add uint8 [height, width, 3]. Raises OutputError."""
        self._write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420).tobytes())

    def close(self) -> None:
        """Give it its name. Raises OutputError."""
        try:
            self._file.close()
            self._partial.replace(self._target)
        except OSError as error:
            raise self._trouble(error) from error

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise self._trouble(error) from error

    def _trouble(self, error: OSError) -> OutputError:
        return OutputError(
            f"{self._target} could not be written ({error.strerror}); choose another place, or make room there."
        )
