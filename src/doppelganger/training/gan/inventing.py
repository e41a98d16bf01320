"""Faces of nobody as a first set: each is kept as soon as it is made, so that a stop costs the ones in work at most."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from doppelganger.errors import OutputError
from doppelganger.generators.many_faces import SIDE, ManyFaces
from doppelganger.generators.mobile_stylegan_openvino import MobileStyleGAN
from doppelganger.images import RGB, resize_area
from doppelganger.invented import invented
from doppelganger.training.gan.picture_set import Heard
from doppelganger.weights import Store

Make = Callable[[Iterable[int]], Iterable[RGB]]
"""Seeds → the face of each."""


def maker(store: Store, side: int) -> Make:
    """What makes faces of ``side``²: reduced by area from 512² as long as those are large enough, else from 1024²."""

    def faces(seeds: Iterable[int]) -> Iterator[RGB]:
        generator = MobileStyleGAN(store)
        latents = (invented(seed, generator) for seed in seeds)
        if side <= SIDE:
            for picture in ManyFaces(store).faces(latents):
                yield resize_area(picture, side, side)
            return
        for latent in latents:
            yield generator.synthesise(latent)
            generator.forget()

    return faces


class Unfinished:
    """The faces that a stopped preparation made, in one hidden file beside the set to be: their pixels, one after another."""

    def __init__(self, out: Path, side: int) -> None:
        """Raises OutputError where the folder cannot be used."""
        self._side, self._bytes = side, side * side * 3
        self._file = out / f".faces-{side}.part"
        self._out = out
        try:
            out.mkdir(parents=True, exist_ok=True)
            self._file.touch()
            self.count = self._file.stat().st_size // self._bytes
            with self._file.open("r+b") as file:
                file.truncate(self.count * self._bytes)  # a face that was cut short
        except OSError as error:
            raise self._unwritten(error) from error

    def read(self, number: int) -> RGB:
        """One of the ``count`` faces there are."""
        return np.fromfile(self._file, np.uint8, self._bytes, offset=number * self._bytes).reshape(
            self._side, self._side, 3
        )

    def add(self, face: RGB) -> None:
        """Keep the next one. Raises OutputError."""
        try:
            with self._file.open("ab") as file:
                file.write(face.tobytes())
        except OSError as error:
            raise self._unwritten(error) from error
        self.count += 1

    def forget(self) -> None:
        """When the set is there."""
        self._file.unlink(missing_ok=True)

    def _unwritten(self, error: OSError) -> OutputError:
        return OutputError(f"{self._out} could not be written ({error.strerror}); choose another --out, or make room.")


def squares(count: int, make: Make, kept: Unfinished, heard: Heard) -> Iterator[tuple[str, RGB]]:
    """The faces of the seeds 0 … count − 1 by name; those in ``kept`` are not made again."""
    for seed in range(min(count, kept.count)):
        yield f"face {seed}", kept.read(seed)
    first = min(count, kept.count)
    for seed, face in enumerate(make(range(first, count)) if first < count else (), first):
        kept.add(face)
        yield f"face {seed}", face
        heard(seed + 1, count)
