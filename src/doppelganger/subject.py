"""The person whose doppelgänger is made: found in a photo, or known only by the aligned portrait."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from doppelganger.errors import NoFaceError
from doppelganger.faces.alignment import AlignedPortrait, align
from doppelganger.faces.detector import choose
from doppelganger.images import RGB
from doppelganger.networks import Networks
from doppelganger.verifiers.face_of import central_face
from doppelganger.verifiers.protocol import Embedding


@dataclass(frozen=True)
class Subject:
    """The person in the photo: the picture, the aligned portrait, and what each verifier makes of the photo's face."""

    photo: RGB
    portrait: AlignedPortrait
    embeddings: Mapping[str, Embedding]


def see(photo: RGB, networks: Networks, face_index: int | None = None, name: str = "the photo") -> Subject:
    """Find and align the face. Raises FaceError."""
    face = choose(networks.detector.detect(photo), face_index, name)
    try:
        portrait = align(photo, networks.landmarks.detect(photo, face))
    except NoFaceError as error:
        raise NoFaceError(f"{name}: {error}") from error
    return Subject(photo, portrait, networks.panel.embed(photo, face))


def of_aligned(image: RGB, networks: Networks) -> Subject:
    """The subject of an aligned portrait, uint8 [1024, 1024, 3], whose photo is gone: the portrait stands in for it.

    Raises NoFaceError.
    """
    face = central_face(networks.detector, image, "the aligned portrait")
    itself = AlignedPortrait(image, np.eye(2, 3, dtype=np.float32))
    return Subject(image, itself, networks.panel.embed(image, face))
