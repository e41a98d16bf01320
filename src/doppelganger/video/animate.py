"""A driving video and an avatar make a film: the same frames at the same times with the same sound, and another face.

driver.mp4 ─ frames ─▶ performance (tracker → gate → reenactor) ─▶ film
         └─ sound packets, as they are ─────────────────────────▶
"""

import time
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from doppelganger.errors import NoFaceError, OutputError
from doppelganger.images import RGB
from doppelganger.progress import Event, Progress, silent
from doppelganger.provenance import SourceType
from doppelganger.puppet.guard import Judge
from doppelganger.puppet.performance import Gate, Mode, Performance
from doppelganger.puppet.protocol import Reenactor
from doppelganger.puppet.tracker import Tracker
from doppelganger.video.inspection import Inspector
from doppelganger.video.layout import beside, contain, width_beside
from doppelganger.video.reading import VideoFile
from doppelganger.video.reference import Choice, find_reference
from doppelganger.video.sound import KeptSound
from doppelganger.video.writing import FilmWriter

SIZE = 512
"""Side of an avatar's film in pixels."""


@dataclass(frozen=True)
class Animated:
    """What became of a driving video.

    ``promised``: frames that the file said it had, 0 where it did not; more than ``frames`` where it is damaged. ``held``: reason →
    frames in which the last good picture or the still was shown instead. ``seconds``: from the first frame to the end of the last.
    ``rate``: mean frames a second, exact. ``reference``: seconds at which the driver was taken as at rest. ``sound``: "copied",
    "encoded" or "none". ``took``: seconds of work.
    """

    film: Path
    frames: int
    promised: int
    held: dict[Gate, int]
    seconds: Fraction
    rate: Fraction | None
    reference: Fraction
    sound: str
    looks: int
    """Frames judged by the panel; those that it refused are among ``held``."""
    took: float


def animate(
    driver: Path,
    reenactor: Reenactor,
    tracker: Tracker,
    target: Path,
    mode: Mode = Mode.AVATAR,
    reference: Choice = "auto",
    size: int = SIZE,
    side_by_side: bool = False,
    judge: Judge | None = None,
    progress: Progress = silent,
) -> Animated:
    """Write ``target`` (.mp4), whole or not at all, whatever ``progress`` raises.

    ``size``: side of the avatar's picture; a swapped film has the driver's own size. ``side_by_side``: the driver to the left, as
    they are: for looking, not for showing. ``judge``: has one frame in a second judged; those refused are not shown.

    Raises VideoError, NoFaceError where no frame could be used, OutputError.
    """
    begun = time.monotonic()
    with VideoFile(driver) as video:
        if target.exists() and target.samefile(driver):
            raise OutputError(f"{target} is the driving video itself; choose another name with --out.")
        width, height = (video.width, video.height) if mode is Mode.SWAP else (size, size)
        wide = width + width_beside(video.width, video.height, height) if side_by_side else width
        source = SourceType.COMPOSITE if mode is Mode.SWAP or side_by_side else SourceType.SYNTHETIC
        sound, gates, end = KeptSound(driver), Counter[Gate](), Fraction(0)
        first: Fraction | None = None
        with FilmWriter(target, wide, height, video.time_base, video.rate, sound, source) as film:
            motion, at = find_reference(driver, tracker, reference)
            reenactor.calibrate(motion)
            performance = Performance(reenactor, tracker, mode)
            inspector = performance.watch = Inspector(judge, video.rate) if judge is not None else None
            for frame in video.frames():
                shown = performance.step(frame.image, float(frame.time))
                gates[shown.gate] += 1
                image: RGB = contain(shown.image, width, height)
                film.write(beside(frame.image, image) if side_by_side else image, frame.ticks, frame.duration)
                first = frame.time if first is None else first
                end = frame.time + frame.duration * video.time_base
                progress(Event("animating", gates.total(), max(video.expected, gates.total())))
            if not gates[Gate.OPEN]:
                why = gates.most_common(1)[0][0]
                raise NoFaceError(
                    f"No frame of {driver} could be used ({why}); give a video of one face from the front."
                )
    held: dict[Gate, int] = {gate: count for gate, count in gates.items() if gate is not Gate.OPEN}
    seconds = end - (first or 0)
    looks = inspector.looks if inspector is not None else 0
    took = time.monotonic() - begun
    return Animated(target, gates.total(), video.expected, held, seconds, video.rate, at, sound.how, looks, took)
