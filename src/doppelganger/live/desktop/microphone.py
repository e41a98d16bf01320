"""Sound from a microphone, each block with the time at which it was heard: sounddevice (an optional package, extra ``sound``)."""

import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from doppelganger.errors import CameraError

Samples = NDArray[np.int16]
Heard = Callable[[Samples, float], None]
"""Gets int16 [n] and the time of its first sample, seconds on the clock of the call; called in a thread of the source."""


class SoundSource(Protocol):
    """One channel of sound."""

    rate: int
    """Samples a second."""

    def start(self, heard: Heard) -> None:
        """Begin to listen."""

    def stop(self) -> None:
        """Listen no more; ``heard`` is not called after this."""


class Microphone:
    """The system's own choice of a microphone, or ``device`` by its name or number."""

    rate = 48_000

    def __init__(self, device: str | int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises CameraError where there is none, or no package for it."""
        try:
            import sounddevice
        except (ImportError, OSError) as error:  # OSError: the package is there and PortAudio is not
            raise CameraError(
                'The microphone needs the package sounddevice; say `pip install "deepfake-doppelganger[sound]"`'
                " (and on Linux install libportaudio2)."
            ) from error
        self._clock = clock
        self._heard: Heard | None = None
        try:
            self._stream = sounddevice.InputStream(
                samplerate=self.rate, channels=1, dtype="int16", device=device, callback=self._block
            )
        except (sounddevice.PortAudioError, ValueError) as error:
            raise CameraError(f"No microphone can be used ({error}); plug one in, or record without sound.") from error

    def start(self, heard: Heard) -> None:
        """Begin to listen."""
        self._heard = heard
        self._stream.start()

    def stop(self) -> None:
        """Listen no more, and let go of the microphone."""
        self._stream.close()

    def _block(self, block: Samples, count: int, times: Any, status: Any) -> None:
        # PortAudio has a clock of its own: what matters is how long ago the first sample was heard
        ago = times.currentTime - times.inputBufferAdcTime
        if self._heard is not None:
            self._heard(block[:, 0].copy(), self._clock() - max(ago, 0.0))
