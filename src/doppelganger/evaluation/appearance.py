"""What a person would see change between a portrait and its avatar, in units that can be read: the human side of the table.

LPIPS is measured elsewhere (`likeness.LikenessJudge`). No verifier is asked.

Conventions. A picture never raises for what it lacks: an `Appearance` has None or NaN there. A comparison holds NaN where the
portrait has something that the avatar lost (a black bar has no eyes), and leaves a measure out where the portrait never had it (a
bald head has no hair to differ): the first is the method's doing and counts against it in `summary.summary`, the second is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from doppelganger.errors import FaceError
from doppelganger.evaluation.beauty import YAW_BIAS, asymmetry, mirror_partners, roughness
from doppelganger.evaluation.colours import HAIR, SKIN, Colours, difference, iris_colour, region_colour
from doppelganger.faces.attributes import AgeSexEstimator
from doppelganger.faces.landmarks import Landmarks
from doppelganger.faces.second_opinion import SecondOpinion
from doppelganger.images import RGB
from doppelganger.likeness import shape_distance, skin_texture
from doppelganger.networks import Networks
from doppelganger.verifiers.face_of import central_face

SHAPE = "landmark shape (eye distances)"
POSE = "head pose (degrees)"
EXPRESSION = "expression (mean |Δ blendshape|)"
AGE = "age difference (years)"
SEX = "sex agrees"
AGE_SECOND = "age difference, second opinion (years)"
SEX_SECOND = "sex agrees, second opinion"
"""By networks that no search asks, where the first network's guess of sex is held by ours."""
SKIN_COLOUR = "skin ΔE00"
HAIR_COLOUR = "hair ΔE00"
EYE_COLOUR = "eye ΔE00"
SMOOTHNESS = "skin smoothness (dB)"
SYMMETRY = "symmetry (eye distances)"
NAN = float("nan")


@dataclass(frozen=True)
class Appearance:
    """One aligned face as measured. Without a face ``landmarks`` and ``colours.iris`` are None and the numbers NaN."""

    landmarks: Landmarks | None
    """MediaPipe's points, expression and pose."""
    colours: Colours
    age: float = NAN
    """Years, 0.25–80."""
    female: float = NAN
    """Probability, 0–1."""
    age_second: float = NAN
    female_second: float = NAN
    """The same two by `faces.second_opinion`."""
    roughness: float = NAN
    """Power of fine skin texture, dB."""
    asymmetry: float = NAN
    """Eye distances; 0 is symmetric. The yaw's part (`beauty.YAW_BIAS`) is taken off, so a little below 0 is possible."""


class AppearanceJudge:
    """Measures pictures once, compares them often."""

    def __init__(self, networks: Networks) -> None:
        self._detector, self._landmarks, self._parser = networks.detector, networks.landmarks, networks.parser
        self._attributes = AgeSexEstimator(networks.store)
        self._second = SecondOpinion(networks.store)
        self._partners = mirror_partners(networks.store)

    def measure(self, image: RGB, name: str, labels: NDArray[np.uint8] | None = None) -> Appearance:
        """Of a uint8 [1024, 1024, 3] picture in the FFHQ geometry; never raises for want of a face. ``labels``: as
        ``FaceParser.parse`` gives them, where they are known."""
        labels = self._parser.parse(image) if labels is None else labels
        skin, hair = region_colour(image, labels, SKIN), region_colour(image, labels, HAIR)
        try:
            landmarks = self._landmarks.detect(image, central_face(self._detector, image, name))
        except FaceError:
            return Appearance(None, Colours(skin, hair, None))
        attributes = self._attributes.estimate(image, landmarks)
        second = self._second.age_sex(image, landmarks)
        return Appearance(
            landmarks,
            Colours(skin, hair, iris_colour(image, landmarks.points)),
            attributes.age,
            attributes.female,
            second.age,
            second.female,
            roughness(skin_texture(image, landmarks.points)),
            asymmetry(landmarks.points3d, self._partners) - YAW_BIAS * abs(landmarks.yaw),
        )

    @staticmethod
    def compare(portrait: Appearance, avatar: Appearance) -> dict[str, float]:
        """Measure → value, in the order of the table. 0 is *the same* for all but `SEX` and `SEX_SECOND`: they are 1 or 0.

        Signed, avatar against portrait: `AGE`, `AGE_SECOND` (positive: older), `SMOOTHNESS` (positive: smoother skin, the drop of
        fine texture) and `SYMMETRY` (positive: more symmetric, the drop of asymmetry). NaN and left out: see the conventions above.
        """
        a, b = portrait.landmarks, avatar.landmarks
        measures = {}
        if a is not None:
            measures = {
                SHAPE: shape_distance(a.points, b.points) if b else NAN,
                POSE: turn_between(a.pose, b.pose) if b else NAN,
                EXPRESSION: expression_distance(a.blendshapes, b.blendshapes) if b else NAN,
                AGE: avatar.age - portrait.age,
                SEX: float((portrait.female > 0.5) == (avatar.female > 0.5)) if b else NAN,
                AGE_SECOND: avatar.age_second - portrait.age_second,
                SEX_SECOND: float((portrait.female_second > 0.5) == (avatar.female_second > 0.5)) if b else NAN,
                SMOOTHNESS: portrait.roughness - avatar.roughness,
                SYMMETRY: portrait.asymmetry - avatar.asymmetry,
            }
        for key, had, has in (
            (SKIN_COLOUR, portrait.colours.skin, avatar.colours.skin),
            (HAIR_COLOUR, portrait.colours.hair, avatar.colours.hair),
            (EYE_COLOUR, portrait.colours.iris, avatar.colours.iris),
        ):
            if had is not None:
                measures[key] = difference(had, has)
        return measures


def turn_between(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Degrees of the one rotation that turns pose ``a`` into ``b``, both [4, 4] of any scale (the geodesic distance)."""
    x, y = (np.asarray(pose, np.float64)[:3, :3] for pose in (a, b))
    cosine = (np.trace(x.T @ y) / np.cbrt(np.linalg.det(x) * np.linalg.det(y)) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def expression_distance(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    """Mean absolute difference of the 51 coefficients, 0–1; the 52nd, "_neutral", is no movement and is left out."""
    return float(np.mean([abs(a[name] - b[name]) for name in a if name != "_neutral"]))
