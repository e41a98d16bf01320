"""The continuum as a short film: from the mean face to the closest match, every step of the path a frame.

H.264 in MP4 by PyAV, which is an optional package (extra ``studio``).
"""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from doppelganger.errors import OutputError
from doppelganger.generators.protocol import Generator, Latent
from doppelganger.images import resize_area
from doppelganger.progress import Event, Progress, silent
from doppelganger.provenance import SENTENCES, SOFTWARE, SourceType

FRAMES_A_SECOND = 15
HELD = (8, 23)
"""Frames for which the first and the last face stand still."""
SIZE = 512


def continuum_film(
    path: Sequence[Latent] | NDArray[np.float32],
    target: Path,
    generator: Generator,
    progress: Progress = silent,
    size: int = SIZE,
) -> None:
    """Write ``path``, w+ [steps, rows, 512], as ``target`` (.mp4), ``size``² pixels; its metadata say that it is synthetic.

    An odd ``size`` loses a pixel, since the format has none. Missing folders are made, and the film is written whole or not at all.
    Raises OutputError where it cannot be; what ``progress`` raises passes through.
    """
    try:
        _write(path, target.absolute(), generator, progress, size // 2 * 2)
    except (OSError, av.FFmpegError) as error:  # some of PyAV's are no OSErrors
        reason = error.strerror or type(error).__name__
        raise OutputError(
            f"{target} could not be written ({reason}); choose another place with --out, or make room there."
        ) from error


def _write(
    path: Sequence[Latent] | NDArray[np.float32], target: Path, generator: Generator, progress: Progress, size: int
) -> None:
    partial = target.with_name(f".{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart"}) as film:
            film.metadata.update({"title": SOFTWARE, "comment": SENTENCES[SourceType.SYNTHETIC]})
            stream = film.add_stream("libx264", rate=FRAMES_A_SECOND, options={"crf": "18", "preset": "medium"})
            stream.width = stream.height = size
            stream.pix_fmt = "yuv420p"  # what browsers play
            for step, w in enumerate(path):
                frame = av.VideoFrame.from_ndarray(resize_area(generator.synthesise(w), size, size), format="rgb24")
                held = HELD[0] if step == 0 else HELD[1] if step == len(path) - 1 else 1
                for _ in range(held):
                    film.mux(stream.encode(frame))
                progress(Event("film", step + 1, len(path)))
            film.mux(stream.encode(None))
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
