"""A film that is not finished: the layers of its frames so far, in segments, beside where the film will be.

    talk-bea.mp4.unfinished-IDENTITY/00000032-DIGEST.safetensors     layers of some frames from 32 on, and the state after them

No coded film is kept. The film is coded in one go from the scene and its layers, whether they were just drawn or lay here: so it
is the film of an unbroken run, and there are no seams. Coding is many times faster than drawing. A layer is one face of 256²,
whatever the size of the film.

A segment's name holds the SHA-256 of its bytes: a damaged one counts as missing, and is drawn again with those after it.
"""

import contextlib
import glob
import hashlib
import shutil
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from doppelganger import __version__
from doppelganger.errors import OutputError, VideoError
from doppelganger.images import write_atomically
from doppelganger.keeping import Embeddings
from doppelganger.training.swap.following import FilmSwapper, State
from doppelganger.training.swap.swapping import FaceSwapper, Layer
from doppelganger.video.reading import Frame

LENGTH = 32
"""Frames of a segment: what kill −9 costs at most. Ctrl-C costs none."""
_VERSION = 1
_FACE, _TRANSFORM, _STATE, _COUNT = "face ", "transform ", "state ", "count"
_PNG = [
    cv2.IMWRITE_PNG_COMPRESSION,
    3,
]  # of drawn faces, higher levels save a few per cent and take three times as long


@dataclass(frozen=True)
class Segment:
    """``layers``: of frames that follow one another, None where the person is not. ``state``: of the `FilmSwapper` after them."""

    layers: Sequence[Layer | None]
    state: State


class Unfinished:
    """The folder of one conversion. It is made when there is something to keep, and only its owner may read it: faces lie there."""

    def __init__(self, target: Path, identity: str) -> None:
        """``identity``: see `identity_of`; another conversion for the same ``target`` has a folder of its own."""
        self._target = target
        self.root = target.with_name(f"{target.name}.unfinished-{identity[:12]}")

    @property
    def exists(self) -> bool:
        """Whether anything was kept."""
        return self.root.is_dir() and any(self.root.glob("*.safetensors"))

    def read(self, first: int) -> Segment | None:
        """The segment that begins with frame ``first``, None where none does or it is damaged."""
        for path in sorted(self.root.glob(f"{first:08d}-*.safetensors")):
            with contextlib.suppress(OSError, SafetensorError, KeyError, ValueError, cv2.error):
                data = path.read_bytes()
                if _digest(data) == path.stem.split("-")[1]:
                    return _unpacked(data)
        return None

    def write(self, first: int, segment: Segment) -> None:
        """Keep frames from ``first`` on. Raises OutputError (full disk); what was kept before stays."""
        data = _packed(segment)
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.root} could not be made ({error.strerror}); choose another place.") from error
        write_atomically(self.root / f"{first:08d}-{_digest(data)}.safetensors", data)

    def forget(self) -> None:
        """Remove what this conversion has kept, and nothing of another one's."""
        shutil.rmtree(self.root, ignore_errors=True)

    def clear(self) -> None:
        """The film is there: remove what was kept for it, also by conversions with other settings."""
        for folder in self._target.parent.glob(f"{glob.escape(self._target.name)}.unfinished-*"):
            shutil.rmtree(folder, ignore_errors=True)


def layers_of(
    frames: Iterator[Frame], swapper: FilmSwapper, kept: Unfinished, length: int = LENGTH
) -> Generator[tuple[Frame, Layer | None]]:
    """Every frame and what is laid over it: first those that were kept, then newly drawn ones, which are kept ``length`` at a time,
    and as many as there are when this is closed or something is raised. Raises OutputError, VideoError."""
    at, state = 0, None
    while (segment := kept.read(at)) is not None:
        for layer in segment.layers:
            frame = next(frames, None)
            if frame is None:  # cannot be, of the same bytes by the same decoder
                return
            yield frame, layer
        at, state = at + len(segment.layers), segment.state
    if state is not None:
        swapper.restore(state)
    drawn: list[tuple[Layer | None, State]] = []
    try:
        for frame in frames:
            layer = swapper.layer(frame.image, float(frame.time))
            drawn.append((layer, swapper.state()))  # in one: a Ctrl-C comes before it or after it
            yield frame, layer
            if len(drawn) >= length:
                kept.write(at, _joined(drawn))
                at, drawn = at + len(drawn), []
    finally:
        if drawn:
            with contextlib.suppress(OutputError):  # the disk is full: whoever stopped this says so
                kept.write(at, _joined(drawn))


def identity_of(video: Path, swapper: FaceSwapper, who: Embeddings) -> str:
    """SHA-256 in hexadecimal of all that the layers depend on: the video's bytes, the network's weights and which decoder, the
    person meant, the kind of device, and this program's version. Raises VideoError where the video cannot be read."""
    whole = hashlib.sha256()
    about = (__version__, _VERSION, swapper.person, swapper.side, swapper.device.type)
    whole.update(repr(about).encode())
    for name, weights in sorted(swapper.network.state_dict().items()):
        whole.update(name.encode())
        whole.update(weights.detach().cpu().numpy().tobytes())
    for name, embedding in sorted(who.items()):
        whole.update(name.encode())
        whole.update(embedding.tobytes())
    try:
        with video.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    except OSError as error:
        raise VideoError(f"{video} cannot be read ({error.strerror}).") from error
    return whole.hexdigest()


def _joined(drawn: Sequence[tuple[Layer | None, State]]) -> Segment:
    return Segment([layer for layer, _ in drawn], drawn[-1][1])


def _packed(segment: Segment) -> bytes:
    arrays = {f"{_STATE}{name}": np.ascontiguousarray(value) for name, value in segment.state.items()}
    arrays[_COUNT] = np.array([len(segment.layers)])
    for k, layer in enumerate(segment.layers):
        if layer is not None:
            arrays[f"{_FACE}{k}"] = _png(np.dstack([layer.face, layer.opacity]))
            arrays[f"{_TRANSFORM}{k}"] = np.ascontiguousarray(layer.transform)
    return save(arrays)


def _unpacked(data: bytes) -> Segment:
    arrays = load(data)
    layers: list[Layer | None] = []
    for k in range(int(arrays[_COUNT][0])):
        if f"{_FACE}{k}" not in arrays:
            layers.append(None)
            continue
        picture = np.asarray(cv2.imdecode(arrays[f"{_FACE}{k}"], cv2.IMREAD_UNCHANGED), np.uint8)
        face, opacity = (np.ascontiguousarray(part) for part in (picture[:, :, :3], picture[:, :, 3]))
        layers.append(Layer(face, opacity, arrays[f"{_TRANSFORM}{k}"]))
    state = {name.removeprefix(_STATE): value for name, value in arrays.items() if name.startswith(_STATE)}
    return Segment(layers, state)


def _png(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The bytes of a lossless file, uint8 [N]. Channels keep their order on the way out and in."""
    _, data = cv2.imencode(".png", picture, _PNG)
    return np.asarray(data, np.uint8).reshape(-1)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
