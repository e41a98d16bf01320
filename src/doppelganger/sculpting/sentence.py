"""A sentence to a wish: "a bald man of sixty with glasses, laughing". A small vocabulary, looked up; nothing is guessed.

Longer phrases win over shorter ones, later words over earlier ones of the same trait. What is not in the vocabulary is handed
back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

Asked = dict[str, str | float]

_PEOPLE: Mapping[str, Asked] = {
    "woman": {"sex": "female"},
    "lady": {"sex": "female"},
    "female": {"sex": "female"},
    "man": {"sex": "male"},
    "gentleman": {"sex": "male"},
    "male": {"sex": "male"},
    "girl": {"sex": "female", "age": 10},
    "boy": {"sex": "male", "age": 10},
    "child": {"age": 9},
    "toddler": {"age": 6},
    "teenager": {"age": 16},
    "teenage": {"age": 16},
    "grandmother": {"sex": "female", "age": 72},
    "grandfather": {"sex": "male", "age": 72},
    "young": {"age": 24},
    "middle-aged": {"age": 48},
    "middle aged": {"age": 48},
    "old": {"age": 70},
    "elderly": {"age": 74},
}
_SHADES = {
    "black": "black",
    "dark": "black",
    "brown": "brown",
    "brunette": "brown",
    "chestnut": "brown",
    "blond": "blond",
    "blonde": "blond",
    "fair": "blond",
    "red": "red",
    "ginger": "red",
    "grey": "grey",
    "gray": "grey",
    "white": "grey",
    "silver": "grey",
}
_HAIR: dict[str, Asked] = {
    **{f"{word} hair": {"hair": shade} for word, shade in _SHADES.items()},
    **{f"{word}-haired": {"hair": shade} for word, shade in _SHADES.items()},
    **{
        word: {"hair": shade}
        for word, shade in _SHADES.items()
        if word not in ("dark", "fair", "white", "black", "brown")
    },
    "redhead": {"hair": "red"},
    "redheaded": {"hair": "red"},
    **{f"{word}{end}": {"hair-length": word} for word in ("long", "short") for end in (" hair", "-haired", "")},
    **{f"{word}{end}": {"curl": "curly"} for word in ("curly", "frizzy", "wavy") for end in (" hair", "-haired", "")},
    **{f"straight{end}": {"curl": "straight"} for end in (" hair", "-haired")},
    "bald": {"bald": "yes"},
    "bald-headed": {"bald": "yes"},
    "fringe": {"fringe": "yes"},
    "bangs": {"fringe": "yes"},
    "no fringe": {"fringe": "no"},
    "without a fringe": {"fringe": "no"},
}
_FACE: Mapping[str, Asked] = {
    **{f"{no}{word}": {"glasses": "no"} for no in ("without ", "no ") for word in ("glasses", "spectacles")},
    "glasses": {"glasses": "yes"},
    "spectacles": {"glasses": "yes"},
    "bespectacled": {"glasses": "yes"},
    "beard": {"beard": "yes"},
    "bearded": {"beard": "yes"},
    "unshaven": {"beard": "yes"},
    "without a beard": {"beard": "no"},
    "no beard": {"beard": "no"},
    "clean-shaven": {"beard": "no"},
    "shaven": {"beard": "no"},
    "make-up": {"makeup": "yes"},
    "makeup": {"makeup": "yes"},
    "made-up": {"makeup": "yes"},
    "lipstick": {"makeup": "yes"},
    "without make-up": {"makeup": "no"},
    "no make-up": {"makeup": "no"},
    "without makeup": {"makeup": "no"},
    "no makeup": {"makeup": "no"},
    "full lips": {"lips": "full"},
    "thin lips": {"lips": "thin"},
    "clear skin": {"complexion": "clear"},
    "stunning": {"makeup": "yes", "lips": "full", "complexion": "clear"},
    "glamorous": {"makeup": "yes", "lips": "full", "complexion": "clear"},
    **{f"{word} skin": {"skin": "light"} for word in ("light", "pale", "fair", "white")},
    **{f"{word} skin": {"skin": "dark"} for word in ("dark", "brown", "black")},
    **{f"{word}-skinned": {"skin": "light"} for word in ("light", "pale", "fair")},
    "dark-skinned": {"skin": "dark"},
    "pale": {"skin": "light"},
    "blue eyes": {"eye-colour": "blue"},
    "blue-eyed": {"eye-colour": "blue"},
    "brown eyes": {"eye-colour": "brown"},
    "dark eyes": {"eye-colour": "brown"},
    "brown-eyed": {"eye-colour": "brown"},
    "wide nose": {"nose": "wide"},
    "narrow nose": {"nose": "narrow"},
    "wide face": {"face": "wide"},
    "round face": {"face": "wide"},
    "narrow face": {"face": "narrow"},
}
_EXPRESSION: Mapping[str, Asked] = {
    "smiling": {"smile": 0.7},
    "smile": {"smile": 0.7},
    "happy": {"smile": 0.75},
    "cheerful": {"smile": 0.75},
    "slight smile": {"smile": 0.35},
    "slightly smiling": {"smile": 0.35},
    "grinning": {"smile": 0.9, "teeth": "yes"},
    "laughing": {"smile": 0.9, "teeth": "yes", "mouth": "open"},
    "serious": {"smile": 0.05, "mouth": "closed"},
    "not smiling": {"smile": 0.05},
    "earnest": {"smile": 0.05, "mouth": "closed"},
    "open mouth": {"mouth": "open"},
    "mouth open": {"mouth": "open"},
    "closed mouth": {"mouth": "closed"},
    "mouth closed": {"mouth": "closed"},
    "surprised": {"brows": "raised", "eyes": "wide", "mouth": "open"},
    "raised brows": {"brows": "raised"},
    "frowning": {"brows": "frowning"},
    "wide eyes": {"eyes": "wide"},
    "narrow eyes": {"eyes": "narrow"},
    **{f"looking {way}": {"gaze": way} for way in ("left", "right", "up", "down", "ahead")},
    **{f"looking to the {way}": {"gaze": way} for way in ("left", "right")},
    **{f"turned {to}left": {"yaw": 20.0} for to in ("", "to the ")},
    **{f"turned {to}right": {"yaw": -20.0} for to in ("", "to the ")},
    **{f"facing {to}left": {"yaw": 20.0} for to in ("", "to the ")},
    **{f"facing {to}right": {"yaw": -20.0} for to in ("", "to the ")},
    "facing the camera": {"yaw": 0.0, "pitch": 0.0},
    "facing ahead": {"yaw": 0.0, "pitch": 0.0},
    "from the front": {"yaw": 0.0, "pitch": 0.0},
    "head bent": {"pitch": 12.0},
    "chin up": {"pitch": -10.0},
}
_PICTURE: Mapping[str, Asked] = {
    **{f"{word} background": {"background": "light"} for word in ("light", "white", "bright")},
    **{f"{word} background": {"background": "dark"} for word in ("dark", "black")},
    **{f"{way} {side}": {"light": side} for way in ("lit from the", "light from the") for side in ("left", "right")},
    "lit from above": {"light": "above"},
    "light from above": {"light": "above"},
}
VOCABULARY: Mapping[str, Asked] = {**_PEOPLE, **_HAIR, **_FACE, **_EXPRESSION, **_PICTURE}
"""Phrase → what it asks."""

_SILENCE = (
    "a an the of with and who is are has have his her its their in at on to wearing person face portrait photo picture "
    "someone somebody he she it very looks eyes hair skin years year old aged age about around roughly"
)
_SILENT = frozenset(_SILENCE.split())
"""Words that say nothing of their own."""
_COUNTED = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_ONES = _COUNTED.split()
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70}
_NUMBERS = {
    **{word: i + 1 for i, word in enumerate(_ONES)},
    **_TENS,
    **{
        f"{tens}{dash}{one}": n + i + 1 for tens, n in _TENS.items() for i, one in enumerate(_ONES[:9]) for dash in "- "
    },
}
_DECADES = {
    **{f"{tens[:-1]}ies": n for tens, n in _TENS.items()},
    **{f"{n}{s}": n for n in _TENS.values() for s in ("s", "ies")},
    "teens": 12,
}


@dataclass(frozen=True)
class Understood:
    """``asked``: trait → value. ``unknown``: words that are not in the vocabulary, in their order."""

    asked: Asked
    unknown: tuple[str, ...]


def understand(sentence: str) -> Understood:
    """What a sentence asks."""
    left = re.sub(r"[^\w\s'-]", " ", sentence.lower())
    found: dict[int, Asked] = {}
    left = _take_ages(left, found)
    for phrase in sorted(VOCABULARY, key=len, reverse=True):
        left = _take(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])", left, found, VOCABULARY[phrase])
    asked: Asked = {}
    for place in sorted(found):
        asked |= found[place]
    # an age in numbers says more than "young" or "girl" does, wherever it stands
    if -1 in found:
        asked |= found[-1]
    return Understood(asked, tuple(word for word in left.split() if word.strip("'-") and word not in _SILENT))


def _take_ages(left: str, found: dict[int, Asked]) -> str:
    """Ages in numbers, words and decades, at place −1."""
    decade = r"(?<![\w-])(early |mid |mid-|middle |late )?(" + "|".join(_DECADES) + r")(?![\w-])"
    match = re.search(decade, left)
    if match:
        within = {"early": 2, "late": 8}.get((match[1] or "").strip(" -"), 5)
        found[-1] = {"age": float(_DECADES[match[2]] + within)}
        return left[: match.start()] + " " + left[match.end() :]
    number = r"(\d{1,2}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + r")"
    match = re.search(rf"(?<![\w-]){number}((-| )years?(-| )old|(-| )years)?(?![\w-])", left)
    if match:
        found[-1] = {"age": float(_NUMBERS[match[1]] if match[1] in _NUMBERS else match[1])}
        return left[: match.start()] + " " + left[match.end() :]
    return left


def _take(pattern: str, left: str, found: dict[int, Asked], asked: Asked) -> str:
    """Every place of a phrase is noted and blanked, so that what lies inside a longer phrase is not read again."""
    for match in re.finditer(pattern, left):
        found[match.start()] = dict(asked)
        left = left[: match.start()] + " " * (match.end() - match.start()) + left[match.end() :]
    return left
