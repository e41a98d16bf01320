"""Which face of a picture, and of every frame of a video, is the person meant. Nobody else's is ever touched."""

from dataclasses import dataclass

from doppelganger.errors import FaceError
from doppelganger.faces.detector import Face
from doppelganger.images import RGB
from doppelganger.networks import Networks
from doppelganger.persona.whose import whose_face
from doppelganger.training.swap.sorting import Embeddings
from doppelganger.verifiers.protocol import OperatingPoint

_SLACK = 1.25  # thresholds within which the face at the same place is still the person, turned or blurred as it may be
_OVERLAP = 0.3  # share of both boxes' area (intersection over union) from which it is the same place


def person_in(image: RGB, who: Embeddings, networks: Networks) -> Face | None:
    """The face of a uint8 [H, W, 3] picture that most recognisers take for ``who``, the nearest of several; None without one."""
    try:
        meant = whose_face(image, networks, who)
    except FaceError:
        return None
    return networks.detector.detect(image)[meant.index]


@dataclass
class PersonInVideo:
    """Frame after frame. A face is taken up when most recognisers say that it is ``who``. As long as it stays where it was, one
    recogniser is asked in every frame, at a threshold a quarter wider; where it says no, all are asked again. So a cut to
    somebody else at the same place ends it at once."""

    who: Embeddings
    networks: Networks
    _last: Face | None = None

    @property
    def following(self) -> bool:
        """Whether the last frame showed the person."""
        return self._last is not None

    def look(self, frame: RGB) -> Face | None:
        """The person's face in the next frame, uint8 [H, W, 3]; None where it is not there."""
        self._last = self._followed(frame) or person_in(frame, self.who, self.networks)
        return self._last

    def _followed(self, frame: RGB) -> Face | None:
        if self._last is None:
            return None
        faces = self.networks.detector.detect(frame)
        near = max(faces, key=lambda face: overlap(face, self._last), default=None)
        if near is None or overlap(near, self._last) < _OVERLAP:
            return None
        quick = self.networks.members(["sface"])[0]
        limit = quick.thresholds[OperatingPoint.PRIVACY].value * _SLACK
        return near if quick.distance(self.who[quick.name], quick.embed(frame, near)) <= limit else None


def overlap(a: Face, b: Face | None) -> float:
    """Intersection of two boxes over their union, 0–1."""
    if b is None:
        return 0.0
    width = min(a.box[0] + a.box[2], b.box[0] + b.box[2]) - max(a.box[0], b.box[0])
    height = min(a.box[1] + a.box[3], b.box[1] + b.box[3]) - max(a.box[1], b.box[1])
    inside = max(0.0, width) * max(0.0, height)
    return inside / max(a.area + b.area - inside, 1e-6)
