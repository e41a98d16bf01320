"""Photos and videos of A with the face of B: only A's, in every frame, and a film with the scene's own times and sound."""

import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from doppelganger.errors import NoFaceError, OutputError
from doppelganger.images import RGB, read_image, write_atomically
from doppelganger.keeping import Embeddings
from doppelganger.networks import Networks
from doppelganger.persona.own_photos import JPEG_QUALITY
from doppelganger.persona.whose import NotThereError
from doppelganger.progress import Event, Progress, silent
from doppelganger.provenance import SourceType, synthetic_jpeg, synthetic_png
from doppelganger.puppet.smoothing import OneEuro
from doppelganger.training.swap.person import PersonInVideo, person_in
from doppelganger.training.swap.swapping import FaceSwapper
from doppelganger.video.layout import beside, width_beside
from doppelganger.video.reading import VideoFile
from doppelganger.video.sound import KeptSound
from doppelganger.video.writing import FilmWriter

_CUTOFF, _BETA = (
    2.0,
    8.0,
)  # Hz at rest, and Hz per eye distance a second: a still head stands still, a quick one is not left behind
_EYES = (33, 263)


@dataclass(frozen=True)
class Converted:
    """What became of a video. ``swapped``: frames in which the person was found; in the others nothing was touched. ``seconds``:
    from the first frame to the end of the last. ``sound``: "copied", "encoded" or "none". ``took``: seconds of work."""

    film: Path
    frames: int
    swapped: int
    seconds: Fraction
    sound: str
    took: float


def convert_photo(
    photo: Path, swapper: FaceSwapper, who: Embeddings, networks: Networks, target: Path, side_by_side: bool = False
) -> None:
    """Write ``target`` (.png, or else JPEG), marked as a photo with a synthetic face in it.

    Raises ImageError, NotThereError where ``who`` is not in the photo, NoFaceError, OutputError.
    """
    if target.exists() and target.samefile(photo):
        raise OutputError(f"{target} is the photo itself; choose another name with --out.")
    image = read_image(photo)
    face = person_in(image, who, networks)
    if face is None:
        raise NotThereError(f"{photo}: nobody in it is the person of --who, by the word of most recognisers.")
    made = swapper.swap(image, networks.landmarks.detect(image, face).points)
    if side_by_side:
        made = beside(image, made)
    png = target.suffix.lower() == ".png"
    data = (
        synthetic_png(made, SourceType.COMPOSITE) if png else synthetic_jpeg(made, JPEG_QUALITY, SourceType.COMPOSITE)
    )
    write_atomically(target, data)


def convert_video(
    video: Path,
    swapper: FaceSwapper,
    who: Embeddings,
    networks: Networks,
    target: Path,
    side_by_side: bool = False,
    progress: Progress = silent,
) -> Converted:
    """Write ``target`` (.mp4), whole or not at all: every frame at its own time, the sound kept. ``side_by_side``: the scene to the
    left, as it was.

    Raises VideoError, NotThereError where ``who`` is in no frame, OutputError.
    """
    begun = time.monotonic()
    finder = PersonInVideo(who, networks)
    steady = SteadyPoints()
    frames = swapped = 0
    first, end = None, Fraction(0)
    with VideoFile(video) as scene:
        if target.exists() and target.samefile(video):
            raise OutputError(f"{target} is the video itself; choose another name with --out.")
        width = scene.width + (width_beside(scene.width, scene.height, scene.height) if side_by_side else 0)
        sound = KeptSound(video)
        with FilmWriter(target, width, scene.height, scene.time_base, scene.rate, sound, SourceType.COMPOSITE) as film:
            for frame in scene.frames():
                made = _swapped(frame.image, float(frame.time), swapper, finder, steady, networks)
                film.write(_shown(frame.image, made, side_by_side), frame.ticks, frame.duration)
                frames, swapped = frames + 1, swapped + (made is not None)
                first = frame.time if first is None else first
                end = frame.time + frame.duration * scene.time_base
                progress(Event("converting", frames, max(scene.expected, frames)))
            if not swapped:
                raise NotThereError(f"{video}: the person of --who is in no frame, by the word of most recognisers.")
    return Converted(target, frames, swapped, end - (first or 0), sound.how, time.monotonic() - begun)


class SteadyPoints:
    """Landmarks over time, filtered in units of the eyes' distance, so that near and far faces are held alike."""

    def __init__(self) -> None:
        self._filter = OneEuro(_CUTOFF, _BETA)
        self._unit = 1.0

    def forget(self) -> None:
        """The face is gone; the next one begins anew."""
        self._filter.forget()

    def __call__(self, points: np.ndarray, time: float, fresh: bool) -> np.ndarray:
        """float32 [478, 2], of ``points`` seen at ``time`` seconds; ``fresh``: of a face that was not there a frame ago."""
        if fresh:
            self.forget()
            self._unit = max(float(np.linalg.norm(points[_EYES[0]] - points[_EYES[1]])), 1.0)
        return np.asarray(self._filter(points.astype(np.float64) / self._unit, time) * self._unit, np.float32)


def _swapped(
    image: RGB, at: float, swapper: FaceSwapper, finder: PersonInVideo, steady: SteadyPoints, networks: Networks
) -> RGB | None:
    """The frame with the person's face swapped, None where the person is not in it."""
    fresh = not finder.following
    face = finder.look(image)
    if face is None:
        return None
    try:
        points = networks.landmarks.detect(image, face).points
    except NoFaceError:
        steady.forget()
        return None
    return swapper.swap(image, steady(points, at, fresh))


def _shown(scene: RGB, made: RGB | None, side_by_side: bool) -> RGB:
    image = scene if made is None else made
    return beside(scene, image) if side_by_side else image
