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
from doppelganger.video.writing import FilmWriter, require_place

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
        microphone: SoundSource | None = None,
        source: SourceType = SourceType.COMPOSITE,
    ) -> None:
        """The film is as large as the first picture; others are shown whole in it, between dark bars. Listens at once where there
        is a ``microphone``. Raises OutputError."""
        require_place(target)
        self.dropped = 0
        """Frames that were left out because writing was slower."""
        self._sound = LiveSound(microphone) if microphone is not None else None
        self._target, self._source = target, source
        self._zero: float | None = None
        self._waiting: queue.Queue[tuple[RGB, int] | None] = queue.Queue(_WAITING)
        self._trouble: DoppelgangerError | None = None
        self._thread: threading.Thread | None = None

    def send(self, image: RGB, time: float) -> None:
        """Add a frame. Raises what kept an earlier one from being written."""
        self._tell()
        if self._zero is None:
            self._zero = time
            if self._sound is not None:
                self._sound.begin(time)
            self._thread = threading.Thread(target=self._write, args=image.shape[1::-1], name="recording", daemon=True)
            self._thread.start()
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
        if self._thread is None:
            if self._sound is not None:
                self._sound.close()
            return
        while self._thread.is_alive():
            try:
                self._waiting.put(None, timeout=0.1)
                break
            except queue.Full:
                continue
        self._thread.join()
        self._tell()

    def _write(self, width: int, height: int) -> None:
        base, rate, last = Fraction(1, CLOCK), Fraction(30), -1
        try:
            # "veryfast" leaves the processor to the avatar
            with FilmWriter(self._target, width, height, base, rate, self._sound, self._source, "veryfast") as film:
                for image, ticks in iter(self._waiting.get, None):
                    if ticks > last:
                        film.write(contain(image, width, height), ticks)
                        last = ticks
        except DoppelgangerError as error:
            self._trouble = error
        except Exception as error:
            self._trouble = OutputError(f"{self._target} could not be written ({error}).")

    def _tell(self) -> None:
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble
