"""Two people who do not exist, in a few pictures each, and their sets as the real networks make them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from swapping_sets import A_SEED, B_SEED, CONSENT, POSES, TINY, People

from doppelganger import directions
from doppelganger.images import RGB, encode_jpeg, resize_area
from doppelganger.invented import invented
from doppelganger.keeping import Embeddings
from doppelganger.networks import Networks
from doppelganger.persona.whose import embeddings_of
from doppelganger.training.swap.extracting import Extracted, extract
from doppelganger.training.swap.faceset import FaceSet, load
from doppelganger.training.swap.run_folder import RunFolder
from doppelganger.training.swap.swapping import FaceSwapper
from doppelganger.training.swap.trainer import Ending, Trainer, trained_network


@pytest.fixture(scope="session")
def people(networks: Networks) -> People:
    def pictures(seed: int) -> list[RGB]:
        latent = invented(seed, networks.generator)
        made = (networks.generator.synthesise(directions.apply(latent, pose)) for pose in POSES)
        return [resize_area(image, 320, 320) for image in made]

    return People(pictures(A_SEED), pictures(B_SEED))


@pytest.fixture(scope="session")
def extracted(people: People, networks: Networks, tmp_path_factory: pytest.TempPathFactory) -> Extracted:
    """Of a folder with A's pictures, one of them twice and one blurred, one of B, and a file that is no picture."""
    folder = tmp_path_factory.mktemp("a-photos")
    write(folder, people.a)
    (folder / "again.jpg").write_bytes(encode_jpeg(people.a[0], 80))
    (folder / "blurred.jpg").write_bytes(encode_jpeg(np.asarray(cv2.GaussianBlur(people.a[3], (0, 0), 5))))
    (folder / "other.jpg").write_bytes(encode_jpeg(people.b[0]))
    (folder / "tiny.jpg").write_bytes(encode_jpeg(resize_area(people.a[2], 80, 80)))
    (folder / "broken.jpg").write_bytes(b"no picture")
    return extract([folder], folder.with_name("ada"), CONSENT, networks)


@pytest.fixture(scope="session")
def set_a(extracted: Extracted) -> FaceSet:
    """As it comes back from the disk."""
    return load(extracted.folder)


@pytest.fixture(scope="session")
def extracted_b(people: People, networks: Networks, tmp_path_factory: pytest.TempPathFactory) -> Extracted:
    folder = tmp_path_factory.mktemp("b-photos")
    write(folder, people.b)
    return extract([folder], folder.with_name("bea"), CONSENT, networks)


@pytest.fixture(scope="session")
def set_b(extracted_b: Extracted) -> FaceSet:
    return extracted_b.faces


@pytest.fixture(scope="session")
def extracted_pair(extracted: Extracted, extracted_b: Extracted) -> tuple[Path, Path]:
    """Both folders."""
    return extracted.folder, extracted_b.folder


@pytest.fixture(scope="session")
def swap_run(set_a: FaceSet, set_b: FaceSet, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Trained for a few seconds: it has learnt where a face is and B's colours, no more."""
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "run")
    Trainer(folder, set_a, set_b, TINY, torch.device("cpu")).train(Ending(steps=80))
    return folder


@pytest.fixture(scope="session")
def swapper(swap_run: RunFolder, networks: Networks) -> FaceSwapper:
    network, about, _ = trained_network(swap_run, torch.device("cpu"))
    return FaceSwapper(network, "b", about.preset.side, networks.parser, torch.device("cpu"))


@pytest.fixture(scope="session")
def ada(people: People, networks: Networks) -> Embeddings:
    return embeddings_of(people.a[2], networks, "a picture of Ada")


def write(folder: Path, images: list[RGB]) -> None:
    for k, image in enumerate(images):
        (folder / f"{k}.jpg").write_bytes(encode_jpeg(image, 95))


@pytest.fixture
def limited_files() -> Iterator[Callable[[int], None]]:
    """Lets files grow to so many bytes, as a full disk would, until the test ends."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
