from pathlib import Path

import dlib
import numpy as np
import pytest
import torch

from doppelganger.errors import WeightsError
from doppelganger.faces.detector import Face
from doppelganger.images import RGB
from doppelganger.verifiers.dlib_format import Convolution, Dense, DlibFormatError, Pool, read_face_network
from doppelganger.verifiers.dlib_network import DlibNetwork
from doppelganger.verifiers.dlib_resnet import DlibResNet
from doppelganger.weights import Store


@pytest.fixture(scope="module")
def network(store: Store) -> DlibNetwork:
    return DlibNetwork(store.path("dlib-resnet"))


def test_agrees_with_dlib_itself(store: Store, network: DlibNetwork, people: list[tuple[RGB, Face]]) -> None:
    model = dlib.face_recognition_model_v1(str(store.path("dlib-resnet")))
    verifier = DlibResNet(store)
    noise = np.random.default_rng(3).integers(0, 256, (150, 150, 3), np.uint8)
    chips = [verifier.chip(*people[0]), verifier.chip(*people[1]), noise]
    expected = np.array([model.compute_face_descriptor(chip) for chip in chips])
    batch = torch.from_numpy(np.stack(chips).transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)
    with torch.no_grad():
        found = network(batch).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert np.linalg.norm(expected[0] - expected[1]) > 0.3
    np.testing.assert_allclose(verifier.embed(*people[0]), expected[0], atol=1e-4)


def test_gradient_reaches_the_crop_and_not_the_weights(network: DlibNetwork) -> None:
    assert not any(weight.requires_grad for weight in network.parameters())
    crop = torch.rand(1, 3, 150, 150, generator=torch.Generator().manual_seed(4)) * 2 - 1
    target = network(crop * 0.8)
    crop.requires_grad_(True)
    before = (network(crop) - target).norm()
    (gradient,) = torch.autograd.grad(before, crop)
    before = before.detach()
    step = 0.01 * float(before) / float(gradient.norm())  # that should bring it one per cent nearer
    with torch.no_grad():
        after = (network(crop - step * gradient / gradient.norm()) - target).norm()
    assert float(before - after) == pytest.approx(0.01 * float(before), rel=0.1)


def test_every_layer_is_read(store: Store) -> None:
    layers = read_face_network(store.path("dlib-resnet").read_bytes())
    assert sum(isinstance(layer, Convolution) for layer in layers) == 29
    assert layers[3] == Pool("max", 3, 2, 0)
    first, last = layers[0], layers[-1]
    assert isinstance(first, Convolution)
    assert isinstance(last, Dense)
    assert (first.weights.shape, first.stride, first.padding) == ((32, 3, 7, 7), 2, 0)
    assert last.weights.shape == (256, 128)


@pytest.mark.parametrize("damage", ["cut", "longer", "other version", "text"])
def test_other_bytes_are_refused(store: Store, tmp_path: Path, damage: str) -> None:
    data = store.path("dlib-resnet").read_bytes()
    other = {
        "cut": data[:5_000_000],
        "longer": data + b"\x01",
        "other version": data.replace(b"con_4", b"con_9", 1),
        "text": b"hello, this is not a network",
    }[damage]
    with pytest.raises(DlibFormatError):
        read_face_network(other)
    file = tmp_path / "net.dat"
    file.write_bytes(other)
    with pytest.raises(WeightsError, match=r"net\.dat"):
        DlibNetwork(file)
