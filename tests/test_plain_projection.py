"""Projection and border on another StyleGAN2: one of random weights, and one that paints a face."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from doppelganger.cli.main import run
from doppelganger.generators.stylegan2 import Shape, StyleGAN2Network
from doppelganger.generators.stylegan2_generator import StyleGAN2, generator_file
from doppelganger.images import RGB, resize
from doppelganger.networks import Networks
from doppelganger.plain_projection import project_plainly
from doppelganger.projection import Projection, ProjectionSettings
from painted_stylegan import painted, two_faces

CPU = torch.device("cpu")
SHORT = ProjectionSettings(w_steps=4, w_plus_steps=5, exact_every=3)


@pytest.fixture(scope="module")
def generator() -> StyleGAN2:
    torch.manual_seed(0)
    network = StyleGAN2Network(Shape(32, 256, 32, z_dim=16, w_dim=16, mapping_layers=2))
    return StyleGAN2(network, "random", "0", CPU)


@pytest.fixture(scope="module")
def target(generator: StyleGAN2) -> RGB:
    return resize(generator.synthesise(generator.sample(1, 5)[0]), 1024, 1024)


def test_the_path_goes_from_the_mean_to_the_portrait_and_resumes(
    generator: StyleGAN2, target: RGB, networks: Networks
) -> None:
    kept: list[Projection] = []
    other = Networks(networks.store, "cpu", generator)
    parts = target, other.differentiable, other.space, networks.alex, SHORT, CPU
    whole = project_plainly(*parts, keep=kept.append)
    assert len(whole.path) == 10 and whole.path[0].shape == (8, 16)
    np.testing.assert_allclose(whole.path[0][3], generator.sample(10_000, 0).mean(0), atol=1e-4)
    assert np.ptp(whole.path[4], axis=0).max() < 1e-5 < np.ptp(whole.path[-1], axis=0).max()
    assert whole.losses[-1] < 0.8 * whole.losses[0]
    again = project_plainly(*parts, resume=kept[0])
    np.testing.assert_array_equal(np.stack(again.path), np.stack(whole.path))


def test_the_border_of_a_photo_on_another_generator(
    networks: Networks, astronaut_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "painter.safetensors"
    file.write_bytes(generator_file(painted(*two_faces(networks))))
    order = ["border", str(astronaut_file), "--steps", "10", "--device", "cpu", "--out", str(tmp_path / "border")]
    assert run([*order, "--generator", str(file), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["steps"] == 11
    for border in answer["borders"][:-1]:  # somebody else, whatever w: no verdict flips
        seen = [distance for _, distance in border["scanned"]]
        assert border["flips"] == [] and len(seen) == 3 and min(seen) > border["threshold"]
    assert (tmp_path / "border" / "filmstrip.png").is_file()
    assert not list(tmp_path.glob(".*partial"))
