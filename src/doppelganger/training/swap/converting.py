"""Photos and videos of A with the face of B: only A's, in every frame, and a film with the scene's own times and sound."""

import time
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from doppelganger.errors import OutputError
from doppelganger.images import RGB, read_image, write_atomically
from doppelganger.keeping import Embeddings
from doppelganger.networks import Networks
from doppelganger.persona.own_photos import JPEG_QUALITY
from doppelganger.persona.whose import NotThereError
from doppelganger.progress import Event, Progress, silent
from doppelganger.provenance import SourceType, synthetic_jpeg, synthetic_png
from doppelganger.training.swap.comparing import Moments
from doppelganger.training.swap.following import FilmSwapper
from doppelganger.training.swap.person import person_in
from doppelganger.training.swap.segments import LENGTH, Unfinished, identity_of, layers_of
from doppelganger.training.swap.swapping import FaceSwapper
from doppelganger.video.layout import beside, width_beside
from doppelganger.video.reading import VideoFile
from doppelganger.video.sound import KeptSound
from doppelganger.video.writing import FilmWriter


@dataclass(frozen=True)
class Converted:
    """What became of a video. ``swapped``: frames in which the person was found; in the others nothing was touched. ``drawn``:
    frames that this call looked at; the rest were kept by one that was stopped. ``seconds``: from the first frame to the end of
    the last. ``sound``: "copied", "encoded" or "none". ``took``: seconds of this call."""

    film: Path
    frames: int
    swapped: int
    drawn: int
    seconds: Fraction
    sound: str
    took: float


def convert_photo(
    photo: Path,
    swapper: FaceSwapper,
    who: Embeddings,
    networks: Networks,
    target: Path,
    side_by_side: bool = False,
    moments: Moments | None = None,
) -> None:
    """Write ``target`` (.png, or else JPEG), marked as a photo with a synthetic face in it. ``moments``: is offered it.

    Raises ImageError, NotThereError where ``who`` is not in the photo, NoFaceError, OutputError.
    """
    image = read_image(photo)
    if target.exists() and target.samefile(photo):
        raise OutputError(f"{target} is the photo itself; choose another name with --out.")
    face = person_in(image, who, networks)
    if face is None:
        raise NotThereError(f"{photo}: nobody in it is the person of --who, by the word of most recognisers.")
    made = swapper.swap(image, networks.landmarks.detect(image, face).points)
    if moments is not None:
        moments.offer(photo.name, image, made)
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
    moments: Moments | None = None,
    segment: int = LENGTH,
    progress: Progress = silent,
) -> Converted:
    """Write ``target`` (.mp4), whole or not at all: every frame at its own time, the sound kept. ``side_by_side``: the scene to the
    left, as it was. ``moments``: is offered every frame with the person in it. ``segment``: frames that are kept at a time.

    A call that was stopped or killed left what it had drawn in a folder beside ``target``; the same call goes on from there,
    and the film is that of an unbroken one. The folder is removed when the film is there.

    Raises VideoError, NotThereError where ``who`` is in no frame, OutputError.
    """
    begun = time.monotonic()
    kept = Unfinished(target, identity_of(video, swapper, who))
    maker = FilmSwapper(swapper, who, networks)
    frames = swapped = 0
    first, end = None, Fraction(0)
    with VideoFile(video) as scene:
        if target.exists() and target.samefile(video):
            raise OutputError(f"{target} is the video itself; choose another name with --out.")
        width = scene.width + (width_beside(scene.width, scene.height, scene.height) if side_by_side else 0)
        sound = KeptSound(video)
        try:
            with (
                closing(
                    layers_of(scene.frames(), maker, kept, segment)
                ) as layers,  # closed last: the film's room is free
                FilmWriter(
                    target,
                    width,
                    scene.height,
                    scene.time_base,
                    scene.rate,
                    sound,
                    SourceType.COMPOSITE,
                    repeatable=True,
                ) as film,
            ):
                for frame, layer in layers:
                    made = None if layer is None else layer.over(frame.image)
                    film.write(_shown(frame.image, made, side_by_side), frame.ticks, frame.duration)
                    if made is not None and moments is not None:
                        moments.offer(f"{float(frame.time):.2f} seconds", frame.image, made)
                    frames, swapped = frames + 1, swapped + (made is not None)
                    first = frame.time if first is None else first
                    end = frame.time + frame.duration * scene.time_base
                    progress(Event("converting", frames, max(scene.expected, frames)))
                if not swapped:
                    raise NotThereError(
                        f"{video}: the person of --who is in no frame, by the word of most recognisers."
                    )
        except NotThereError:
            kept.forget()
            raise
        except OutputError as error:
            if not kept.exists:
                raise
            raise OutputError(f"{error} What was drawn is kept; the same command goes on from there.") from error
    kept.clear()
    return Converted(target, frames, swapped, maker.looked, end - (first or 0), sound.how, time.monotonic() - begun)


def _shown(scene: RGB, made: RGB | None, side_by_side: bool) -> RGB:
    image = scene if made is None else made
    return beside(scene, image) if side_by_side else image
