"""Faces of nobody as a first set: each is kept as soon as it is made, so that a stop costs one at most."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from doppelganger.errors import OutputError
from doppelganger.generators.differentiable import DifferentiableMobileStyleGAN
from doppelganger.generators.mobile_stylegan import W_ROWS
from doppelganger.generators.mobile_stylegan_openvino import MobileStyleGAN
from doppelganger.images import RGB, resize_area
from doppelganger.invented import invented
from doppelganger.training.gan.picture_set import Heard
from doppelganger.weights import Store

EXIT = 256
"""Side of the generator's early exit: up to it that exit makes the faces, five times as fast."""
Make = Callable[[int], RGB]
"""Seed → its face."""


def maker(store: Store, side: int) -> Make:
    """What makes a face of ``side``²: of the early exit where that is large enough, else of the whole network; reduced by area."""
    generator = MobileStyleGAN(store)
    exit_ = DifferentiableMobileStyleGAN(store, torch.device("cpu")) if side <= EXIT else None

    def face(seed: int) -> RGB:
        w = invented(seed, generator)
        if exit_ is None:
            picture = generator.synthesise(w)
            generator.forget()
        else:
            with torch.inference_mode():
                made = exit_.preview(torch.from_numpy(w).expand(1, W_ROWS, -1))[0]
            picture = (made * 127.5 + 128).clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy()
        return resize_area(picture, side, side)

    return face


class Unfinished:
    """The faces that a stopped preparation made, in one hidden file beside the set to be: their pixels, one after another."""

    def __init__(self, out: Path, side: int) -> None:
        """Raises OutputError where the folder cannot be used."""
        self._side, self._bytes = side, side * side * 3
        self._file = out / f".faces-{min(side, EXIT)}-{side}.part"
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
    for seed in range(count):
        if seed >= kept.count:
            kept.add(make(seed))
        yield f"face {seed}", kept.read(seed)
        heard(seed + 1, count)
