"""A persona in the pose and expression of another picture, by the learnt directions, measured and corrected.

What a photo shows of its moment is a short vector: where the head points, the 52 coefficients of the expression, how light the skin
is. How that vector moves with each direction is measured once for a persona, by finite differences; for a photo a damped
Gauss–Newton step solves for the strengths, the face is rendered and read again, and what the model had wrong is put into it
(Broyden, "A class of methods for solving nonlinear simultaneous equations", 1965). The persona's own latent is never mixed with
anybody else's, so nothing of the photo's person gets in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from doppelganger import directions
from doppelganger.directions.reader import Parser
from doppelganger.directions.regions import FOREHEAD, Canvas
from doppelganger.directions.skin import skin
from doppelganger.errors import FaceError
from doppelganger.faces.landmarks import Landmarks
from doppelganger.faces.parsing import Part
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB
from doppelganger.networks import Networks
from doppelganger.verifiers.face_of import central_face

Floats = NDArray[np.float64]

KNOBS = (
    "yaw",
    "pitch",
    "smile",
    "mouth_open",
    "teeth",
    "eyes_open",
    "brow_raise",
    "gaze_side",
    "gaze_up",
    "skin_tone",
    "fringe",
)
"""The directions that may be turned: those of a moment, none of a person; skin tone since the neck and hands of a photo stay,
fringe so that the forehead is free: the photo's own hair is worn. Light is left to `fitting`: its directions cost more of the
person than they bring."""
_SHARES = {"skin_tone": 0.4}  # of the range: at its ends skin turns red; the rest is left to the fitting
_COVERED = 0.08  # share of the forehead under hair from which a persona is bared first
_BARING = (0.25, 0.5, 0.75, 1.0)  # of the direction's range
_STEP = 0.4  # of a direction's range, for the finite differences
# What counts alike: degrees, coefficients, L* and share of the forehead.
_ANGLE_UNIT, _SHAPE_UNIT, _SKIN_UNIT, _FRINGE_UNIT = 2.0, 0.15, 6.0, 0.05
_DAMPING = 0.8  # of the squared strength, in shares of the range in which verifiers know the person


@dataclass(frozen=True)
class Moment:
    """What an aligned picture shows of its moment. ``labels``: `Part` of every pixel, [512, 512]."""

    image: RGB
    landmarks: Landmarks
    labels: NDArray[np.uint8]
    skin: float
    """L* of the face's middle tones."""
    fringe: float
    """Share of the forehead under hair."""

    def vector(self) -> Floats:
        """What is to be matched, in units that count alike; the skin's is NaN where none could be read."""
        marks = self.landmarks
        geometry = [marks.yaw / _ANGLE_UNIT, marks.pitch / _ANGLE_UNIT]
        shapes = (value / _SHAPE_UNIT for value in marks.blendshapes.values())
        return np.array([*geometry, *shapes, self.skin / _SKIN_UNIT, self.fringe / _FRINGE_UNIT])


@dataclass(frozen=True)
class Posed:
    """``latent``: of the persona in the moment, [16 or 39, 512]. ``strengths``: of each knob. ``moment``: as read of its picture.
    ``misses``: root mean square difference from what was asked, in `Moment.vector`'s units, before and after."""

    latent: Latent
    strengths: dict[str, float]
    moment: Moment
    misses: tuple[float, float]


def read_moment(image: RGB, networks: Networks, parser: Parser | None = None) -> Moment:
    """Of an aligned picture, uint8 [1024, 1024, 3]. ``parser``: instead of the networks' own. Raises FaceError."""
    landmarks = networks.landmarks.detect(image, central_face(networks.detector, image))
    labels = (parser or networks.parser).parse(image)
    canvas = Canvas.of(image, labels, landmarks.points)
    fringe = canvas.share(canvas.parts(Part.HAIR, Part.HAT), canvas.area(FOREHEAD))
    return Moment(image, landmarks, labels, skin(canvas)["skin_lightness"], fringe)


class Poser:
    """One persona's response to the knobs; make it once and pose for many photos."""

    def __init__(self, persona: Latent, networks: Networks, parser: Parser | None = None) -> None:
        """``persona``: w [512], w+ [16, 512] or a latent in StyleSpace. Costs a picture a knob. Raises FaceError."""
        self._networks, self._parser = networks, parser
        self._known = directions.load()
        self.latent = self._known.apply(persona, {})
        self.rest = self._read(self.latent)
        for share in _BARING if self.rest.fringe > _COVERED else ():
            self.latent = self._known.apply(persona, {"fringe": share * self._known["fringe"].valid_range[0]})
            self.rest = self._read(self.latent)
            if self.rest.fringe <= _COVERED:
                break
        self._ranges = np.array([np.multiply(self._known[k].valid_range, _SHARES.get(k, 1.0)) for k in KNOBS])
        self._scale = np.array([np.abs(self._known[name].identity_range).mean() for name in KNOBS])
        start = self.rest.vector()
        self._response = np.zeros((len(start), len(KNOBS)))
        for k, name in enumerate(KNOBS):
            strength = (
                _STEP * self._ranges[k, 0 if name == "fringe" else 1]
            )  # more hair than all there is cannot be seen
            there = self._read(self._known.apply(self.latent, {name: strength})).vector()
            self._response[:, k] = np.nan_to_num(there - start) / strength

    def pose(self, asked: Moment, looks: int = 4) -> Posed:
        """The persona in the moment of ``asked``, found in as many looks; the best of them. Raises FaceError."""
        return self._solve(asked, self.latent, np.zeros(len(KNOBS)), self.rest, looks)

    def again(self, asked: Moment, moved: Latent, strengths: Mapping[str, float], looks: int = 2) -> Posed:
        """The same for a latent that was posed with ``strengths`` and has been changed since, by something other than
        directions."""
        return self._solve(asked, moved, np.array([strengths[name] for name in KNOBS]), self._read(moved), looks)

    def _solve(self, asked: Moment, latent: Latent, begun: Floats, at: Moment, looks: int) -> Posed:
        """``latent``: as it is with the strengths ``begun``, where it is read as ``at``."""
        wanted = replace(asked, fringe=0.0).vector()
        response, strengths = self._response.copy(), begun
        first = _miss(wanted, at.vector())
        best, best_strengths, least = at, strengths, first
        for _ in range(looks):
            step = self._step(response, wanted - at.vector(), strengths)
            if np.abs(step).max() < 1e-3:
                break
            try:
                seen = self._read(self._turned(latent, strengths + step - begun))
            except FaceError:  # too far; what is best so far is good enough
                break
            moved = np.nan_to_num(seen.vector() - at.vector())
            response += np.outer(moved - response @ step, step) / max(float(step @ step), 1e-6)
            strengths, at = strengths + step, seen
            miss = _miss(wanted, at.vector())
            if miss < least:
                best, best_strengths, least = at, strengths, miss
        turned = dict(zip(KNOBS, map(float, best_strengths), strict=True))
        return Posed(self._turned(latent, best_strengths - begun), turned, best, (first, least))

    def _step(self, response: Floats, missing: Floats, strengths: Floats) -> Floats:
        """Damped least squares on what can be read of both, cut to the directions' ranges."""
        known = np.isfinite(missing)
        scale = self._scale
        a, b = response[known] * scale, missing[known]
        # the damping is on where the strengths end, not on the step: a persona is pulled back to itself
        u = np.linalg.solve(a.T @ a + _DAMPING * np.eye(len(scale)), a.T @ b - _DAMPING * strengths / scale)
        ended = np.clip(strengths + u * scale, self._ranges[:, 0], self._ranges[:, 1])
        return np.asarray(ended - strengths)

    def _turned(self, latent: Latent, strengths: Floats) -> Latent:
        return self._known.apply(latent, dict(zip(KNOBS, map(float, strengths), strict=True)))

    def _read(self, latent: Latent) -> Moment:
        return read_moment(self._networks.generator.synthesise(latent), self._networks, self._parser)


def _miss(wanted: Floats, seen: Floats) -> float:
    return float(np.sqrt(np.nanmean(np.square(wanted - seen))))
