"""What is read from a face: the attributes by name, each with its unit and what exactly was measured."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from doppelganger.directions.hair import SHADES
from doppelganger.faces.detector import Face
from doppelganger.faces.landmarks import Landmarks


@dataclass(frozen=True)
class Attribute:
    """``unit`` as it is written behind a number; ``meaning``: one line on how it is measured."""

    unit: str
    meaning: str


_SHADE = "mean over the hair's pixels of how near each is to {} among black, brown, blond, red and grey (CIELAB, soft)"
ATTRIBUTES: Mapping[str, Attribute] = {
    "yaw": Attribute("°", "head turned to the person's left; MediaPipe's mesh fitted by its canonical face"),
    "pitch": Attribute("°", "head bent down; the same fit"),
    "roll": Attribute("°", "head tilted clockwise in the picture; the same fit"),
    "age": Attribute("years", "mean over the 81 classes of a small residual network (0.25–80)"),
    "female": Attribute("probability", "of a small residual network; apparent sex, as strangers would guess it"),
    "smile": Attribute("0–1", "MediaPipe: mean of mouthSmileLeft and -Right"),
    "mouth_open": Attribute("eye distances", "gap between the inner lips; eye distance: outer corner to outer corner"),
    "eyes_open": Attribute("eye widths", "mean gap between the lids"),
    "brow_raise": Attribute("−1–1", "MediaPipe: mean of browInnerUp, browOuterUp* minus mean of browDown*"),
    "gaze_side": Attribute("−1–1", "MediaPipe: eyes to the person's left, from eyeLookIn*, eyeLookOut*"),
    "gaze_up": Attribute("−1–1", "MediaPipe: eyeLookUp* minus eyeLookDown*"),
    "squint": Attribute("0–1", "MediaPipe: mean of eyeSquint*"),
    "pucker": Attribute("0–1", "MediaPipe: mouthPucker"),
    "lip_fullness": Attribute("eye distances", "height of the red of both lips at the middle, in three dimensions"),
    "nose_width": Attribute("eye distances", "between the wings of the nose, in three dimensions"),
    "nose_length": Attribute("eye distances", "from between the eyes to the base, in three dimensions"),
    "face_width": Attribute("face heights", "ear to ear over brow to chin, in three dimensions"),
    "jaw_width": Attribute("face widths", "corner to corner of the jaw, in three dimensions"),
    "eye_size": Attribute("eye distances", "corner to corner of one eye, in three dimensions"),
    "hair_lightness": Attribute("L*", "mean of the hair's middle tones"),
    "hair_a": Attribute("a*", "the same: green to red"),
    "hair_b": Attribute("b*", "the same: blue to yellow"),
    **{f"hair_{shade}": Attribute("0–1", _SHADE.format(shade)) for shade in SHADES},
    "hair_length": Attribute(
        "face heights²", "area of hair below the level of the chin, as far as the picture reaches"
    ),
    "fringe": Attribute("share", "of the forehead (brows to the mesh's top) covered by hair"),
    "baldness": Attribute(
        "share", "bare skin among skin and hair above the mesh's top, between the temples; none under a hat"
    ),
    "curl": Attribute("0–1", "1 − coherence of the strands' directions (structure tensor over 8 pixels at 512²)"),
    "hat": Attribute("share", "of the picture"),
    "skin_lightness": Attribute("L*", "mean of the face's middle tones"),
    "skin_warmth": Attribute("b*", "the same: blue to yellow; mostly the light's colour"),
    "skin_tone": Attribute(
        "° ITA", "individual typology angle atan((L* − 50) / b*), b* ≥ 5: higher is lighter (Chardon 1991)"
    ),
    "roughness": Attribute("dB", "power of the skin's texture of 2–8 pixels at 1024²: pores and fine lines"),
    "blotches": Attribute("ΔE", "deviation of L* and a* over the cheeks at the scale of spots"),
    "shine": Attribute("share", "of the skin far lighter and paler than most of it"),
    "beard": Attribute("s.d.", "upper lip, chin and jaw darker, rougher and paler in colour than the cheeks, summed"),
    "lip_redness": Attribute("a*", "lips redder than the skin"),
    "lid_contrast": Attribute("L*", "upper lids darker than the cheeks"),
    "makeup": Attribute("CIELAB", "mean of lip_redness and lid_contrast: facial contrast (Russell 2009)"),
    "glasses": Attribute("share", "of the eyes' surroundings that the parser calls glasses"),
    "teeth": Attribute("eye distances²", "bright area in the open mouth"),
    "iris_lightness": Attribute("L*", "both irises between pupil and rim"),
    "iris_a": Attribute("a*", "the same: green to red"),
    "iris_b": Attribute("b*", "the same: blue (low) to brown (high)"),
    "light_left": Attribute("L*", "the person's left cheek and jaw lighter than the right"),
    "light_above": Attribute("L*", "forehead lighter than cheeks and jaw"),
    "background": Attribute("L*", "mean behind the person"),
    "background_warmth": Attribute("b*", "the same: blue to yellow"),
}


@dataclass(frozen=True)
class Reading:
    """One face as read. ``values``: every name of `ATTRIBUTES`; NaN where a thing is not in the picture (a bald head's hair)."""

    values: Mapping[str, float]
    face: Face
    landmarks: Landmarks
    labels: NDArray[np.uint8]
    """`Part` of every pixel, [512, 512]."""

    def __getitem__(self, name: str) -> float:
        return self.values[name]

    @property
    def blendshapes(self) -> Mapping[str, float]:
        """MediaPipe's 52 coefficients, 0–1, by ARKit name."""
        return self.landmarks.blendshapes

    @property
    def hair_colour(self) -> str:
        """The nearest of black, brown, blond, red, grey; "none" on a bald head."""
        scores = {shade: self.values[f"hair_{shade}"] for shade in SHADES}
        return "none" if np.isnan(scores["black"]) else max(scores, key=lambda shade: scores[shade])
