"""Small videos for tests, written by PyAV: what is in them is known to the tick. And the smallest honest avatar."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from doppelganger.images import RGB
from doppelganger.puppet.motion import Motion

NTSC = Fraction(30000, 1001)
TONE = 440.0
RATE = 48000


def quadrants(width: int = 64, height: int = 48) -> RGB:
    """Red, green over blue, grey."""
    image = np.full((height, width, 3), 128, np.uint8)
    image[: height // 2, : width // 2] = [255, 0, 0]
    image[: height // 2, width // 2 :] = [0, 255, 0]
    image[height // 2 :, : width // 2] = [0, 0, 255]
    return image


def corners(image: RGB) -> list[str]:
    """The colours of the four quadrants, by rows."""
    height, width = image.shape[:2]
    names = []
    for y in (height // 4, 3 * height // 4):
        for x in (width // 4, 3 * width // 4):
            colour = image[y, x].astype(int)
            names.append("grey" if np.ptp(colour) < 60 else ("red", "green", "blue")[int(colour.argmax())])
    return names


def write_video(
    path: Path,
    images: Sequence[RGB],
    ticks: Sequence[int] | None = None,
    time_base: Fraction = 1 / NTSC,
    rotation: int | None = None,
    sound: str | None = None,
    options: dict[str, str] | None = None,
    codec: str = "libx264",
    pixel_aspect: Fraction | None = None,
) -> Path:
    """``ticks``: of each image, default 0, 1, 2 …; ``sound``: the codec of a tone as long as the images, or None."""
    times = list(ticks) if ticks is not None else list(range(len(images)))
    with av.open(str(path), "w", options=options or {}) as film:
        stream = film.add_stream(codec, rate=NTSC)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.max_b_frames = (
            0  # decoded in the order of showing: so the file's duration is that of the pictures
        )
        stream.time_base = stream.codec_context.time_base = time_base
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if rotation is not None:
            stream.set_display_rotation(rotation)
        audio = film.add_stream(sound, rate=RATE) if sound else None
        if audio is not None:
            audio.layout = "mono"
        for image, tick in zip(images, times, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = tick, time_base
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
        if audio is not None:
            seconds = float((times[-1] + 1) * time_base)
            count = round(seconds * RATE)
            wave = 0.3 * np.sin(2 * np.pi * TONE / RATE * np.arange(count))
            block = av.AudioFrame.from_ndarray((wave * 32767).astype(np.int16)[None], format="s16", layout="mono")
            block.sample_rate, block.pts, block.time_base = RATE, 0, Fraction(1, RATE)
            film.mux(audio.encode(block))
            film.mux(audio.encode(None))
    return path


def sound_packets(path: Path) -> list[tuple[bytes, Fraction, Fraction]]:
    """Payload, time and duration of every packet of the first audio track."""
    with av.open(str(path)) as film:
        return [
            (bytes(p), (p.pts or 0) * p.time_base, (p.duration or 0) * p.time_base)
            for p in film.demux(audio=0)
            if p.size
        ]


def sound_of(path: Path) -> np.ndarray:
    """The first audio track's samples, float [n], one channel."""
    with av.open(str(path)) as film:
        blocks = [frame.to_ndarray() for frame in film.decode(audio=0)]
    wave = np.concatenate([b.reshape(-1, b.shape[-1])[0] for b in blocks])
    return wave / 32768 if wave.dtype == np.int16 else wave.astype(float)


class MarkedStill:
    """An avatar that draws where the driver's face has gone; swapped, it covers that face whole."""

    def __init__(self, still: RGB) -> None:
        self.name = "Ada"
        self._still = still
        self.reference: Motion | None = None

    @property
    def still(self) -> RGB:
        return self._still

    def calibrate(self, reference: Motion) -> None:
        self.reference = reference

    def render(self, motion: Motion, time: float) -> RGB:
        assert self.reference is not None
        x, y = (motion.points - self.reference.points)[:, :2].mean(0) * 512 / motion.width
        moved = cv2.warpAffine(
            self._still, np.array([[1, 0, x], [0, 1, y]]), (512, 512), borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(moved, np.uint8)

    def swap(self, frame: RGB, motion: Motion, time: float) -> RGB:
        out = frame.copy()
        cv2.fillConvexPoly(out, cv2.convexHull(motion.points[:, :2].round().astype(np.int32)), (0, 200, 0))
        return out
