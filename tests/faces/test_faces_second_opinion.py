"""The networks that judge what the others steered: they agree with the first ones on faces of neither's making."""

import numpy as np
import pytest

from doppelganger.faces.attributes import AgeSexEstimator
from doppelganger.faces.detector import FaceDetector, choose
from doppelganger.faces.landmarks import LandmarkDetector, Landmarks
from doppelganger.faces.second_opinion import SecondOpinion
from doppelganger.images import RGB
from doppelganger.weights import Store


@pytest.fixture(scope="module")
def second(store: Store) -> SecondOpinion:
    return SecondOpinion(store)


def test_the_astronaut_is_a_happy_woman_in_her_thirties(
    second: SecondOpinion, astronaut: RGB, astronaut_landmarks: Landmarks
) -> None:
    guess = second.age_sex(astronaut, astronaut_landmarks)
    assert guess.female > 0.8
    assert 25 < guess.age < 48
    assert second.happiness(astronaut, astronaut_landmarks) > 0.9


def test_a_mirrored_picture_turns_the_other_way(
    second: SecondOpinion,
    strangers: list[RGB],
    detector: FaceDetector,
    landmarker: LandmarkDetector,
) -> None:
    for face in strangers[:3]:
        mirrored = np.ascontiguousarray(face[:, ::-1])
        seen, other = (landmarker.detect(f, choose(detector.detect(f))) for f in (face, mirrored))
        assert second.yaw(face, seen) == pytest.approx(-second.yaw(mirrored, other), abs=5)
        assert second.age_sex(face, seen).age == pytest.approx(second.age_sex(mirrored, other).age, abs=5)


def test_it_agrees_with_the_first_readers(
    second: SecondOpinion,
    store: Store,
    strangers: list[RGB],
    detector: FaceDetector,
    landmarker: LandmarkDetector,
) -> None:
    first = AgeSexEstimator(store)
    ages, yaws, sexes = [], [], []
    for face in strangers:
        seen = landmarker.detect(face, choose(detector.detect(face)))
        mine, theirs = first.estimate(face, seen), second.age_sex(face, seen)
        ages.append((mine.age, theirs.age))
        yaws.append((seen.yaw, second.yaw(face, seen)))
        sexes.append((mine.female > 0.5) == (theirs.female > 0.5))
    assert np.corrcoef(np.array(ages).T)[0, 1] > 0.8
    assert np.abs(np.diff(ages)).mean() < 9
    assert np.corrcoef(np.array(yaws).T)[0, 1] > 0.95
    assert sum(sexes) >= len(sexes) - 1
