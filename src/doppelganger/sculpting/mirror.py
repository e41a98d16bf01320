"""Looking at a latent: its picture, and what is read from it."""

from dataclasses import dataclass

from doppelganger.directions.measuring import OpenVINOParser
from doppelganger.directions.reader import FaceReader
from doppelganger.directions.reading import Reading
from doppelganger.errors import FaceError
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB
from doppelganger.networks import Networks


@dataclass(frozen=True)
class Look:
    """A face as it was seen."""

    latent: Latent
    picture: RGB
    """uint8 [1024, 1024, 3]"""
    reading: Reading


class Mirror:
    """Renders and reads. Give the same one to several faces: its parser is compiled once."""

    def __init__(self, networks: Networks) -> None:
        self.networks = networks
        self._reader = FaceReader(networks, OpenVINOParser(networks))

    def look(self, latent: Latent) -> Look | None:
        """w [512], w+ [16, 512] or one in StyleSpace [39, 512] → what is seen; None where no face can be read."""
        picture = self.networks.generator.synthesise(latent)
        try:
            return Look(latent, picture, self._reader.read(picture))
        except FaceError:
            return None

    def read(self, picture: RGB) -> Reading:
        """Of a uint8 [1024, 1024, 3] picture in the FFHQ geometry. Raises FaceError."""
        return self._reader.read(picture)
