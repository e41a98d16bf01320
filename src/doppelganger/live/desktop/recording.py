"""What is shown in a call as a film, with the microphone's sound in time."""

import queue
import threading
from fractions import Fraction
from pathlib import Path

from doppelganger.errors import DoppelgangerError, OutputError
from doppelganger.images import RGB
from doppelganger.live.desktop.live_sound import LiveSound
from doppelganger.live.desktop.microphone import SoundSource
from doppelganger.provenance import SourceType
from doppelganger.video.layout import contain
from doppelganger.video.writing import FilmWriter

CLOCK = 90_000
"""Ticks a second."""
_WAITING = 60  # frames; when the disk is slower than that, frames are left out rather than the call kept waiting


class Recording:
    """A `Sink` that writes ``target`` (.mp4) in a thread of its own. Pictures and sound are placed by one clock, that of the call:
    each frame by the time at which the camera saw it, each block of sound by the time at which it was heard.

    The film has its name once it is closed, by an error in the call or Ctrl-C too: what was recorded is kept.
    """

    def __init__(
        self,
        target: Path,
        width: int = 512,
        height: int = 512,
        microphone: SoundSource | None = None,
        source: SourceType = SourceType.COMPOSITE,
    ) -> None:
        """``width``, ``height``: pictures of other shapes are shown whole, between dark bars. Raises OutputError."""
        self.dropped = 0
        """Frames that were left out because writing was slower."""
        self._size = width, height
        self._sound = LiveSound(microphone) if microphone is not None else None
        # "veryfast" leaves the processor to the avatar
        self._film = FilmWriter(
            target, width, height, Fraction(1, CLOCK), Fraction(30), self._sound, source, "veryfast"
        )
        self._target = target
        self._zero: float | None = None
        self._waiting: queue.Queue[tuple[RGB, int] | None] = queue.Queue(_WAITING)
        self._trouble: DoppelgangerError | None = None
        self._thread = threading.Thread(target=self._write, name="recording", daemon=True)
        self._thread.start()

    def send(self, image: RGB, time: float) -> None:
        """Add a frame. Raises what kept an earlier one from being written."""
        self._tell()
        if self._zero is None:
            self._zero = time
            if self._sound is not None:
                self._sound.begin(time)
        try:
            self._waiting.put_nowait((image, round((time - self._zero) * CLOCK)))
        except queue.Full:
            self.dropped += 1

    @property
    def waiting(self) -> int:
        """Frames that are not written yet."""
        return self._waiting.qsize()

    def close(self) -> None:
        """Finish the film; without a frame there is none. Raises OutputError where that failed and nobody was told yet."""
        while self._thread.is_alive():
            try:
                self._waiting.put(None, timeout=0.1)
                break
            except queue.Full:
                continue
        self._thread.join()
        self._tell()

    def _write(self) -> None:
        last = -1
        try:
            with self._film as film:
                for image, ticks in iter(self._waiting.get, None):
                    if ticks > last:
                        film.write(contain(image, *self._size), ticks)
                        last = ticks
                if last < 0:
                    raise _Empty
        except _Empty:
            return
        except DoppelgangerError as error:
            self._trouble = error
        except Exception as error:
            self._trouble = OutputError(f"{self._target} could not be written ({error}).")

    def _tell(self) -> None:
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble


class _Empty(Exception):
    """Nothing was recorded."""
