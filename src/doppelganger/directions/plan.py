"""Which directions there are to learn: the attribute each moves, its sign and unit, and what may go along with it."""

from collections.abc import Mapping
from dataclasses import dataclass

from doppelganger.directions.hair import SHADES

NATURAL = {"yaw": "degrees", "pitch": "degrees", "age": "years"}
"""Attributes whose direction counts in their own unit; the others' unit is one deviation of the attribute in the population."""


@dataclass(frozen=True)
class Plan:
    """``attribute`` grows along the direction, or shrinks where ``sign`` is −1. ``kin``: attribute → how much of the usual price
    its change has, 0–1, because the two belong together (a smile shows teeth) or read the same thing twice."""

    attribute: str
    says: str
    sign: int = 1
    kin: Mapping[str, float] | None = None

    @property
    def unit(self) -> str:
        """What strength 1 is."""
        return NATURAL.get(self.attribute, "population deviations")


_HAIR = dict.fromkeys(("hair_lightness", "hair_a", "hair_b", *(f"hair_{shade}" for shade in SHADES)), 0.0)
_FACIAL_CONTRAST = dict.fromkeys(("lip_redness", "lid_contrast", "makeup"), 0.0)
_SKIN = dict.fromkeys(("skin_tone", "skin_lightness"), 0.0)
_AGEING = {"roughness": 0.0, "blotches": 0.0, "hair_grey": 0.3, "hair_lightness": 0.3, "lip_fullness": 0.3}
_SEX = {"beard": 0.0, "jaw_width": 0.0, "hair_length": 0.3, "nose_width": 0.3, "brow_raise": 0.3, **_FACIAL_CONTRAST}
_SMILE = {"teeth": 0.1, "mouth_open": 0.1, "squint": 0.0, "pucker": 0.0, "lip_fullness": 0.3}
_LIDS = {"squint": 0.0, "gaze_up": 0.3, "lid_contrast": 0.0, "makeup": 0.3}
_GLASSES = {"blotches": 0.0, "iris_lightness": 0.3, "iris_a": 0.3, "iris_b": 0.3, **_FACIAL_CONTRAST}
_BEARD = {"female": 0.1, "roughness": 0.0, "lip_fullness": 0.3, "pucker": 0.3}

PLANS: Mapping[str, Plan] = {
    "yaw": Plan("yaw", "turns the head to the person's left", kin={"gaze_side": 0.5}),
    "pitch": Plan("pitch", "bends the head down", kin={"gaze_up": 0.5, "nose_length": 0.3, "face_width": 0.3}),
    "age": Plan("age", "older", kin=_AGEING),
    "female": Plan("female", "more like a woman; backwards: more like a man", kin=_SEX),
    "smile": Plan("smile", "smiles", kin=_SMILE),
    "mouth_open": Plan("mouth_open", "opens the mouth", kin={"teeth": 0.1, "pucker": 0.0, "face_width": 0.3}),
    "eyes_open": Plan("eyes_open", "opens the eyes; backwards: narrows them", kin=_LIDS),
    "brow_raise": Plan("brow_raise", "raises the brows; backwards: frowns", kin={"squint": 0.5}),
    "gaze_side": Plan("gaze_side", "looks to the person's left"),
    "gaze_up": Plan("gaze_up", "looks up", kin={"eyes_open": 0.3, "squint": 0.3}),
    "glasses": Plan("glasses", "puts glasses on", kin=_GLASSES),
    "beard": Plan("beard", "grows a beard", kin=_BEARD),
    **{f"hair_{shade}": Plan(f"hair_{shade}", f"{shade} hair", kin=_HAIR) for shade in SHADES},
    "hair_length": Plan("hair_length", "longer hair"),
    "fringe": Plan("fringe", "a fringe over the forehead", kin={"baldness": 0.3, "light_above": 0.3}),
    "curl": Plan("curl", "curly, frizzy hair"),
    "baldness": Plan("baldness", "bares the top of the head", kin={"fringe": 0.3, **dict.fromkeys(_HAIR, 0.3)}),
    "skin_tone": Plan("skin_tone", "lighter skin", kin=_SKIN),
    "eyes_blue": Plan("iris_b", "blue eyes; backwards: brown", -1, {"iris_lightness": 0.0, "iris_a": 0.0}),
    "makeup": Plan("makeup", "made-up lips and lids", kin={**_FACIAL_CONTRAST, "female": 0.3}),
    "full_lips": Plan("lip_fullness", "fuller lips", kin={"pucker": 0.3}),
    "clear_skin": Plan("blotches", "even skin without spots and lines", -1, {"roughness": 0.0, "age": 0.5}),
    "less_shine": Plan("shine", "takes the shine off the skin", -1, {"skin_lightness": 0.5, "skin_tone": 0.5}),
    "nose_width": Plan("nose_width", "a wider nose", kin={"nose_length": 0.5}),
    "teeth": Plan("teeth", "shows the teeth", kin={"mouth_open": 0.1, "smile": 0.3}),
    "face_width": Plan("face_width", "a wider face", kin={"jaw_width": 0.3}),
    "light_left": Plan("light_left", "light from the person's left"),
    "light_above": Plan("light_above", "light from above", kin={"shine": 0.5}),
    "background": Plan("background", "a lighter background"),
}
"""Name of the direction → what it is to do."""


def weights(plan: Plan, attributes: tuple[str, ...]) -> list[float]:
    """The price of a squared deviation of each attribute along this direction: 1, its kinship, or 0 for its own."""
    kin = plan.kin or {}
    return [0.0 if name == plan.attribute else kin.get(name, 1.0) for name in attributes]
