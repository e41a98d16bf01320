"""Real weights, a detector, and a few generated faces, shared by the tests of this folder."""

import pytest

from doppelganger.faces.detector import Face, FaceDetector
from doppelganger.generators.mobile_stylegan_openvino import MobileStyleGAN
from doppelganger.images import RGB
from doppelganger.verifiers.panel import Panel, verifiers
from doppelganger.weights import Store


@pytest.fixture(scope="session")
def store() -> Store:
    return Store()


@pytest.fixture(scope="session")
def detector(store: Store) -> FaceDetector:
    return FaceDetector(store)


@pytest.fixture(scope="session")
def panel(store: Store, detector: FaceDetector) -> Panel:
    return Panel(verifiers(store, detector))


@pytest.fixture(scope="session")
def people(store: Store, detector: FaceDetector) -> list[tuple[RGB, Face]]:
    """Four people who do not exist, uint8 [1024, 1024, 3], and where their faces are; not of the calibration's seed."""
    generator = MobileStyleGAN(store)
    images = [generator.synthesise(w) for w in generator.sample(4, seed=77)]
    return [(image, detector.detect(image)[0]) for image in images]
