"""The sound of a film: the driver's own, packet by packet as it is, or encoded anew where MP4 cannot hold it."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

from doppelganger.video.reading import open_video, start_of

COPIED = ("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac")
"""What goes into an MP4 as it is: the formats that players play there. (FFmpeg would write others, which they do not.)"""
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)


class SoundTrack(Protocol):
    """What a `FilmWriter` asks for sound while it writes pictures."""

    def attach(self, film: OutputContainer) -> None:
        """Add the tracks; called once, before anything is written."""

    def packets(self, until: Fraction | None) -> "Iterator[av.Packet[Any]]":
        """What sounds before ``until`` seconds and was not given yet; None for all the rest."""

    def close(self) -> None:
        """Nothing more is wanted."""


class KeptSound:
    """Every audio track of a video file.

    ``how``: "copied" where every packet is the driver's own, "encoded" where a track had to become AAC, "none" without sound.
    """

    def __init__(self, path: Path) -> None:
        self._file = open_video(path)
        self._streams = [s for s in self._file.streams.audio if s.codec_context is not None]
        self._outputs: dict[int, AudioStream] = {}
        self._start = start_of(self._file)
        self._demuxed = self._file.demux(*self._streams) if self._streams else iter(())
        self._ahead: av.Packet[Any] | None = None
        self._last: dict[int, int] = {}
        copied = all(stream.codec_context.codec.canonical_name in COPIED for stream in self._streams)
        self.how = "none" if not self._streams else "copied" if copied else "encoded"

    def attach(self, film: OutputContainer) -> None:
        """Add a track for each of the file's."""
        for stream in self._streams:
            if stream.codec_context.codec.canonical_name in COPIED:
                self._outputs[stream.index] = film.add_stream_from_template(stream)
                continue
            output = film.add_stream("aac", rate=stream.rate if stream.rate in _AAC_RATES else 48000)
            output.layout = "mono" if stream.channels == 1 else "stereo"
            self._outputs[stream.index] = output
        self._ahead = self._next()

    def packets(self, until: Fraction | None) -> "Iterator[av.Packet[Any]]":
        """Those of all tracks, in the file's order."""
        while self._ahead is not None and (until is None or self._time(self._ahead) < until):
            packet, self._ahead = self._ahead, self._next()
            yield from self._given(packet)
        if until is None and self._ahead is None:
            for stream in self._streams:
                if stream.codec_context.codec.canonical_name not in COPIED:
                    yield from self._outputs[stream.index].encode(None)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _next(self) -> "av.Packet[Any] | None":
        try:
            return next((p for p in self._demuxed if p.dts is not None), None)
        except av.FFmpegError:  # broken off here
            return None

    def _time(self, packet: "av.Packet[Any]") -> Fraction:
        assert packet.dts is not None
        return packet.dts * packet.time_base - self._start

    def _given(self, packet: "av.Packet[Any]") -> "Iterator[av.Packet[Any]]":
        stream, output = packet.stream, self._outputs[packet.stream.index]
        start = int(self._start / packet.time_base)
        if stream.codec_context.codec.canonical_name in COPIED:
            assert packet.dts is not None
            if packet.dts <= self._last.get(stream.index, packet.dts - 1):  # out of order: the file is damaged
                return
            self._last[stream.index] = packet.dts
            packet.dts -= start
            packet.pts = None if packet.pts is None else packet.pts - start
            packet.stream = output
            yield packet
            return
        try:
            frames = stream.decode(packet)
        except av.FFmpegError:  # a damaged packet is silent
            return
        for frame in frames:
            if frame.pts is not None:
                frame.pts -= start
            yield from output.encode(frame)
