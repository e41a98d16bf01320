"""Which face of a picture, and of every frame of a video, is the person meant. Nobody else's is ever touched."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from doppelganger.errors import FaceError
from doppelganger.faces.detector import Face
from doppelganger.images import RGB
from doppelganger.keeping import Embeddings
from doppelganger.networks import Networks
from doppelganger.persona.whose import whose_face
from doppelganger.verifiers.protocol import Embedding, OperatingPoint, Verifier

_NEAR = (
    0.6  # of the privacy threshold: one person in two frames that follow one another is at 0.1 to 0.3, two people at 1
)
_OVERLAP = 0.3  # share of both boxes' area (intersection over union) from which it is the same place


def person_in(image: RGB, who: Embeddings, networks: Networks) -> Face | None:
    """The face of a uint8 [H, W, 3] picture that most recognisers take for ``who``, the nearest of several; None without one."""
    try:
        meant = whose_face(image, networks, who)
    except FaceError:
        return None
    return networks.detector.detect(image)[meant.index]


class PersonInVideo:
    """Frame after frame. A face is taken up when most recognisers say that it is ``who``. It is followed, through turns in which
    they would not know it, as long as it stays where it was and one recogniser finds it much as in the frame before; else all are
    asked again. So a cut to somebody else at the same place ends it at once."""

    def __init__(self, who: Embeddings, networks: Networks) -> None:
        self._who, self._networks = who, networks
        self._quick = networks.members(["sface"])[0]
        self._last: tuple[Face, Embedding] | None = None

    @property
    def following(self) -> bool:
        """Whether the last frame showed the person."""
        return self._last is not None

    def look(self, frame: RGB) -> Face | None:
        """The person's face in the next frame, uint8 [H, W, 3]; None where it is not there."""
        self._last = self._followed(frame) or self._found(frame)
        return None if self._last is None else self._last[0]

    def state(self) -> dict[str, NDArray[np.generic]]:
        """All that the next frame's answer depends on; empty where nobody is followed."""
        if self._last is None:
            return {}
        face, embedding = self._last
        return {
            "box": np.array(face.box, np.float64),
            "points": face.points,
            "score": np.array([face.score], np.float64),
            "embedding": embedding,
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a `state`."""
        self._last = None
        if state:
            x, y, width, height = (float(value) for value in state["box"])
            face = Face((x, y, width, height), state["points"], float(state["score"][0]))
            self._last = face, state["embedding"]

    def _found(self, frame: RGB) -> tuple[Face, Embedding] | None:
        face = person_in(frame, self._who, self._networks)
        return None if face is None else (face, self._quick.embed(frame, face))

    def _followed(self, frame: RGB) -> tuple[Face, Embedding] | None:
        if self._last is None:
            return None
        place = self._last[0]
        near = max(self._networks.detector.detect(frame), key=lambda face: overlap(face, place), default=None)
        if near is None:
            return None
        now = near, self._quick.embed(frame, near)
        return now if continues(self._last, now, self._quick) else None


def continues(before: tuple[Face, Embedding], now: tuple[Face, Embedding], quick: Verifier) -> bool:
    """Whether the face of a frame is surely that of the frame before: at the same place, and to one recogniser much the same."""
    limit = quick.thresholds[OperatingPoint.PRIVACY].value * _NEAR
    return overlap(before[0], now[0]) >= _OVERLAP and quick.distance(before[1], now[1]) <= limit


def overlap(a: Face, b: Face) -> float:
    """Intersection of two boxes over their union, 0–1."""
    width = min(a.box[0] + a.box[2], b.box[0] + b.box[2]) - max(a.box[0], b.box[0])
    height = min(a.box[1] + a.box[3], b.box[1] + b.box[3]) - max(a.box[1], b.box[1])
    inside = max(0.0, width) * max(0.0, height)
    return inside / max(a.area + b.area - inside, 1e-6)
