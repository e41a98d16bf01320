"""The face that a verifier looks at when it is given a picture alone."""

import math

from doppelganger.errors import NoFaceError
from doppelganger.faces.detector import Face, FaceDetector
from doppelganger.images import RGB


def largest_face(detector: FaceDetector, image: RGB, name: str = "the picture") -> Face:
    """The largest face, whatever its size or pose. Raises NoFaceError."""
    faces = detector.detect(image)
    if not faces:
        raise NoFaceError(f"No face was found in {name}; use a photo where one looks at the camera, well lit.")
    return faces[0]


def central_face(detector: FaceDetector, image: RGB, name: str = "the picture") -> Face:
    """The face nearest the middle of the picture. Raises NoFaceError."""
    faces = detector.detect(image)
    if not faces:
        raise NoFaceError(f"No face was found in {name}.")
    middle = image.shape[1] / 2, image.shape[0] / 2

    def distance(face: Face) -> float:
        x, y, width, height = face.box
        return math.dist(middle, (x + width / 2, y + height / 2))

    return min(faces, key=distance)
