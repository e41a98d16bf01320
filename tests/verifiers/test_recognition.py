"""The real verifiers on generated people: strangers apart, the same person through what the world does to a picture."""

import numpy as np
import pytest

from doppelganger.errors import NoFaceError
from doppelganger.faces.detector import Face, FaceDetector
from doppelganger.images import RGB
from doppelganger.verifiers.disturbances import DISTURBANCES
from doppelganger.verifiers.panel import Panel, different, verifiers
from doppelganger.verifiers.protocol import Embedding, OperatingPoint
from doppelganger.verifiers.views import Views
from doppelganger.weights import Store


@pytest.fixture(scope="module")
def embeddings(panel: Panel, people: list[tuple[RGB, Face]]) -> list[dict[str, Embedding]]:
    return [panel.embed(image, face) for image, face in people]


def test_strangers_are_different_to_every_member(panel: Panel, embeddings: list[dict[str, Embedding]]) -> None:
    for i, one in enumerate(embeddings):
        for other in embeddings[i + 1 :]:
            verdicts = panel.judge(one, other, OperatingPoint.IDENTITY)
            assert [v.different for v in verdicts] == [True] * 4


def test_the_same_picture_is_the_same_person(panel: Panel, embeddings: list[dict[str, Embedding]]) -> None:
    for verdict in panel.judge(embeddings[0], embeddings[0], OperatingPoint.IDENTITY):
        assert verdict.distance == pytest.approx(0, abs=1e-6)
        assert not verdict.different


def test_disturbed_it_is_still_the_same_person(
    panel: Panel, detector: FaceDetector, people: list[tuple[RGB, Face]], embeddings: list[dict[str, Embedding]]
) -> None:
    for (picture, _), own in list(zip(people, embeddings, strict=True))[:2]:
        disturbed = Views(picture, detector).disturbed(panel.members)
        assert list(disturbed) == [d.name for d in DISTURBANCES]
        for name, there in disturbed.items():
            verdicts = panel.judge(own, there, OperatingPoint.PRIVACY)
            assert not any(v.different for v in verdicts), name
            assert all(v.distance > 0 for v in verdicts), name
            assert not different(verdicts)


def test_embeddings_are_repeatable_and_of_the_stated_size(panel: Panel, people: list[tuple[RGB, Face]]) -> None:
    again = panel.embed(*people[0])
    for (name, row), size in zip(again.items(), [128, 128, 512, 512], strict=True):
        assert row.shape == (size,)
        assert row.dtype == np.float32
        np.testing.assert_array_equal(row, panel.embed(*people[0])[name])


def test_without_a_face_given_the_largest_is_taken(store: Store, panel: Panel, people: list[tuple[RGB, Face]]) -> None:
    (alone,) = verifiers(store, names=["sface"])
    own = panel.embed(*people[1])["SFace"]
    np.testing.assert_allclose(alone.embed(people[1][0]), own, atol=1e-5)
    with pytest.raises(NoFaceError):
        alone.embed(np.full((300, 300, 3), 128, np.uint8))
