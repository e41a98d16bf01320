"""FID and KID as a run goes: by the real network, and without a trace in the training."""

import json
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from doppelganger.evaluation.inception import InceptionFeatures
from doppelganger.evaluation.realism import frechet_distance, kernel_distance
from doppelganger.generators.stylegan2 import Shape
from doppelganger.generators.stylegan2_generator import StyleGAN2
from doppelganger.images import RGB
from doppelganger.progress import Event
from doppelganger.training.gan.picture_set import LeftOut, PictureSet, save_set
from doppelganger.training.gan.realism import Features, Realism
from doppelganger.training.gan.run import Run
from doppelganger.training.gan.settings import TrainingSettings
from doppelganger.training.gan.story import story
from doppelganger.weights import Store

CPU = torch.device("cpu")
SETTINGS = TrainingSettings(Shape(8, 64, 16, z_dim=8, w_dim=8, mapping_layers=2), batch=4, tick=2)
EVERY = 16
"""Two ticks."""


@pytest.fixture(scope="module")
def inception() -> Features:
    return InceptionFeatures(Store()).features


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> PictureSet:
    drawn = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), np.uint8)
    folder = tmp_path_factory.mktemp("realism") / "set"
    return save_set(((str(i), one) for i, one in enumerate(drawn)), 8, folder, "noise", LeftOut())


def lines(folder: Path) -> list[dict]:
    return [{k: v for k, v in line.items() if k != "images a second"} for line in json.loads(text(folder))]


def text(folder: Path) -> str:
    return (folder / "history.json").read_text()


def test_measured_as_it_goes_and_stopped_in_between(pictures: PictureSet, inception: Features, tmp_path: Path) -> None:
    heard: list[Event] = []
    Run(tmp_path / "plain", pictures, SETTINGS, CPU).train(32)
    measuring = tmp_path / "measuring"
    Run(measuring, pictures, SETTINGS, CPU, Realism(pictures, inception, EVERY, 8)).train(8)
    torch.manual_seed(9)

    def interrupted(images: object) -> np.ndarray:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):  # in the middle of a measurement: the tick is kept all the same
        Run(measuring, pictures, SETTINGS, CPU, Realism(pictures, interrupted, EVERY, 8)).train(32)
    again = Run(measuring, pictures, SETTINGS, CPU, Realism(pictures, inception, EVERY, 8))
    assert again.trainer.seen == 16 and "realism" not in again.history[-1]
    again.train(32, heard.append)

    with_, without = lines(measuring), lines(tmp_path / "plain")
    measured = [line.pop("realism", None) for line in with_]
    assert with_ == without
    generators = [(where / "generator.safetensors").read_bytes() for where in (measuring, tmp_path / "plain")]
    assert generators[0] == generators[1]
    assert [one is not None for one in measured] == [False, True, False, True]
    said = [event.message for event in heard if event.stage == "realism"]
    assert len(said) == 2 and f"FID {measured[1]['FID']:.1f}" in said[0] and "(n = 8)" in said[0]
    page = story(measuring)
    assert page.count("<svg") == 5 and "8 pictures on either side" in page

    # By hand: the kept generator's pictures against those of the set.
    generator = StyleGAN2.of_file(measuring / "generator.safetensors", CPU)
    z = torch.randn(8, 8, generator=torch.Generator().manual_seed(1)).numpy()
    fakes = inception(generator.synthesise(generator.map(one[None])[0]) for one in z)
    chosen = np.sort(np.random.default_rng(0).permutation(20)[:8])
    real = inception(pictures.pictures[chosen])
    assert measured[3]["FID"] == pytest.approx(frechet_distance(fakes, real), rel=1e-3)
    assert measured[3]["KID"] == pytest.approx(kernel_distance(fakes, real), rel=1e-3)


def test_what_is_kept_of_the_set_is_used_and_made_anew_where_damaged(pictures: PictureSet, tmp_path: Path) -> None:
    asked: list[int] = []

    def pixels(images: Iterable[RGB]) -> np.ndarray:
        made = np.stack([image.reshape(-1)[:24] for image in images]).astype(np.float32)
        asked.append(len(made))
        return made

    network = Run(tmp_path, pictures, SETTINGS, CPU).trainer.average
    first = Realism(pictures, pixels, EVERY, 16).of(network, tmp_path)
    assert asked == [16, 16]
    assert Realism(pictures, pixels, EVERY, 16).of(network, tmp_path) == first and len(asked) == 3
    (tmp_path / "set-features-16.npy").write_bytes(b"damaged")
    assert Realism(pictures, pixels, EVERY, 16).of(network, tmp_path) == first and len(asked) == 5


def test_it_is_due_once_every_so_many() -> None:
    folder = type("Set", (), {"pictures": np.zeros((20, 8, 8, 3), np.uint8)})()
    realism = Realism(folder, lambda images: np.zeros((0, 1), np.float32), 100, 5000)
    assert realism.count == 20
    ends = range(0, 1100, 64)
    assert sum(realism.due(a, b) for a, b in pairwise(ends)) == 10
