"""Age and sex of people about whom both are known or plain to see."""

import numpy as np
import pytest

from doppelganger.faces.attributes import AgeSexEstimator
from doppelganger.faces.detector import FaceDetector, choose
from doppelganger.faces.landmarks import LandmarkDetector, Landmarks
from doppelganger.images import RGB, resize
from doppelganger.weights import Store


@pytest.fixture(scope="module")
def estimator(store: Store) -> AgeSexEstimator:
    return AgeSexEstimator(store)


def test_the_astronaut(estimator: AgeSexEstimator, astronaut: RGB, astronaut_landmarks: Landmarks) -> None:
    """Eileen Collins, then in her thirties."""
    guess = estimator.estimate(astronaut, astronaut_landmarks)
    assert guess.female > 0.9
    assert 22 < guess.age < 48


def test_size_and_mirroring_hardly_matter(
    estimator: AgeSexEstimator,
    astronaut: RGB,
    astronaut_landmarks: Landmarks,
    detector: FaceDetector,
    landmarker: LandmarkDetector,
) -> None:
    guess = estimator.estimate(astronaut, astronaut_landmarks)
    for changed in (np.ascontiguousarray(astronaut[:, ::-1]), resize(astronaut, 1500, 1500)):
        again = estimator.estimate(changed, landmarker.detect(changed, choose(detector.detect(changed))))
        assert again.age == pytest.approx(guess.age, abs=6)
        assert again.female == pytest.approx(guess.female, abs=0.05)


def test_strangers_differ(
    estimator: AgeSexEstimator, strangers: list[RGB], detector: FaceDetector, landmarker: LandmarkDetector
) -> None:
    guesses = [estimator.estimate(face, landmarker.detect(face, choose(detector.detect(face)))) for face in strangers]
    assert max(guess.age for guess in guesses) - min(guess.age for guess in guesses) > 15
    assert min(guess.female for guess in guesses) < 0.2 and max(guess.female for guess in guesses) > 0.8
