"""The FFHQ geometry: faces that have it already stay where they are, and every photo of a face leads to it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from doppelganger.errors import ProfileFaceError
from doppelganger.faces.alignment import align, ffhq_transform, warp
from doppelganger.faces.detector import FaceDetector, choose
from doppelganger.faces.landmarks import LandmarkDetector, Landmarks
from doppelganger.images import RGB, resize


def test_generated_faces_stay_where_they_are(
    strangers: list[RGB], detector: FaceDetector, landmarker: LandmarkDetector
) -> None:
    """They were learnt from pictures aligned with dlib's points: aligning them again must change next to nothing."""
    scales, turns, shifts = [], [], []
    for face in strangers:
        transform = ffhq_transform(landmarker.detect(face, choose(detector.detect(face))).points)
        scales.append(np.hypot(transform[0, 0], transform[1, 0]))
        turns.append(np.degrees(np.arctan2(transform[0, 1], transform[0, 0])))
        shifts.append(transform[:, :2] @ [511.5, 511.5] + transform[:, 2] - 511.5)
    assert np.abs(np.array(scales) - 1).max() < 0.06
    assert np.mean(scales) == pytest.approx(1, abs=0.015)
    assert np.abs(turns).max() < 2.5
    assert np.abs(shifts).max() < 16
    assert np.abs(np.mean(shifts, axis=0)).max() < 4


def test_the_published_recipe(astronaut: RGB, astronaut_landmarks: Landmarks) -> None:
    """The corners of the square, by the recipe's own formulas (x and y axes of its quadrilateral)."""
    points = astronaut_landmarks.points.astype(np.float64)
    left, right = points[[33, 160, 158, 133, 153, 144]].mean(0), points[[362, 385, 387, 263, 373, 380]].mean(0)
    eye, mouth = (left + right) / 2, (points[61] + points[291]) / 2
    x = (right - left) - np.flipud(mouth - eye) * [-1, 1]
    x *= max(np.hypot(*(right - left)) * 2.0, np.hypot(*(mouth - eye)) * 1.8) / np.hypot(*x)
    y = np.flipud(x) * [-1, 1]
    centre = eye + (mouth - eye) * 0.1
    x, y = 1.0115 * x, 1.0115 * y  # the factor from dlib's to MediaPipe's points
    transform = ffhq_transform(astronaut_landmarks.points, 1024)
    corners = np.array([centre - x - y, centre - x + y, centre + x + y, centre + x - y])
    assert corners @ transform[:, :2].T + transform[:, 2] == pytest.approx(
        np.array([[-0.5, -0.5], [-0.5, 1023.5], [1023.5, 1023.5], [1023.5, -0.5]]), abs=0.02
    )


def test_every_photo_of_a_face_gives_the_same_portrait(
    strangers: list[RGB], detector: FaceDetector, landmarker: LandmarkDetector
) -> None:
    face = strangers[0]
    expected = align(face, landmarker.detect(face, choose(detector.detect(face)))).image
    place = np.array([[0.6, 0.2, 300], [-0.2, 0.6, 500]], np.float32)
    photo = np.asarray(warp(face, place, 1400, 1300))
    portrait = align(photo, landmarker.detect(photo, choose(detector.detect(photo))))
    back = portrait.transform[:, :2] @ place[:, :2]
    assert np.hypot(back[0, 0], back[1, 0]) == pytest.approx(1, abs=0.02)
    inner = np.s_[200:824, 200:824]
    difference = np.abs(portrait.image[inner].astype(int) - expected[inner])
    assert difference.mean() < 5  # what the small copy has lost, and a shift of a pixel


def test_the_transform_maps_photo_to_portrait(astronaut: RGB, astronaut_landmarks: Landmarks) -> None:
    small = align(astronaut, astronaut_landmarks, 256)
    assert small.image.shape == (256, 256, 3) and small.image.dtype == np.uint8
    for x, y in [(180, 70), (224, 130), (260, 60)]:
        u, v = small.transform @ [x, y, 1]
        patch = small.image[round(v) - 2 : round(v) + 3, round(u) - 2 : round(u) + 3].mean((0, 1))
        there = astronaut[y - 1 : y + 3, x - 1 : x + 3].mean((0, 1))
        assert np.abs(patch - there).max() < 25
    large = align(astronaut, astronaut_landmarks, 1024)
    assert np.abs(resize(large.image, 256, 256).astype(int) - small.image).mean() < 3


def test_shrinking_does_not_alias() -> None:
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 254
    shrunk = warp(stripes, np.array([[0.1, 0.02, 0], [-0.02, 0.1, 0]], np.float32), 30, 30)
    assert np.abs(shrunk[10:20, 10:20].astype(int) - 127).max() < 12
    same = warp(stripes, np.array([[1, 0, 0], [0, 1, 0]], np.float32), 400, 400)
    assert np.array_equal(same, stripes)


@pytest.mark.parametrize("factor", [0.25, 0.37, 1.0, 3.0])
def test_warp_keeps_places(factor: float) -> None:
    picture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (300, 300, 3)).astype(np.uint8), (0, 0), 12)
    picture = cv2.normalize(picture, None, 0, 255, cv2.NORM_MINMAX)
    size = round(300 * factor)
    transform = np.array([[factor, 0, factor / 2 - 0.5], [0, factor, factor / 2 - 0.5]], np.float32)
    difference = np.abs(
        warp(picture, transform, size, size)[4:-4, 4:-4].astype(int) - resize(picture, size, size)[4:-4, 4:-4]
    )
    assert difference.mean() < 1


def test_beyond_the_photo_it_is_mirrored_and_blurred(
    astronaut: RGB, detector: FaceDetector, landmarker: LandmarkDetector
) -> None:
    photo = np.ascontiguousarray(astronaut[40:230, 130:320])  # the crown and both sides are cut off
    portrait = align(photo, landmarker.detect(photo, choose(detector.detect(photo))))
    back = cv2.invertAffineTransform(portrait.transform)
    assert (back @ [0, 0, 1]).min() < -3  # the square does reach beyond
    top = round(float((portrait.transform @ [95, 2, 1])[1]))
    outside, inside = portrait.image[:top], portrait.image[400:700, 300:700]
    assert outside.mean() > 30  # no black bars

    def detail(part: RGB) -> float:
        return float(cv2.Laplacian(resize(part, part.shape[1] // 4, part.shape[0] // 4), cv2.CV_64F).std())

    assert detail(outside[: top // 2]) < 0.5 * detail(inside)


def test_a_profile_is_refused(astronaut: RGB, astronaut_landmarks: Landmarks) -> None:
    with pytest.raises(ProfileFaceError, match="turned 52°"):
        align(astronaut, replace(astronaut_landmarks, turned=-52.0))
