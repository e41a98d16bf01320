"""A network as a generator: from our own file, from a published pickle, from an address."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

from doppelganger.errors import WeightsError
from doppelganger.generators.opening import open_generator
from doppelganger.generators.stylegan2 import Shape, StyleGAN2Network
from doppelganger.generators.stylegan2_generator import StyleGAN2, generator_file
from published_stylegan import module, random_weights, settings, write_pickle

CPU = torch.device("cpu")
SIZE = (16, 128, 8, 12, 2)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    network = StyleGAN2Network(Shape(16, 128, 8, z_dim=5, w_dim=12, mapping_layers=2))
    network.mapping.w_avg += 0.5
    file = tmp_path / "own.safetensors"
    file.write_bytes(generator_file(network))
    return file


def test_a_generator_of_our_file(own: Path) -> None:
    generator = StyleGAN2.of_file(own, CPU)
    assert (generator.resolution, generator.w_rows, generator.w_dim) == (16, 6, 12)
    np.testing.assert_array_equal(generator.w_mean, np.full(12, 0.5, np.float32))
    w = generator.sample(3, 7)
    assert w.shape == (3, 12) and not np.array_equal(w[0], w[1])
    np.testing.assert_array_equal(w, generator.sample(3, 7))
    picture = generator.synthesise(w[0])
    assert picture.shape == (16, 16, 3) and picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, generator.synthesise(np.tile(w[0], (6, 1))))
    levels = generator.synthesise_float(w[0]).transpose(1, 2, 0) * 127.5 + 128
    inside = (levels > 0) & (levels < 255)
    np.testing.assert_array_equal(picture[inside], levels[inside].astype(np.uint8))


def test_a_damaged_or_foreign_file_is_refused(own: Path, tmp_path: Path) -> None:
    for content in (
        own.read_bytes()[:-100],
        own.read_bytes().replace(b"doppelganger.stylegan2", b"doppelganger.stylegan9"),
        b"",
    ):
        file = tmp_path / "bad.safetensors"
        file.write_bytes(content)
        with pytest.raises(WeightsError, match=r"bad\.safetensors"):
            StyleGAN2.of_file(file, CPU)
    with pytest.raises(WeightsError, match="no file"):
        open_generator(str(tmp_path / "none.pkl"), tmp_path, CPU)


def test_a_published_pickle_is_fetched_from_an_address_once(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    write_pickle(site / "ffhq.pkl", module("Generator", random_weights(*SIZE), settings(*SIZE)))
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/ffhq.pkl"
        first = open_generator(url, tmp_path / "cache", CPU)
        (site / "ffhq.pkl").unlink()
        again = open_generator(url, tmp_path / "cache", CPU)
        with pytest.raises(WeightsError, match=r"could not be fetched"):
            open_generator(url.replace("ffhq", "none"), tmp_path / "cache", CPU)
        server.shutdown()
    assert first.resolution == 16 and first.sha256 == again.sha256
    assert len(list((tmp_path / "cache").iterdir())) == 1
