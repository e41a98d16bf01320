"""What can be asked of a face: each trait, the words or numbers it takes, and the measured attributes that they stand for.

Numbers have the attribute's own unit. Words stand for a bound in deviations of the attribute from its mean among generated faces
(``docs/faces.md`` has the table), or for a bound in its own unit where that means something to people.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from doppelganger.directions import load
from doppelganger.directions.hair import SHADES
from doppelganger.directions.reading import Reading
from doppelganger.sculpting.foresight import foresight

INFINITE = float("inf")
LEAD = "lead of "
"""Before a shade's name: how far its score is ahead of the best other shade's."""


@dataclass(frozen=True)
class Bound:
    """A measured attribute that is to lie between ``low`` and ``high``; the loop goes for ``aim``, inside. ``direction``: what
    moves it."""

    attribute: str
    direction: str
    low: float
    high: float
    aim: float

    @property
    def deviation(self) -> float:
        """Of the attribute among generated faces: the unit in which misses of different attributes are compared."""
        return deviation(self.attribute)

    def miss(self, value: float) -> float:
        """How far a value lies outside, in deviations; 0 inside. Unreadable counts as two."""
        if value != value:
            return 2.0
        return max(0.0, self.low - value, value - self.high) / self.deviation


@dataclass(frozen=True)
class Trait:
    """``words``: what may be said, and the bounds it stands for. ``number``: the attribute, its direction, the tolerance either
    side, and the least and most that may be asked; None where only words are understood."""

    name: str
    says: str
    words: Mapping[str, tuple[Bound, ...]]
    number: tuple[str, str, float, float, float] | None = None


def measured(reading: Reading, attribute: str) -> float:
    """An attribute of a reading, or the lead of a shade of hair (NaN on a bald head)."""
    if attribute.startswith(LEAD):
        shade = attribute.removeprefix(LEAD)
        return reading[f"hair_{shade}"] - max(reading[f"hair_{other}"] for other in SHADES if other != shade)
    return reading[attribute]


def deviation(attribute: str) -> float:
    """Among generated faces."""
    if attribute.startswith(LEAD):
        return 0.3
    return float(load().about["deviations"][attribute])


def _in_deviations(attribute: str, direction: str, low: float, high: float, aim: float) -> Bound:
    mean, unit = foresight().mean[attribute], deviation(attribute)
    return Bound(attribute, direction, mean + low * unit, mean + high * unit, mean + aim * unit)


def _more(attribute: str, direction: str = "") -> tuple[Bound, ...]:
    return (_in_deviations(attribute, direction or attribute, 0.8, INFINITE, 1.2),)


def _less(attribute: str, direction: str = "") -> tuple[Bound, ...]:
    return (_in_deviations(attribute, direction or attribute, -INFINITE, -0.7, -1.0),)


def _middle(attribute: str, direction: str = "") -> tuple[Bound, ...]:
    return (_in_deviations(attribute, direction or attribute, -0.5, 0.5, 0.0),)


def _above(attribute: str, low: float, aim: float) -> tuple[Bound, ...]:
    return (Bound(attribute, attribute, low, INFINITE, aim),)


def _below(attribute: str, high: float, aim: float) -> tuple[Bound, ...]:
    return (Bound(attribute, attribute, -INFINITE, high, aim),)


def _shade(name: str) -> tuple[Bound, ...]:
    return (Bound(LEAD + name, f"hair_{name}", 0.06, INFINITE, 0.2),)


_STRAIGHT = (*_middle("gaze_side"), *_middle("gaze_up"))

_TRAITS = (
    Trait("sex", "apparent sex", {"female": _above("female", 0.85, 0.97), "male": _below("female", 0.15, 0.03)}),
    Trait("age", "years, as strangers would guess", {}, ("age", "age", 3.5, 6.0, 78.0)),
    Trait("hair", "colour of the hair", {shade: _shade(shade) for shade in SHADES}),
    Trait(
        "hair-length", "hair below the chin", {"long": _more("hair_length"), "short": _below("hair_length", 0.012, 0.0)}
    ),
    Trait("bald", "a bare head", {"yes": _above("baldness", 0.55, 0.75), "no": _below("baldness", 0.2, 0.05)}),
    Trait("fringe", "hair over the forehead", {"yes": _above("fringe", 0.35, 0.5), "no": _below("fringe", 0.1, 0.03)}),
    Trait("curl", "shape of the hair", {"curly": _more("curl"), "straight": _less("curl")}),
    Trait("glasses", "glasses", {"yes": _above("glasses", 0.2, 0.4), "no": _below("glasses", 0.02, 0.0)}),
    Trait("beard", "a beard", {"yes": _more("beard"), "no": _less("beard")}),
    Trait("smile", "0 none, 1 the broadest", {}, ("smile", "smile", 0.13, 0.0, 1.0)),
    Trait("mouth", "the lips", {"open": _above("mouth_open", 0.06, 0.1), "closed": _below("mouth_open", 0.015, 0.0)}),
    Trait("teeth", "teeth seen", {"yes": _more("teeth"), "no": _below("teeth", 0.003, 0.0)}),
    Trait("eyes", "how far the eyes are open", {"wide": _more("eyes_open"), "narrow": _less("eyes_open")}),
    Trait("brows", "the brows", {"raised": _more("brow_raise"), "frowning": _less("brow_raise")}),
    Trait(
        "gaze",
        "where the eyes look (left and right are the person's own)",
        {
            "left": _more("gaze_side"),
            "right": _less("gaze_side"),
            "up": _more("gaze_up"),
            "down": _less("gaze_up"),
            "ahead": _STRAIGHT,
        },
    ),
    Trait("yaw", "degrees the head is turned to the person's left", {}, ("yaw", "yaw", 3.0, -35.0, 35.0)),
    Trait("pitch", "degrees the head is bent down", {}, ("pitch", "pitch", 3.0, -18.0, 20.0)),
    Trait(
        "skin",
        "tone of the skin in the picture's light",
        {"light": _more("skin_tone"), "medium": _middle("skin_tone"), "dark": _less("skin_tone")},
    ),
    Trait("eye-colour", "the irises", {"blue": _less("iris_b", "eyes_blue"), "brown": _more("iris_b", "eyes_blue")}),
    Trait("makeup", "lips and lids made up", {"yes": _more("makeup"), "no": _less("makeup")}),
    Trait(
        "lips",
        "the lips' height",
        {"full": _more("lip_fullness", "full_lips"), "thin": _less("lip_fullness", "full_lips")},
    ),
    Trait(
        "complexion",
        "spots and lines",
        {"clear": _less("blotches", "clear_skin"), "uneven": _more("blotches", "clear_skin")},
    ),
    Trait("shine", "shine on the skin", {"yes": _more("shine", "less_shine"), "no": _less("shine", "less_shine")}),
    Trait("nose", "width of the nose", {"wide": _more("nose_width"), "narrow": _less("nose_width")}),
    Trait("face", "width of the face", {"wide": _more("face_width"), "narrow": _less("face_width")}),
    Trait(
        "light",
        "where the light comes from (the person's own left and right)",
        {
            "left": _more("light_left"),
            "right": _less("light_left"),
            "above": _more("light_above"),
            "below": _less("light_above"),
            "even": _middle("light_left"),
        },
    ),
    Trait("background", "lightness of what is behind", {"light": _more("background"), "dark": _less("background")}),
)

TRAITS: Mapping[str, Trait] = {trait.name: trait for trait in _TRAITS}
"""Name → trait, in the order in which they are shown."""
