"""Finding faces, choosing one, and saying why none will do."""

import cv2
import numpy as np
import pytest
import skimage.data

from doppelganger.errors import FaceIndexError, FaceTooSmallError, NoFaceError, ProfileFaceError
from doppelganger.faces.detector import MIN_EYE_DISTANCE, FaceDetector, choose
from doppelganger.images import RGB, resize

EYES_NOSE_MOUTH = np.array([[202, 101], [246, 103], [223, 128], [204, 140], [243, 141]])  # of the astronaut, by hand


def test_finds_the_astronaut(detector: FaceDetector, astronaut: RGB) -> None:
    (face,) = detector.detect(astronaut)
    assert face.score > 0.8
    assert np.abs(face.points - EYES_NOSE_MOUTH).max() < 7
    x, y, width, height = face.box
    assert x < face.points[:, 0].min() < face.points[:, 0].max() < x + width
    assert y < face.points[:, 1].min() < face.points[:, 1].max() < y + height


def test_the_right_eye_is_the_persons(detector: FaceDetector, astronaut: RGB) -> None:
    (face,) = detector.detect(np.ascontiguousarray(astronaut[:, ::-1]))
    assert face.points[0, 0] < face.points[1, 0] and face.points[3, 0] < face.points[4, 0]
    (original,) = detector.detect(astronaut)
    mirrored = original.points[[1, 0, 2, 4, 3]] * [-1, 1] + [511, 0]
    assert np.abs(face.points - mirrored).max() < 7  # YuNet's own looseness, where the eyes are 47 apart
    assert face.turn == pytest.approx(-original.turn, abs=0.15)


@pytest.mark.parametrize("scale", [0.5, 2.0, 5.0])
def test_points_scale_with_the_picture(detector: FaceDetector, astronaut: RGB, scale: float) -> None:
    (face,) = detector.detect(resize(astronaut, round(512 * scale), round(512 * scale)))
    (original,) = detector.detect(astronaut)
    expected = (original.points + 0.5) * scale - 0.5
    assert np.abs(face.points - expected).max() < 7 * scale
    assert np.abs((face.points - expected).mean(0)).max() < 2.5 * scale


def test_several_faces_largest_first(detector: FaceDetector, astronaut: RGB) -> None:
    group = np.full((600, 1200, 3), 128, np.uint8)
    group[100:484, 60:444] = resize(astronaut, 384, 384)
    group[50:562, 600:1112] = astronaut
    faces = detector.detect(group)
    assert len(faces) == 2
    assert faces[0].area > 1.4 * faces[1].area
    assert faces[0].points[2, 0] > 600 > faces[1].points[2, 0]
    assert choose(faces) is faces[0]
    assert choose(faces, 1) is faces[1]
    with pytest.raises(FaceIndexError, match=r"group\.jpg has 2 faces, numbered 0 to 1"):
        choose(faces, 2, "group.jpg")
    with pytest.raises(FaceIndexError):
        choose(faces, -1)


def test_a_face_that_fills_the_frame(detector: FaceDetector, astronaut: RGB) -> None:
    close = resize(astronaut[85:165, 190:255], 800, 1000)
    face = choose(detector.detect(close))
    scale = np.array([800 / 65, 1000 / 80])
    assert np.abs(face.points - (EYES_NOSE_MOUTH - [190, 85]) * scale).max() < 120


def test_a_face_in_a_large_photo(detector: FaceDetector, astronaut: RGB) -> None:
    large = np.full((4000, 6000, 3), 120, np.uint8)
    large[3000:3512, 4000:4512] = astronaut
    face = choose(detector.detect(large))
    assert np.abs(face.points - np.array([4000, 3000]) - EYES_NOSE_MOUTH).max() < 20


@pytest.mark.parametrize("scene", ["rocket", "coffee", "chelsea", "retina", "grass"])
def test_no_face_where_none_is(detector: FaceDetector, scene: str) -> None:
    picture = getattr(skimage.data, scene)()
    picture = picture if picture.ndim == 3 else cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    faces = detector.detect(picture)
    assert faces == []
    with pytest.raises(NoFaceError, match=r"landscape\.jpg"):
        choose(faces, name="landscape.jpg")


def test_a_forty_pixel_face_is_too_small(detector: FaceDetector, astronaut: RGB) -> None:
    small = resize(astronaut, 216, 216)
    faces = detector.detect(small)
    assert 34 < faces[0].box[2] < 44  # it is found, and about 40 pixels wide
    assert faces[0].eye_distance < MIN_EYE_DISTANCE
    with pytest.raises(FaceTooSmallError, match=r"too small: 1\d pixels between the eyes"):
        choose(faces)


@pytest.mark.parametrize("side", [512, 700])
def test_a_profile_is_refused(detector: FaceDetector, side: int) -> None:
    cameraman = cv2.cvtColor(skimage.data.camera(), cv2.COLOR_GRAY2RGB)  # he looks to the side
    with pytest.raises(ProfileFaceError, match="too far to the side"):
        choose(detector.detect(resize(cameraman, side, side)))
