"""Parsing agrees with what other networks know about the same faces."""

import numpy as np
import pytest

from doppelganger.faces.alignment import align
from doppelganger.faces.landmarks import Landmarks
from doppelganger.faces.parsing import FaceParser, Part
from doppelganger.images import RGB
from doppelganger.weights import Store

EYES = (Part.LEFT_EYE, Part.RIGHT_EYE)
LIPS = (Part.UPPER_LIP, Part.LOWER_LIP, Part.MOUTH)


@pytest.fixture(scope="module")
def parser(store: Store) -> FaceParser:
    return FaceParser(store)


def test_labels_lie_where_the_landmarks_are(parser: FaceParser, astronaut: RGB, astronaut_landmarks: Landmarks) -> None:
    portrait = align(astronaut, astronaut_landmarks)
    labels = parser.parse(portrait.image)
    assert labels.shape == (512, 512) and labels.dtype == np.uint8

    def at(*points: int) -> list[int]:
        places = astronaut_landmarks.points[list(points)] @ portrait.transform[:, :2].T + portrait.transform[:, 2]
        return [int(labels[round(y / 2), round(x / 2)]) for x, y in places]

    assert set(at(468, 473)) <= set(EYES)
    assert at(1, 4, 5) == [Part.NOSE] * 3
    assert at(205, 425, 9) == [Part.SKIN] * 3  # cheeks, between the brows
    assert set(at(12, 15)) <= set(LIPS)
    assert labels[20, 256] == Part.HAIR and labels[5, 5] == Part.BACKGROUND
    assert labels[505, 330] in (Part.CLOTH, Part.NECK)


def test_generated_faces_are_understood(parser: FaceParser, strangers: list[RGB]) -> None:
    for face in strangers[:3]:
        labels = parser.parse(face)
        assert labels[242, 190] in (*EYES, Part.SKIN, Part.GLASSES)
        share = {part: (labels == part).mean() for part in Part}
        assert 0.1 < share[Part.SKIN] < 0.5
        assert 0.01 < share[Part.NOSE] < 0.06
        assert sum(share[part] for part in EYES) > 0.002
        assert np.abs(np.argwhere(labels == Part.NOSE).mean(0) - [290, 256]).max() < 45
        mouth = np.argwhere(np.isin(labels, LIPS)).mean(0)
        assert 350 < mouth[0] < 410


def test_probabilities_belong_to_the_labels(parser: FaceParser, strangers: list[RGB]) -> None:
    probabilities = parser.probabilities(strangers[0])
    assert probabilities.shape == (19, 512, 512)
    assert probabilities.sum(0) == pytest.approx(1, abs=1e-4)
    assert np.array_equal(probabilities.argmax(0), parser.parse(strangers[0]))
