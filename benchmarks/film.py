"""What reading and writing films cost a frame, without an avatar, beside following the driver's face in it.

    python benchmarks/film.py VIDEO [--frames N] [--out FILE]

Prints JSON: milliseconds a frame for reading; for a film of 512² pictures by the encoder of `animate` and by that of a recording
(whose thread is not the call's); for fitting a 512² picture into a virtual camera's 1280 × 720; and for the tracker. Machines are
noisy: quote ratios to the tracker.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path

from doppelganger.faces.detector import FaceDetector
from doppelganger.faces.landmarks import LandmarkDetector
from doppelganger.images import RGB
from doppelganger.puppet.tracker import Tracker
from doppelganger.video.layout import contain
from doppelganger.video.reading import VideoFile
from doppelganger.video.writing import FilmWriter
from doppelganger.weights import Store


def milliseconds(work: Callable[[], object], frames: int) -> float:
    """A frame."""
    begun = time.perf_counter()
    work()
    return round(1000 * (time.perf_counter() - begun) / frames, 3)


def write(target: Path, images: list[RGB], preset: str) -> None:
    """All of them as a film."""
    with FilmWriter(target, 512, 512, Fraction(1, 25), Fraction(25), preset=preset) as film:
        for tick, image in enumerate(images):
            film.write(image, tick)


def main(arguments: list[str]) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args(arguments)
    store = Store()
    tracker = Tracker(FaceDetector(store), LandmarkDetector(store))

    def read() -> list[RGB]:
        with VideoFile(asked.video) as video:
            return [frame.image for frame in islice(video.frames(), asked.frames)]

    own = read()
    count = len(own)
    squares = [contain(image, 512, 512) for image in own]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "film.mp4"
        measured = {
            "read": milliseconds(read, count),
            "write, as animate": milliseconds(lambda: write(target, squares, "fast"), count),
            "write, as a recording": milliseconds(lambda: write(target, squares, "veryfast"), count),
            "fit into 1280 × 720": milliseconds(lambda: [contain(image, 1280, 720) for image in squares], count),
            "tracker": milliseconds(lambda: [tracker.look(image) for image in own], count),
        }
    report = {"frames": count, "size of the video": list(own[0].shape[1::-1]), "milliseconds a frame": measured}
    text = json.dumps(report, indent=1, ensure_ascii=False)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
