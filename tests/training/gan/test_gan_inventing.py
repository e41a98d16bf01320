"""Faces of nobody as a set: those of the built-in generator, in order, and none made twice after a stop."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from doppelganger.generators.many_faces import ManyFaces
from doppelganger.generators.mobile_stylegan_openvino import MobileStyleGAN
from doppelganger.images import RGB, resize_area
from doppelganger.invented import invented
from doppelganger.training.gan.inventing import Unfinished, maker, squares
from doppelganger.weights import Store


def test_many_faces_are_the_generators_own_in_order() -> None:
    generator = MobileStyleGAN(Store())
    latents = [invented(seed, generator) for seed in range(3)]
    many = ManyFaces(Store())
    made = list(many.faces(latents))
    assert len(made) == 3 and many.at_once >= 1
    for latent, face in zip(latents, made, strict=True):
        own = generator.synthesise_float(latent).reshape(3, 512, 2, 512, 2).mean((2, 4)).transpose(1, 2, 0)
        assert face.shape == (512, 512, 3)
        assert int(np.abs(np.clip(own * 127.5 + 128, 0, 255).astype(int) - face).max()) <= 1
        shown = resize_area(
            generator.synthesise(latent), 32, 32
        )  # whose pixels were cut off before, at black and white
        assert int(np.abs(shown.astype(int) - resize_area(face, 32, 32)).max()) <= 3
    (small,) = maker(Store(), 32)([2])
    assert np.array_equal(small, resize_area(made[2], 32, 32))


def drawn(seed: int) -> RGB:
    return np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)


def test_a_stop_loses_no_face(tmp_path: Path) -> None:
    asked: list[int] = []

    def make(seeds: Iterable[int]) -> Iterator[RGB]:
        for seed in seeds:
            if seed == 7 and 7 not in asked:
                asked.append(seed)
                raise KeyboardInterrupt
            asked.append(seed)
            yield drawn(seed)

    heard: list[tuple[int, int]] = []
    with pytest.raises(KeyboardInterrupt):
        list(squares(12, make, Unfinished(tmp_path, 8), lambda done, total: heard.append((done, total))))
    (file,) = tmp_path.iterdir()
    with file.open("ab") as cut_short:
        cut_short.write(b"half a face")
    kept = Unfinished(tmp_path, 8)
    assert kept.count == 7 and heard[-1] == (7, 12)
    made = list(squares(12, make, kept, lambda done, total: heard.append((done, total))))
    assert asked == [*range(8), *range(7, 12)] and heard[-1] == (12, 12)
    assert [name for name, _ in made] == [f"face {seed}" for seed in range(12)]
    assert all(np.array_equal(face, drawn(seed)) for seed, (_, face) in enumerate(made))
    assert len(list(squares(5, make, Unfinished(tmp_path, 8), lambda *_: None))) == 5 and len(asked) == 13
    kept.forget()
    assert not list(tmp_path.iterdir())
