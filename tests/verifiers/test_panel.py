"""The panel's logic on hand-made vectors: members that embed nothing, with thresholds of our own."""

from collections.abc import Mapping

import numpy as np
import pytest

from doppelganger.faces.detector import Face
from doppelganger.images import RGB
from doppelganger.verifiers.panel import Panel, UnknownVerifierError, different, verifiers
from doppelganger.verifiers.protocol import (
    Embedding,
    Metric,
    OperatingPoint,
    Threshold,
    Transform,
    measure,
)
from doppelganger.weights import Store


class Judge:
    """Distances and thresholds as told; faces are never looked at."""

    licence = "none"
    crop_size = 2

    def __init__(self, name: str, metric: Metric, privacy: float, identity: float) -> None:
        self.name = name
        self.metric: Metric = metric
        self.thresholds: Mapping[OperatingPoint, Threshold] = {
            OperatingPoint.PRIVACY: Threshold(privacy, 1e-3, "told"),
            OperatingPoint.IDENTITY: Threshold(identity, 1e-4, "told"),
        }

    def crop_transform(self, image: RGB, face: Face) -> Transform:
        return np.eye(2, 3, dtype=np.float32)

    def embed(self, image: RGB, face: Face | None = None) -> Embedding:
        assert face is not None  # the panel finds the face once, for all
        return np.float32([image.mean(), face.box[2]])

    def distance(self, a: Embedding, b: Embedding) -> float:
        return measure(self.metric, a, b)

    def network(self):  # type: ignore[no-untyped-def]
        raise NotImplementedError


FAR, NEAR = Judge("far", "euclidean", 0.6, 0.4), Judge("angle", "cosine", 0.7, 0.5)
A = {"far": np.float32([0, 0]), "angle": np.float32([1, 0])}


def b(distance: float, angle: float) -> dict[str, Embedding]:
    """A face at this Euclidean distance and this cosine distance from A."""
    cosine = 1 - angle
    return {"far": np.float32([0, distance]), "angle": np.float32([3 * cosine, 3 * np.sqrt(1 - cosine**2)])}


@pytest.mark.parametrize(
    ("distance", "angle", "point", "expected"),
    [
        (0.7, 0.8, OperatingPoint.PRIVACY, True),
        (0.5, 0.8, OperatingPoint.PRIVACY, False),
        (0.7, 0.6, OperatingPoint.PRIVACY, False),
        (0.1, 0.1, OperatingPoint.PRIVACY, False),
        (0.5, 0.6, OperatingPoint.IDENTITY, True),
        (0.5, 0.6, OperatingPoint.PRIVACY, False),
    ],
)
def test_different_only_when_every_member_says_so(
    distance: float, angle: float, point: OperatingPoint, expected: bool
) -> None:
    verdicts = Panel([FAR, NEAR]).judge(A, b(distance, angle), point)
    assert [v.verifier for v in verdicts] == ["far", "angle"]
    assert {v.point for v in verdicts} == {point.value}
    assert verdicts[0].distance == pytest.approx(distance, abs=1e-6)
    assert verdicts[1].distance == pytest.approx(angle, abs=1e-6)
    assert verdicts[0].threshold == FAR.thresholds[point].value
    assert different(verdicts) is expected


def test_at_the_threshold_it_is_still_the_same_person() -> None:
    judge = Judge("far", "euclidean", 0.5, 0.25)
    assert not different(Panel([judge]).judge({"far": np.float32([0.0])}, {"far": np.float32([0.5])}))
    assert different(Panel([judge]).judge({"far": np.float32([0.0])}, {"far": np.float32([0.5001])}))


def test_one_disturbance_that_brings_it_back_inside_undoes_the_verdict() -> None:
    panel = Panel([FAR, NEAR])
    holds, breaks = b(0.65, 0.75), b(0.55, 0.9)
    verdicts = panel.judge(A, b(0.7, 0.8), disturbed={"mild": holds}, held_out=["angle"])
    assert different(verdicts)
    assert [v.held_out for v in verdicts] == [False, True]
    assert verdicts[0].under_disturbances == {"mild": pytest.approx(0.65, abs=1e-6)}
    verdicts = panel.judge(A, b(0.7, 0.8), disturbed={"mild": holds, "harsh": breaks})
    assert [v.different for v in verdicts] == [False, True]
    assert not different(verdicts)


def test_no_verdict_is_not_a_different_person() -> None:
    assert not different([])
    with pytest.raises(ValueError, match="at least one"):
        Panel([])


def test_members_share_the_face_that_was_found() -> None:
    face = Face((0.0, 0.0, 7.0, 7.0), np.zeros((5, 2), np.float32), 0.9)
    embeddings = Panel([FAR, NEAR]).embed(np.full((4, 4, 3), 9, np.uint8), face)
    assert {name: row.tolist() for name, row in embeddings.items()} == {"far": [9, 7], "angle": [9, 7]}


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    assert [v.name for v in verifiers(Store(), names=["sface", "dlib"])] == ["SFace", "dlib"]
    with pytest.raises(UnknownVerifierError, match="dlib, sface, arcface, edgeface"):
        verifiers(Store(), names=["facenet"])
