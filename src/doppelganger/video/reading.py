"""A video file as a stream of upright frames, each with its exact time.

Decoding is FFmpeg's, by PyAV (an optional package, extra ``live``). What a file says about itself is judged before a frame is
decoded, and every frame again: damaged and hostile files change their minds.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import Colorspace, VideoReformatter
from av.video.stream import VideoStream

from doppelganger.errors import VideoError
from doppelganger.images import RGB

MAX_PIXELS = 8192 * 4320
"""Of a frame: 8K. The decoder is told, too."""
MAX_SECONDS = 24 * 3600
"""Of a video."""
_FORMATS = "mov,matroska,avi,mpegts,mpeg,flv,ogg,asf,mjpeg,gif,apng"
"""Demuxers that are tried. Playlists are not among them: they open other files."""
_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED
_HD = 720  # lines from which players take unspecified colours for BT.709, and for BT.601 below


@dataclass(frozen=True)
class Frame:
    """``image``: uint8 [H, W, 3]. ``ticks``, ``duration``: when it is shown and for how long, in the video's time base; the
    duration is 0 where the file does not say it. ``time``: the same in seconds, exact."""

    image: RGB
    ticks: int
    duration: int
    time: Fraction


class VideoFile:
    """One video, to be read once from the beginning; use it as a context.

    ``width``, ``height``: of upright frames with square pixels. ``time_base``: seconds a tick. ``rate``: mean frames a second, None
    where it is not known. ``start``: seconds of the file's clock at which it begins, taken off every time; seldom other than 0.
    ``duration``: seconds, None where the file does not say. ``expected``: frames that the file promises, or 0.
    """

    def __init__(self, path: Path) -> None:
        """Raises VideoError with one sentence for what is no video that can be read."""
        self.path = path
        self._convert = VideoReformatter()
        self._container = open_video(path)
        try:
            self._stream = self._track()
            self._judge()
            self._frames = self._decoded()
            self._ahead: av.VideoFrame | None = self._first()
        except BaseException:
            self._container.close()
            raise

    def _track(self) -> VideoStream:
        for stream in self._container.streams.video:
            if not stream.disposition & Disposition.attached_pic:  # the cover of a record is no video
                return stream
        raise VideoError(f"{self.path} has no picture track; give a video.")

    def _judge(self) -> None:
        stream, name = self._stream, self.path
        if stream.codec_context is None:
            raise VideoError(f"The picture of {name} is in a format that is not known here; convert it to H.264 first.")
        width, height = stream.codec_context.width, stream.codec_context.height
        if width * height > MAX_PIXELS:
            raise VideoError(f"{name} is {width} × {height} pixels; frames larger than 8K are not read.")
        base = stream.time_base
        if not base or base <= 0:
            raise VideoError(f"{name} does not say how long its frames last; convert it to MP4 first.")
        self.time_base = Fraction(base)
        self.start = start_of(self._container)
        ticks, container = stream.duration, self._container.duration
        seconds = ticks * self.time_base if ticks else Fraction(container, av.time_base) if container else None
        self.duration = seconds if seconds and seconds > 0 else None
        if self.duration and self.duration > MAX_SECONDS:
            raise VideoError(f"{name} says that it lasts {float(self.duration) / 3600:.0f} hours; cut it to a day.")
        rate = stream.average_rate or stream.guessed_rate
        self.rate = Fraction(rate) if rate and 0 < rate <= 1000 else None
        expected = stream.frames or (round(self.duration * self.rate) if self.duration and self.rate else 0)
        self.expected = expected if 0 < expected <= MAX_SECONDS * 1000 else 0

    def _first(self) -> av.VideoFrame:
        """Which way up it is, and how wide a pixel, only a decoded frame knows."""
        first = next(self._frames, None)
        if first is None:
            raise VideoError(f"{self.path} holds no frame that can be decoded; get a whole copy of it.")
        aspect = self._stream.sample_aspect_ratio
        aspect = aspect if aspect and Fraction(1, 4) <= aspect <= 4 else Fraction(1)
        self._stored = max(1, round(first.width * aspect)), first.height
        self._turns = round(first.rotation / 90) % 4
        self.width, self.height = self._stored if self._turns % 2 == 0 else self._stored[::-1]
        return first

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._frames.close()
        self._container.close()

    def frames(self) -> Iterator[Frame]:
        """Every frame in the order of showing; times rise strictly. What cannot be decoded is left out, as players do."""
        last: int | None = None
        step = max(1, round(1 / self.rate / self.time_base)) if self.rate else 1
        start = int(self.start / self.time_base)
        while self._ahead is not None:
            frame = self._ahead
            ticks = frame.pts - start if frame.pts is not None else 0 if last is None else last + step
            if ticks * self.time_base > MAX_SECONDS:
                raise VideoError(f"{self.path} jumps to a time that no video has; convert it to MP4 first.")
            if last is None or ticks > last:  # one that comes no later than the one before would never be seen
                yield Frame(self._upright(frame), ticks, max(0, frame.duration or 0), ticks * self.time_base)
                last = ticks
            self._ahead = next(self._frames, None)

    def _decoded(self) -> Generator[av.VideoFrame]:
        packets = self._container.demux(self._stream)
        while (packet := self._next(packets)) is not None:
            if packet.has_sidedata("encryption_info"):
                raise VideoError(f"{self.path} is encrypted; only videos without copy protection can be read.")
            try:
                yield from self._stream.decode(packet)
            except av.error.InvalidDataError:  # one packet; the next may be whole
                continue
            except av.FFmpegError as error:
                raise VideoError(f"{self.path} cannot be decoded ({error.strerror}); convert it to H.264.") from error

    def _next(self, packets: "Iterator[av.Packet[Any]]") -> "av.Packet[Any] | None":
        try:
            return next(packets, None)
        except av.FFmpegError:  # broken off here: what came before is shown
            return None

    def _upright(self, frame: av.VideoFrame) -> RGB:
        if frame.width * frame.height > MAX_PIXELS:
            raise VideoError(f"{self.path} changes to frames of {frame.width} × {frame.height} pixels in the middle.")
        colours = None
        if frame.colorspace == _UNSPECIFIED:
            colours = Colorspace.ITU709 if frame.height >= _HD else Colorspace.ITU601
        width, height = self._stored  # a file may change its size in the middle
        # one thread: starting more takes longer than the work
        plain = self._convert.reformat(frame, width, height, "rgb24", src_colorspace=colours, threads=1)
        image = np.asarray(plain.to_ndarray(), np.uint8)
        return np.ascontiguousarray(np.rot90(image, self._turns)) if self._turns else image


def start_of(container: av.container.InputContainer) -> Fraction:
    """Seconds at which a file begins; 0 where that is before its zero, as with sound that has a run-up."""
    return max(Fraction(0), Fraction(container.start_time or 0, av.time_base))


def open_video(path: Path) -> av.container.InputContainer:
    """The file, opened with all that is untrue about it in mind. Raises VideoError."""
    if not path.is_file():
        raise VideoError(f"{path} does not exist; check the path." if not path.exists() else f"{path} is not a file.")
    try:
        return av.open(
            str(path),
            "r",
            container_options={"format_whitelist": _FORMATS, "protocol_whitelist": "file"},
            options={"max_pixels": str(MAX_PIXELS)},
            metadata_errors="replace",
        )
    except av.error.PermissionError as error:
        raise VideoError(f"{path} may not be read; correct its permissions.") from error
    except (av.FFmpegError, ValueError) as error:
        raise VideoError(
            f"{path} is not a video that can be read, or it is cut short; get a whole copy of it."
        ) from error
