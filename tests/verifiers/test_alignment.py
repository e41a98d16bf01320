import cv2
import dlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doppelganger.faces.detector import Face, FaceDetector
from doppelganger.images import RGB
from doppelganger.verifiers.alignment import ARCFACE_POINTS, arcface_transform, crop, similarity
from doppelganger.verifiers.dlib_resnet import DlibResNet, chip_transform
from doppelganger.verifiers.panel import Panel
from doppelganger.weights import Store


@given(st.floats(-3.1, 3.1), st.floats(0.05, 20), st.floats(-500, 500), st.floats(-500, 500), st.integers(0, 2**32 - 1))
def test_similarity_finds_the_transform_again(angle: float, scale: float, x: float, y: float, seed: int) -> None:
    points = np.random.default_rng(seed).uniform(0, 100, (5, 2))
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    transform = np.array([[cos, -sin, x], [sin, cos, y]])
    moved = points @ transform[:, :2].T + transform[:, 2]
    np.testing.assert_allclose(similarity(points, moved), transform, atol=1e-6)


def test_similarity_is_the_best_for_noisy_points() -> None:
    rng = np.random.default_rng(5)
    points, target = rng.uniform(0, 100, (5, 2)), rng.uniform(0, 100, (5, 2))
    best = similarity(points, target)

    def error(transform: np.ndarray) -> float:
        return float(((points @ transform[:, :2].T + transform[:, 2] - target) ** 2).sum())

    for index, step in np.ndindex(4, 2):
        a, b, x, y = best[0, 0], best[1, 0], best[0, 2], best[1, 2]
        changed = np.array([a, b, x, y])
        changed[index] += (1e-3, -1e-3)[step]
        a, b, x, y = changed
        assert error(np.array([[a, -b, x], [b, a, y]])) > error(best)


def test_the_template_maps_onto_itself() -> None:
    np.testing.assert_allclose(arcface_transform(ARCFACE_POINTS), [[1, 0, 0], [0, 1, 0]], atol=1e-6)


def test_crop_and_feature_are_those_of_opencv(store: Store, panel: Panel, people: list[tuple[RGB, Face]]) -> None:
    recogniser = cv2.FaceRecognizerSF.create(str(store.path("sface")), "")
    (sface,) = [m for m in panel.members if m.name == "SFace"]
    for picture, found_face in people[:2]:
        row = np.float32([*found_face.box, *found_face.points.ravel(), found_face.score])[None]
        expected = recogniser.alignCrop(picture, row)
        found = crop(picture, sface.crop_transform(picture, found_face), 112)
        assert np.abs(expected.astype(int) - found).max() <= 1
        feature = recogniser.feature(cv2.cvtColor(expected, cv2.COLOR_RGB2BGR))[0]
        assert sface.distance(feature, sface.embed(picture, found_face)) < 1e-4


def test_chip_transform_is_dlibs_geometry(store: Store, people: list[tuple[RGB, Face]]) -> None:
    predictor = dlib.shape_predictor(str(store.path("dlib-landmarks-5")))
    image = people[0][0]
    shape = predictor(image, dlib.rectangle(250, 300, 800, 850))
    points = np.array([[part.x, part.y] for part in shape.parts()], np.float64)
    transform = chip_transform(points)
    details = dlib.get_face_chip_details(shape, 150, 0.25)
    rect = details.rect
    centre = np.array([rect.left() + rect.right(), rect.top() + rect.bottom()]) / 2
    np.testing.assert_allclose(transform[:, :2] @ centre + transform[:, 2], [74.5, 74.5], atol=1e-3)
    scale = np.sqrt(np.linalg.det(transform[:, :2].astype(np.float64)))
    assert scale * (rect.right() - rect.left()) == pytest.approx(149, abs=1e-2)
    assert np.arctan2(-transform[1, 0], transform[0, 0]) == pytest.approx(details.angle, abs=1e-6)


def test_warped_crop_stands_for_dlibs_chip(
    store: Store, detector: FaceDetector, people: list[tuple[RGB, Face]]
) -> None:
    verifier = DlibResNet(store, detector)
    for picture, _ in people[:2]:
        # about the chip's own scale, where dlib does not smooth first
        image = cv2.resize(picture, (256, 256), interpolation=cv2.INTER_AREA)
        face = detector.detect(image)[0]
        chip = verifier.chip(image, face)
        warped = crop(image, verifier.crop_transform(image, face), 150)
        assert np.abs(chip.astype(int) - warped).mean() < 1
        assert verifier.distance(verifier.embed_crop(chip), verifier.embed_crop(warped)) < 0.03


def test_dlibs_landmarks_land_on_the_eyes(store: Store, people: list[tuple[RGB, Face]]) -> None:
    verifier = DlibResNet(store)
    for picture, found_face in people:
        transform = verifier.crop_transform(picture, found_face)
        eyes = found_face.points[:2] @ transform[:, :2].T + transform[:, 2]
        # eye corners of dlib's mean face in the chip: 0.227 and 0.753 of a face of 100 pixels after 25 of padding
        np.testing.assert_allclose(eyes, [[47.7, 47.1], [100.3, 47.1]], atol=6)
