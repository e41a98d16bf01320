"""A microphone's sound as the track of a film, held to the clock of the pictures."""

import queue
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer

from doppelganger.live.desktop.microphone import Samples, SoundSource

TOLERANCE = 0.02
"""Seconds that the sound may be off the pictures before it is mended: less than a person notices (ITU-R BT.1359: 45 ms)."""
_PATIENCE = Fraction(1)  # seconds that the pictures wait for a microphone that has fallen silent
_LONGEST = 4096  # blocks kept while nobody takes them: a minute and more


class LiveSound:
    """A `SoundTrack` of AAC. A microphone's clock runs a little faster or slower than the computer's, and blocks are lost: where
    the samples so far are off the time of a block, silence is put in or samples are left out."""

    def __init__(self, source: SoundSource) -> None:
        self._source = source
        self._blocks: queue.Queue[tuple[Samples, float]] = queue.Queue(_LONGEST)
        self._stream: AudioStream | None = None
        self._zero: float | None = None
        self._written = 0
        source.start(self._heard)

    def begin(self, time: float) -> None:
        """The film begins at ``time`` on the clock of the call; what was heard before is left out."""
        self._zero = time

    def attach(self, film: OutputContainer) -> None:
        """Add the track."""
        self._stream = film.add_stream("aac", rate=self._source.rate)
        self._stream.layout = "mono"

    def packets(self, until: Fraction | None) -> "Iterator[av.Packet[Any]]":
        """What was heard so far; all of it where ``until`` is None."""
        if self._zero is None or self._stream is None:
            return
        while not self._blocks.empty():
            yield from self._placed(*self._blocks.get_nowait())
        if until is None:
            yield from self._stream.encode(None)
            return
        missing = int((until - _PATIENCE) * self._source.rate) - self._written
        if missing > 0:  # unplugged; the film goes on
            yield from self._encoded(np.zeros(missing, np.int16))

    def close(self) -> None:
        """Let go of the microphone."""
        self._source.stop()

    def _heard(self, samples: Samples, time: float) -> None:
        if not self._blocks.full():
            self._blocks.put_nowait((samples, time))

    def _placed(self, samples: Samples, time: float) -> "Iterator[av.Packet[Any]]":
        assert self._zero is not None
        off = round((time - self._zero) * self._source.rate) - self._written
        if off < 0 and (self._written == 0 or -off > TOLERANCE * self._source.rate):
            samples = samples[-off:]
        elif off > TOLERANCE * self._source.rate or (self._written == 0 and off > 0):
            samples = np.concatenate([np.zeros(off, np.int16), samples])
        if len(samples):
            yield from self._encoded(samples)

    def _encoded(self, samples: Samples) -> "Iterator[av.Packet[Any]]":
        assert self._stream is not None
        block = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        block.sample_rate, block.pts, block.time_base = self._source.rate, self._written, Fraction(1, self._source.rate)
        self._written += len(samples)
        yield from self._stream.encode(block)
