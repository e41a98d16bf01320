"""One face of a set: the picture, where it is face, and what was measured of it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.directions.geometry import expression, proportions
from doppelganger.faces.attributes import AgeSexEstimator
from doppelganger.faces.detector import Face
from doppelganger.faces.landmarks import EXPRESSION_NAMES, Landmarks
from doppelganger.images import RGB
from doppelganger.networks import Networks
from doppelganger.training.swap.cropping import cut, face_mask, face_transform, part_probabilities

Floats = NDArray[np.float32]

AXES = ("yaw", "pitch", "mouth_open", "smile", "eyes_open", "brow_raise")
"""Of pose and expression, along which faces are new or the same."""
UNITS = np.array([8.0, 8.0, 0.08, 0.2, 0.12, 0.2], np.float32)
"""A difference that one notices, on each axis: degrees, shares of the eyes' distance, coefficients."""
_SHARP_SIDE = 128  # pixels at which sharpness is measured, so that large and small faces can be compared


@dataclass(frozen=True)
class SetFace:
    """``image``: uint8 [256, 256, 3]; ``mask``: uint8 [256, 256], 255 where it surely is face. ``points``: float32 [478, 2] in
    pixels of ``image``. ``pose``: float32 [6], the values of `AXES`. ``blendshapes``: float32 [52], 0–1. ``roll``: degrees.
    ``sharpness``: see `sharpness`. ``eye_distance``: pixels in the source. ``age``: guessed years. ``source``: file name; ``time``:
    seconds in a video, None of a photo. ``embeddings``: verifier → embedding of the face in its source, [D]. ``track``: names the
    stretch of a video in which the face surely is one person's; None of a photo, and not kept in a set."""

    image: RGB
    mask: NDArray[np.uint8]
    points: Floats
    pose: Floats
    blendshapes: Floats
    roll: float
    sharpness: float
    eye_distance: float
    age: float
    source: str
    time: float | None
    embeddings: dict[str, Floats]
    track: str | None = None

    @property
    def yaw(self) -> float:
        """Degrees, positive towards the person's left."""
        return float(self.pose[0])


def see(
    image: RGB,
    face: Face,
    networks: Networks,
    ages: AgeSexEstimator,
    source: str,
    time: float | None = None,
    track: str | None = None,
) -> SetFace:
    """Measure a ``face`` of a uint8 [H, W, 3] picture. Raises NoFaceError where its features cannot be made out."""
    landmarks = networks.landmarks.detect(image, face)
    transform = face_transform(landmarks.points)
    picture = cut(image, landmarks.points)
    points = np.asarray(landmarks.points @ transform[:, :2].T + transform[:, 2], np.float32)
    mask = face_mask(part_probabilities(image, landmarks.points, networks.parser))
    return SetFace(
        image=picture,
        mask=np.asarray((mask * 255).round(), np.uint8),
        points=points,
        pose=pose_of(landmarks),
        blendshapes=np.array([landmarks.blendshapes[name] for name in EXPRESSION_NAMES], np.float32),
        roll=landmarks.roll,
        sharpness=sharpness(picture, points),
        eye_distance=face.eye_distance,
        age=ages.estimate(image, landmarks).age,
        source=source,
        time=time,
        embeddings=networks.panel.embed(image, face),
        track=track,
    )


def pose_of(landmarks: Landmarks) -> Floats:
    """float32 [6], the values of `AXES`."""
    values = {
        "yaw": landmarks.yaw,
        "pitch": landmarks.pitch,
        **proportions(landmarks.points3d),
        **expression(landmarks.blendshapes),
    }
    return np.array([values[axis] for axis in AXES], np.float32)


def sharpness(image: RGB, points: Floats) -> float:
    """How much fine detail a face has: the deviation of the Laplacian of its lightness over that of the lightness itself, inside
    the outline of ``points`` [478, 2], at 128² (after Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy").
    0 for a flat picture; the division makes dim faces comparable with bright ones."""
    scale = _SHARP_SIDE / len(image)
    small = cv2.resize(image, (_SHARP_SIDE, _SHARP_SIDE), interpolation=cv2.INTER_AREA)
    outline = np.zeros(small.shape[:2], np.uint8)
    cv2.fillConvexPoly(outline, cv2.convexHull((points * scale).round().astype(np.int32)), 1)
    inside = outline > 0
    if inside.sum() < 50:
        return 0.0
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(cv2.Laplacian(grey, cv2.CV_32F)[inside].std() / max(float(grey[inside].std()), 1.0))
