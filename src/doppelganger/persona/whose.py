"""Whose face of a photo is meant: the owner's, by a picture of theirs; else the largest, which is said."""

from dataclasses import dataclass

import numpy as np

from doppelganger.errors import FaceError, NoFaceError
from doppelganger.faces.detector import choose
from doppelganger.images import RGB
from doppelganger.keeping import Embeddings
from doppelganger.networks import Networks
from doppelganger.verifiers.protocol import OperatingPoint


class NotThereError(FaceError):
    """The person who is looked for is in none of the picture's faces."""


@dataclass(frozen=True)
class Meant:
    """``index``: of the face, 0 the largest. ``because``: in words. ``faces``: how many the photo has."""

    index: int
    because: str
    faces: int


def embeddings_of(image: RGB, networks: Networks, name: str) -> Embeddings:
    """Of the largest face of a picture, by the whole panel. Raises FaceError."""
    return networks.panel.embed(image, choose(networks.detector.detect(image), name=name))


def whose_face(image: RGB, networks: Networks, who: Embeddings | None, name: str = "the photo") -> Meant:
    """The face of a uint8 [H, W, 3] photo that is meant. ``who``: the owner's embeddings, None where nobody is looked for.

    With ``who``, the face is the one nearest to them on average over the verifiers, in shares of their privacy thresholds, and more
    than half of the verifiers must say *same*. Raises NoFaceError, and NotThereError where nobody in the photo is the owner.
    """
    faces = networks.detector.detect(image)
    if not faces:
        raise NoFaceError(f"No face was found in {name}; use a photo where one looks at the camera, well lit.")
    if who is None:
        only = len(faces) == 1
        return Meant(0, "the only face" if only else f"the largest of {len(faces)} faces", len(faces))
    members = networks.panel.members
    limits = [m.thresholds[OperatingPoint.PRIVACY].value for m in members]
    shares = np.array(
        [
            [m.distance(who[m.name], m.embed(image, face)) / limit for m, limit in zip(members, limits, strict=True)]
            for face in faces
        ]
    )
    nearest = int(shares.mean(1).argmin())
    same = int((shares[nearest] <= 1).sum())
    if 2 * same <= len(members):
        found = "The face in it is not" if len(faces) == 1 else f"None of the {len(faces)} faces in it is"
        raise NotThereError(f"{name}: {found} the one looked for, by the word of most recognisers.")
    return Meant(nearest, f"the one looked for, by {same} of {len(members)} recognisers", len(faces))
