"""The networks, loaded once, and faces to look at: NASA's portrait from scikit-image and strangers from the generator."""

import numpy as np
import pytest
import skimage.data

from doppelganger.faces.detector import FaceDetector, choose
from doppelganger.faces.landmarks import LandmarkDetector, Landmarks
from doppelganger.generators.mobile_stylegan_openvino import MobileStyleGAN
from doppelganger.images import RGB
from doppelganger.weights import Store


@pytest.fixture(scope="session")
def store() -> Store:
    return Store()


@pytest.fixture(scope="session")
def detector(store: Store) -> FaceDetector:
    return FaceDetector(store)


@pytest.fixture(scope="session")
def landmarker(store: Store) -> LandmarkDetector:
    return LandmarkDetector(store)


@pytest.fixture(scope="session")
def astronaut() -> RGB:
    return np.asarray(skimage.data.astronaut())


@pytest.fixture(scope="session")
def astronaut_landmarks(astronaut: RGB, detector: FaceDetector, landmarker: LandmarkDetector) -> Landmarks:
    return landmarker.detect(astronaut, choose(detector.detect(astronaut)))


@pytest.fixture(scope="session")
def strangers(store: Store) -> list[RGB]:
    """Eight generated faces, 1024², which stand in the FFHQ geometry."""
    generator = MobileStyleGAN(store)
    latents = generator.sample(2000, seed=5)
    return [generator.synthesise(latents.mean(0) + 0.7 * (w - latents.mean(0))) for w in latents[:8]]
