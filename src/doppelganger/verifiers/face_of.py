"""The face that a verifier looks at when it is given a picture alone."""

from doppelganger.errors import NoFaceError
from doppelganger.faces.detector import Face, FaceDetector
from doppelganger.images import RGB


def largest_face(detector: FaceDetector, image: RGB, name: str = "the picture") -> Face:
    """The largest face, whatever its size or pose. Raises NoFaceError."""
    faces = detector.detect(image)
    if not faces:
        raise NoFaceError(f"No face was found in {name}; use a photo where one looks at the camera, well lit.")
    return faces[0]
