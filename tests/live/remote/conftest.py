"""Servers, lines and drivers for the tests of rendering elsewhere."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bad_line import BadLine
from replica import TOKEN, Replica

from doppelganger.faces.detector import choose
from doppelganger.images import RGB, encode_png, resize_area
from doppelganger.invented import invented
from doppelganger.live.remote.client import RemoteReenactor
from doppelganger.networks import Networks
from doppelganger.puppet import rigging
from doppelganger.puppet.keys import REST, Key
from doppelganger.puppet.motion import Motion


@pytest.fixture(scope="session")
def stills(networks: Networks, tmp_path_factory: pytest.TempPathFactory) -> dict[str, RGB]:
    """Two people who do not exist, [512, 512, 3]."""
    made = {}
    for name, seed in (("ada", 12), ("ben", 5)):
        image = networks.generator.synthesise(invented(seed, networks.generator))
        made[name] = resize_area(image, 512, 512)
    return made


@pytest.fixture(scope="session")
def still_files(stills: dict[str, RGB], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("stills")
    for name, image in stills.items():
        (folder / f"{name}.png").write_bytes(encode_png(image))
    return {name: folder / f"{name}.png" for name in stills}


@pytest.fixture(scope="session")
def at_rest(networks: Networks, astronaut: RGB) -> Motion:
    """What a driver does in a picture of the astronaut."""
    face = networks.detector.detect(astronaut)[0]
    return Motion.of(networks.landmarks.detect(astronaut, face), 512, 512)


@pytest.fixture(scope="session")
def rigs(stills: dict[str, RGB], networks: Networks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two rigs that have no expressions, which take minutes to make and make no difference here."""
    folder = tmp_path_factory.mktemp("rigs")
    for place, (name, seed) in enumerate((("ada", 12), ("ben", 5))):
        image = networks.generator.synthesise(invented(seed, networks.generator))
        face = choose(networks.detector.detect(image))
        rest = Key(image, networks.landmarks.detect(image, face))
        rigging._rig_of_keys({REST: rest}, name, networks, "invented", "").save(folder / f"{place:02}")
    return folder


@pytest.fixture
def replica(still_files: dict[str, Path], tmp_path: Path) -> Iterator[Callable[..., Replica]]:
    """Starts servers: keywords are `Replica`'s."""
    begun: list[Replica] = []

    def start(**options: Any) -> Replica:
        begun.append(Replica(still_files, tmp_path / f"server-{len(begun)}.log", **options))
        return begun[-1].start()

    yield start
    for one in begun:
        one.end()


@pytest.fixture
def driver() -> Iterator[Callable[..., RemoteReenactor]]:
    """Connects: the address, and keywords of `RemoteReenactor.connect`."""
    begun: list[RemoteReenactor] = []

    def connect(url: str, **options: Any) -> RemoteReenactor:
        begun.append(RemoteReenactor.connect(url, **{"token": TOKEN, **options}))
        return begun[-1]

    yield connect
    for one in begun:
        one.close()


@pytest.fixture
def bad_line() -> Iterator[Callable[..., BadLine]]:
    """Lines to servers: targets, and keywords of `BadLine`."""
    begun: list[BadLine] = []

    def lay(*targets: int, **options: Any) -> BadLine:
        begun.append(BadLine(targets, **options))
        return begun[-1]

    yield lay
    for one in begun:
        one.close()
