"""A film in the making: H.264 in MP4, each frame at its own time, with sound, and marked synthetic. Whole or not at all."""

import contextlib
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from av.video.reformatter import Colorspace, VideoReformatter

from doppelganger.errors import OutputError
from doppelganger.images import RGB
from doppelganger.provenance import SENTENCES, SOFTWARE, SourceType
from doppelganger.video.sound import SoundTrack

_QUALITY = "18"  # x264's constant rate factor, at which differences are hard to see
# The assembly of x264's macroblock tree (seen in core 165) reads memory that nobody has written when a row's blocks are no multiple
# of its vectors, as of 320 or 854 pixels: how bits are shared out then depends on what lay there.
_REPEATABLE = "mbtree=0"
_BT709, _LIMITED = 1, 1  # ISO/IEC 23091-2: colour primaries, transfer and matrix; FFmpeg's AVCOL_RANGE_MPEG


class FilmWriter:
    """Writes ``target`` through ``.target.part`` beside it, which is renamed when the context is left without an error and removed
    when it is left by one, Ctrl-C among them; then an older file is untouched."""

    def __init__(
        self,
        target: Path,
        width: int,
        height: int,
        time_base: Fraction,
        rate: Fraction | None = None,
        sound: SoundTrack | None = None,
        source: SourceType = SourceType.SYNTHETIC,
        preset: str = "fast",
        repeatable: bool = False,
    ) -> None:
        """``width``, ``height``: of the pictures; an odd side gains a line, since the format has none. ``time_base``: seconds a
        tick. ``rate``: usual frames a second, a hint for the encoder. ``preset``: x264's. ``repeatable``: the same pictures
        give the same bytes, in a file larger by a third to nine tenths. Raises OutputError."""
        self.target, self._partial = target, _partial(target)
        self._sound, self._base = sound, time_base
        self._size = width, height
        self._durations: dict[int, int] = {}
        self._start: tuple[int, int] | None = None  # of the first packet: when it is shown, and when it is decoded
        self._end = 0  # when the last picture has been shown
        self._held: av.Packet[Any] | None = None  # the last packet so far
        self._convert = VideoReformatter()
        try:
            require_place(target)
            options = {"movflags": "+faststart", "movie_timescale": str(_fine(time_base.denominator))}
            self._film = av.open(str(self._partial), "w", format="mp4", options=options)
        except OutputError:
            self._silence()
            raise
        except OSError as error:
            self._silence()
            raise _trouble(target, error) from error
        try:
            self._film.metadata.update({"title": SOFTWARE, "comment": SENTENCES[source], "description": source})
            options = {"crf": _QUALITY, "preset": preset}
            if repeatable:
                options["x264-params"] = _REPEATABLE
            self._stream = self._film.add_stream("libx264", rate=rate or 30, options=options)
            context = self._stream.codec_context
            context.width, context.height, context.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
            self._stream.time_base = context.time_base = time_base
            context.colorspace = context.color_primaries = context.color_trc = _BT709
            context.color_range = _LIMITED
            if sound:
                sound.attach(self._film)
        except BaseException:
            self._discard()
            raise

    def write(self, image: RGB, ticks: int, duration: int = 0) -> None:
        """Add uint8 [height, width, 3], shown from ``ticks`` on, which must rise, for ``duration`` ticks (0: until the next)."""
        width, height = self._size
        if width % 2 or height % 2:
            image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame = self._convert.reformat(frame, format="yuv420p", dst_colorspace=Colorspace.ITU709, threads=1)
        frame.pts, frame.time_base = ticks, self._base
        if duration:
            self._durations[ticks] = duration
        self._end = ticks + (duration or 1)
        if self._sound:
            self._mux(self._sound.packets(ticks * self._base))
        self._mux(self._stream.encode(frame))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._discard()
            return
        try:
            self._mux(self._stream.encode(None))
            self._mux_last()
            if self._sound:
                self._mux(self._sound.packets(None))
                self._sound.close()
            self._film.close()
            self._partial.replace(self.target)
        except OSError as trouble:
            raise _trouble(self.target, trouble) from trouble
        finally:  # Ctrl-C in the last second included
            self._discard()

    def _mux(self, packets: "Iterable[av.Packet[Any]]") -> None:
        try:
            for packet in packets:
                if packet.stream is not self._stream:
                    self._mux_sound(packet)
                    continue
                if packet.pts in self._durations:
                    packet.duration = self._durations.pop(packet.pts)
                if self._held is not None:
                    self._film.mux(self._held)
                elif packet.pts is not None and packet.dts is not None:
                    self._start = packet.pts, packet.dts
                self._held = packet
        except OSError as error:
            raise _trouble(self.target, error) from error
        except av.FFmpegError as error:
            raise OutputError(f"{self.target} could not be written ({error.strerror}).") from error

    def _mux_last(self) -> None:
        """The file's duration is the sum of times between decodings, and the last one's duration. Pictures of uneven times are
        decoded in another order than they are shown in, and only with this duration is the sum that of the pictures."""
        last, self._held = self._held, None
        if last is None or self._start is None or last.dts is None:
            return
        shown, decoded = self._start
        last.duration = max(1, self._end - shown - (last.dts - decoded))
        try:
            self._film.mux(last)
        except OSError as error:
            raise _trouble(self.target, error) from error

    def _mux_sound(self, packet: "av.Packet[Any]") -> None:
        try:
            self._film.mux(packet)
        except av.error.InvalidDataError:  # a damaged packet is silent
            return

    def _discard(self) -> None:
        with contextlib.suppress(OSError, av.FFmpegError, ValueError):
            self._film.close()
        self._silence()
        self._partial.unlink(missing_ok=True)

    def _silence(self) -> None:
        if self._sound:
            self._sound.close()


def require_place(target: Path) -> None:
    """Make the folder of a film, and see that the film can be written there. Raises OutputError: asked before the work begins."""
    partial = _partial(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.touch()
        partial.unlink()
    except OSError as error:
        raise _trouble(target, error) from error


def _partial(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")


def _trouble(target: Path, error: OSError) -> OutputError:
    reason = error.strerror or type(error).__name__
    return OutputError(f"{target} could not be written ({reason}); choose another place, or make room there.")


def _fine(ticks: int) -> int:
    """Ticks a second of the film's own clock, by which its tracks are delayed: a multiple of the pictures' own."""
    return min(ticks * -(-10_000 // ticks), 2**31 - 1)
