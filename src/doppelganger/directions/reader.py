"""Reads a face: which attributes it has, in numbers. `reading.ATTRIBUTES` says what each is."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from doppelganger.directions.geometry import expression, pose, proportions
from doppelganger.directions.hair import hair
from doppelganger.directions.reading import ATTRIBUTES, Reading
from doppelganger.directions.regions import Canvas
from doppelganger.directions.skin import iris, skin, surroundings
from doppelganger.faces.attributes import AgeSexEstimator, Attributes
from doppelganger.faces.detector import Face
from doppelganger.faces.landmarks import Landmarks
from doppelganger.images import RGB
from doppelganger.likeness import skin_texture
from doppelganger.networks import Networks
from doppelganger.verifiers.face_of import central_face

FINEST = slice(2, 4)
"""The two finest octaves of `likeness.skin_texture`."""


class Parser(Protocol):
    """What the reader asks of a face parser; `faces.parsing.FaceParser` is one."""

    def parse(self, aligned: RGB) -> NDArray[np.uint8]:
        """uint8 [512, 512] of `Part`."""


class FaceReader:
    """All readers together. ``parser``: instead of the networks' own, for example a faster form of it."""

    def __init__(self, networks: Networks, parser: Parser | None = None) -> None:
        self._networks = networks
        self._parser: Parser = parser or networks.parser
        self._ages = AgeSexEstimator(networks.store)

    def read(self, image: RGB) -> Reading:
        """Of a uint8 [1024, 1024, 3] picture in the FFHQ geometry. Raises FaceError when no face can be read in it."""
        face = central_face(self._networks.detector, image)
        landmarks = self._networks.landmarks.detect(image, face)
        return read_parts(image, face, landmarks, self._parser.parse(image), self._ages.estimate(image, landmarks))


def read_parts(image: RGB, face: Face, landmarks: Landmarks, labels: NDArray[np.uint8], guessed: Attributes) -> Reading:
    """The same of what the networks have said of ``image`` already."""
    canvas = Canvas.of(image, labels, landmarks.points)
    values = {
        **pose(landmarks),
        "age": guessed.age,
        "female": guessed.female,
        **expression(landmarks.blendshapes),
        **proportions(landmarks.points3d),
        **hair(canvas),
        **skin(canvas),
        "roughness": float(skin_texture(image, landmarks.points)[FINEST].mean()),
        **iris(image, landmarks.points3d),
        **surroundings(canvas),
    }
    return Reading({name: values[name] for name in ATTRIBUTES}, face, landmarks, labels)
