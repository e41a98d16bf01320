"""Photos and videos in, faces out: every face of a photo; of a video the frames in which pose and expression are new."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from doppelganger.errors import ImageError, NoFaceError, VideoError
from doppelganger.faces.attributes import AgeSexEstimator
from doppelganger.faces.detector import Face
from doppelganger.images import RGB, read_image
from doppelganger.networks import Networks
from doppelganger.persona.own_photos import PICTURES
from doppelganger.training.swap.cropping import cut, face_transform
from doppelganger.training.swap.face import UNITS, SetFace, pose_of, see, sharpness
from doppelganger.training.swap.person import overlap
from doppelganger.training.swap.spread import farthest_first
from doppelganger.training.swap.tracks import Tracks, face_of_mesh
from doppelganger.video.reading import VideoFile

VIDEOS = frozenset(
    ".mp4 .mov .m4v .3gp .mkv .webm .avi .ts .mts .m2ts .mpg .mpeg .flv .ogv .wmv .gif".split()  # noqa: SIM905
)
"""How names of videos end that the reader knows."""
NEW = 0.5
"""Noticeable differences (`UNITS`) from all frames chosen before, from which a frame of a video counts as new."""
_EVERY = 0.1  # seconds between frames that are looked at
_BLURRED = 0.5  # of the video's median sharpness, below which a frame is not worth choosing


@dataclass(frozen=True)
class Unread:
    """A file that gave nothing, and why, in words."""

    source: str
    why: str


def files_of(sources: Sequence[Path]) -> list[Path]:
    """These files, and by name the pictures and videos in these folders. Raises ImageError for one that does not exist."""
    out: list[Path] = []
    for source in sources:
        if not source.exists():
            raise ImageError(f"{source} does not exist; check the path.")
        if source.is_dir():
            out += [file for file in sorted(source.rglob("*")) if file.suffix.lower() in PICTURES | VIDEOS]
        else:
            out.append(source)  # whatever its name: if it cannot be read, that is said
    if not out:
        raise ImageError("There is no photo and no video in what was given; give files or folders that hold some.")
    return out


def faces_of(file: Path, networks: Networks, ages: AgeSexEstimator, most: int) -> Iterator[SetFace | Unread]:
    """The faces of one file, at most ``most`` of a video."""
    try:
        found = False
        seen = (
            _faces_of_video(file, networks, ages, most)
            if file.suffix.lower() in VIDEOS
            else _faces_of_photo(file, networks, ages)
        )
        for one in seen:
            yield one
            found = True
        if not found:
            yield Unread(file.name, "no face was found in it")
    except (ImageError, VideoError) as error:
        yield Unread(file.name, str(error))


def _faces_of_photo(file: Path, networks: Networks, ages: AgeSexEstimator) -> Iterator[SetFace]:
    image = read_image(file)
    for face in networks.detector.detect(image):
        with contextlib.suppress(NoFaceError):
            yield see(image, face, networks, ages, file.name)


def _faces_of_video(file: Path, networks: Networks, ages: AgeSexEstimator, most: int) -> Iterator[SetFace]:
    for image, time, followed, track in _new_frames(file, networks, most):
        face = max(networks.detector.detect(image), key=lambda one: overlap(one, followed), default=None)
        if face is not None and overlap(face, followed) > 0:
            with contextlib.suppress(NoFaceError):
                yield see(image, face, networks, ages, file.name, time, f"{file}, {track}")


def _new_frames(file: Path, networks: Networks, most: int) -> Iterator[tuple[RGB, float, Face, int]]:
    """Frames of a video, their seconds, and the largest face, which is followed, with the number of its stretch (`Tracks`): those
    in which it does what it does in no other. The video is read twice, since only after the first look is it known which
    frames are worth a long one."""
    from doppelganger.puppet.tracker import Tracker

    tracker = Tracker(networks.detector, networks.landmarks, search_every=10**9)
    tracks = Tracks(networks)
    ticks, poses, sharp, last = [], [], [], -1.0
    followed: dict[int, tuple[Face, int]] = {}
    with VideoFile(file) as video:
        for frame in video.frames():
            if float(frame.time) < last + _EVERY:
                continue
            last = float(frame.time)
            sight = tracker.look(frame.image)
            motion = sight.motion
            if motion is None:
                continue
            face = face_of_mesh(motion.points)
            followed[frame.ticks] = face, tracks.number(frame.image, face, sight.found)
            landmarks = networks.landmarks.follow(frame.image, motion.points)[0]
            transform = face_transform(landmarks.points)
            points = np.asarray(landmarks.points @ transform[:, :2].T + transform[:, 2], np.float32)
            ticks.append(frame.ticks)
            poses.append(pose_of(landmarks))
            sharp.append(sharpness(cut(frame.image, landmarks.points), points))
    good = np.flatnonzero(np.array(sharp) >= _BLURRED * np.median(sharp)) if sharp else np.zeros(0, int)
    places = np.stack(poses)[good] / UNITS if len(good) else np.zeros((0, len(UNITS)), np.float32)
    wanted = {ticks[good[k]] for k in farthest_first(places, most, NEW)}
    with VideoFile(file) as video:
        for frame in video.frames():
            if frame.ticks in wanted:
                wanted.discard(frame.ticks)
                yield frame.image, float(frame.time), *followed[frame.ticks]
            if not wanted:
                return
