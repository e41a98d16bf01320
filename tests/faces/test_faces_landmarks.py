"""Points, expression and pose: what must hold whichever face it is, and what is plain to see on one."""

import cv2
import numpy as np
import pytest

from doppelganger.errors import NoFaceError
from doppelganger.faces.alignment import align
from doppelganger.faces.detector import Face, FaceDetector, choose
from doppelganger.faces.head_pose import CanonicalFace, angles
from doppelganger.faces.landmarks import LandmarkDetector, Landmarks
from doppelganger.images import RGB, resize


def measure(image: RGB, detector: FaceDetector, landmarker: LandmarkDetector) -> Landmarks:
    return landmarker.detect(image, choose(detector.detect(image)))


def test_the_astronaut(astronaut_landmarks: Landmarks) -> None:
    points, shapes = astronaut_landmarks.points, astronaut_landmarks.blendshapes
    assert points.shape == (478, 2) and astronaut_landmarks.points3d.shape == (478, 3)
    assert np.abs(points[[468, 473, 1]] - [[203, 101], [246, 103], [223, 131]]).max() < 3  # irises, tip of the nose
    assert len(shapes) == 52
    assert all(-1e-3 <= value <= 1.001 for value in shapes.values())
    assert min(shapes["mouthSmileLeft"], shapes["mouthSmileRight"]) > 0.5
    assert max(shapes["eyeBlinkLeft"], shapes["eyeBlinkRight"], shapes["jawOpen"]) < 0.3
    assert abs(astronaut_landmarks.yaw) < 12 and abs(astronaut_landmarks.roll) < 10
    nose, ears = astronaut_landmarks.points3d[1, 2], astronaut_landmarks.points3d[[234, 454], 2]
    assert (nose < ears - 20).all()  # nearer the camera


def test_pixel_centres_are_whole_numbers(
    astronaut: RGB, astronaut_landmarks: Landmarks, detector: FaceDetector, landmarker: LandmarkDetector
) -> None:
    double = measure(resize(astronaut, 1024, 1024), detector, landmarker)
    offset = double.points - ((astronaut_landmarks.points + 0.5) * 2 - 0.5)
    assert np.abs(offset).mean() < 1.0
    assert np.abs(offset.mean(0)).max() < 0.5


def test_mirrored_pictures_give_mirrored_points(
    strangers: list[RGB], detector: FaceDetector, landmarker: LandmarkDetector
) -> None:
    """The mean of all points is its own mirror image, unless points are systematically shifted."""
    shifts = []
    for face in strangers:
        here = measure(face, detector, landmarker)
        mirrored = measure(np.ascontiguousarray(face[:, ::-1]), detector, landmarker)
        shifts.append((here.points[:, 0].mean() + mirrored.points[:, 0].mean() - 1023) / 2)
        assert mirrored.yaw == pytest.approx(-here.yaw, abs=5)
    assert abs(np.mean(shifts)) < 0.6  # half a pixel of the network's input would be 2 here


@pytest.mark.parametrize("angle", [-35, 20])
def test_a_tilted_head(
    astronaut: RGB,
    astronaut_landmarks: Landmarks,
    detector: FaceDetector,
    landmarker: LandmarkDetector,
    angle: int,
) -> None:
    turn = cv2.getRotationMatrix2D((225, 130), -angle, 1)  # OpenCV turns counter-clockwise
    tilted = measure(cv2.warpAffine(astronaut, turn, (512, 512)), detector, landmarker)
    expected = astronaut_landmarks.points @ turn[:, :2].T + turn[:, 2]
    assert np.abs(tilted.points - expected).mean() < 0.8
    assert tilted.roll - astronaut_landmarks.roll == pytest.approx(angle, abs=3)
    assert tilted.yaw == pytest.approx(astronaut_landmarks.yaw, abs=4)


def test_the_pose_explains_the_points(landmarker: LandmarkDetector, astronaut_landmarks: Landmarks) -> None:
    """Projecting the canonical face with the pose through the 63° camera lands on the measured points."""
    canonical = landmarker._canonical.vertices
    camera = canonical @ astronaut_landmarks.pose[:3, :3].T + astronaut_landmarks.pose[:3, 3]
    focal = 256 / np.tan(np.radians(63) / 2)
    projected = camera[:, :2] / -camera[:, 2:] * [focal, -focal] + 255.5
    errors = np.linalg.norm(projected - astronaut_landmarks.points[:468], axis=1)
    assert np.median(errors) < 5  # the eyes are 47 pixels apart; the rest is that nobody is the canonical face


def test_a_wall_is_no_face(landmarker: LandmarkDetector) -> None:
    wall = np.full((256, 256, 3), 180, np.uint8)
    points = np.array([[100, 100], [150, 100], [125, 130], [105, 150], [145, 150]], np.float32)
    with pytest.raises(NoFaceError):
        landmarker.detect(wall, Face((70, 60, 110, 130), points, 0.9))


def test_where_in_a_wide_picture_a_face_is_does_not_turn_it(
    astronaut: RGB, detector: FaceDetector, landmarker: LandmarkDetector
) -> None:
    strips = [
        np.pad(astronaut, ((150, 150), before_after, (0, 0)), "edge") for before_after in ((1700, 1700), (3400, 0))
    ]
    middle, edge = (landmarker.detect(strip, detector.detect(strip)[0]) for strip in strips)
    assert abs(edge.yaw - middle.yaw) > 15, "the angle to the camera's axis"
    assert edge.turned == pytest.approx(middle.turned, abs=2) and middle.turned == pytest.approx(middle.yaw, abs=4)
    align(strips[1], edge)


@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(0, 0, 0), (30, 0, 0), (0, 15, 0), (0, 0, -20), (-25, 10, 15)])
def test_head_pose_is_recovered(landmarker: LandmarkDetector, yaw: float, pitch: float, roll: float) -> None:
    canonical: CanonicalFace = landmarker._canonical
    y, p, r = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), np.sin(r), 0], [-np.sin(r), np.cos(r), 0], [0, 0, 1]])
    rotation = about_z @ about_y @ about_x
    camera = canonical.vertices @ rotation.T + [2, -3, -60]
    focal = 200 / np.tan(np.radians(63) / 2)
    x, y = camera[:, 0] / -camera[:, 2] * focal + 299.5, camera[:, 1] / camera[:, 2] * focal + 199.5
    depth = -camera[:, 2] * focal / 60  # weak perspective, as the network's depth is
    pose = canonical.pose(np.stack([x, y, depth], 1).astype(np.float32), 600, 400)
    assert angles(pose) == pytest.approx((yaw, pitch, roll), abs=1.5)
    assert pose[:3, 3] == pytest.approx([2, -3, -60], abs=3)
