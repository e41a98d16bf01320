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
from doppelganger.invented import invented
from doppelganger.networks import Networks
from doppelganger.plain_projection import project_plainly
from doppelganger.projection import Projection, ProjectionSettings

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
    whole = project_plainly(target, generator, networks.alex, SHORT, CPU, keep=kept.append)
    assert len(whole.path) == 10 and whole.path[0].shape == (8, 16)
    np.testing.assert_allclose(whole.path[0][3], generator.sample(10_000, 0).mean(0), atol=1e-4)
    assert np.ptp(whole.path[4], axis=0).max() < 1e-5 < np.ptp(whole.path[-1], axis=0).max()
    assert whole.losses[-1] < 0.8 * whole.losses[0]
    again = project_plainly(target, generator, networks.alex, SHORT, CPU, resume=kept[0])
    np.testing.assert_array_equal(np.stack(again.path), np.stack(whole.path))


def painter(face: RGB) -> StyleGAN2Network:
    """A network that makes one grey face, lighter or darker by w: the face stands where the last layer's noise does."""
    torch.manual_seed(0)
    network = StyleGAN2Network(Shape(256, 1024, 4, z_dim=16, w_dim=16, mapping_layers=2))
    last = network.synthesis.get_submodule("b256.conv1")
    grey = torch.from_numpy(face.astype(np.float32).mean(2) / 127.5 - 1)
    with torch.no_grad():
        for name, weight in network.synthesis.named_parameters():
            if name.endswith("torgb.weight") or "conv" in name:
                weight.mul_(0 if not name.endswith("affine.bias") else 1)
        last.get_parameter("noise_strength").fill_(1)
        last.get_buffer("noise_const").copy_(grey + 1)  # positive: the leaky ReLU leaves it
        torgb = network.synthesis.get_submodule("b256.torgb")
        torgb.get_parameter("weight").fill_(2 / 4 / 2**0.5)
        torgb.get_parameter("bias").fill_(-1)
        torgb.get_parameter("affine.weight").mul_(0.2)
    return network


def test_the_border_of_a_photo_on_another_generator(
    networks: Networks, astronaut_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    face = resize(networks.generator.synthesise(invented(3, networks.generator)), 256, 256)
    file = tmp_path / "painter.safetensors"
    file.write_bytes(generator_file(painter(face)))
    painted = StyleGAN2.of_file(file, CPU).synthesise(np.zeros(16, np.float32))
    assert np.abs(painted.astype(float).mean(2) - face.mean(2)).mean() < 3
    order = ["border", str(astronaut_file), "--steps", "10", "--device", "cpu", "--out", str(tmp_path / "border")]
    assert run([*order, "--generator", str(file), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["steps"] == 11
    for border in answer["borders"][:-1]:  # somebody else, whatever w: no verdict flips
        seen = [distance for _, distance in border["scanned"]]
        assert border["flips"] == [] and len(seen) == 3 and min(seen) > border["threshold"]
    assert (tmp_path / "border" / "filmstrip.png").is_file()
    assert not list(tmp_path.glob(".*partial"))
