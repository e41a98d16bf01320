"""Skin, beard, lips, lids, irises and teeth: colours and textures of the face, and the light on it."""

import cv2
import numpy as np

from doppelganger.directions.regions import (
    CHIN,
    EYES,
    FOREHEAD,
    LEFT_CHEEK,
    LEFT_EYE_AREA,
    LEFT_JAW,
    LEFT_LID,
    MOUSTACHE,
    RIGHT_CHEEK,
    RIGHT_EYE_AREA,
    RIGHT_JAW,
    RIGHT_LID,
    Canvas,
    Floats,
    Mask,
    to_lab,
)
from doppelganger.faces.parsing import Part
from doppelganger.images import RGB

_SHINE = 14.0  # L* above the skin's 60th percentile where a highlight begins
_LEAST_YELLOW = 5.0  # b* under which the typology angle has no meaning: skin in blue light
_BEARD = (6.6, 0.40, 3.9)  # deviations of darkness (L*), roughness (log amplitude) and paleness (chroma) among adults
_TEETH = 50.0  # L* of the darkest teeth in shade
_RING = (0.45, 0.85)  # of the iris' radius: between pupil and limbus
_LEAST_IRIS = 40  # pixels of both irises at 1024²


def skin(canvas: Canvas) -> dict[str, float]:
    """Tone, evenness, shine, beard and make-up of the face, and the light on it."""
    bare = canvas.parts(Part.SKIN, Part.NOSE, shrink=3)
    # the rim of glasses and its shadow are no skin
    rims = cv2.dilate(canvas.parts(Part.GLASSES).astype(np.uint8), np.ones((11, 11), np.uint8)).astype(bool)
    cheeks = canvas.area(RIGHT_CHEEK, LEFT_CHEEK) & bare & ~rims
    tone, cheek = canvas.colour(bare, 500), canvas.colour(cheeks)
    lips = canvas.colour(canvas.parts(Part.UPPER_LIP, Part.LOWER_LIP, shrink=1))
    seen = ~canvas.parts(Part.GLASSES)
    lids = canvas.colour(canvas.area(RIGHT_LID, LEFT_LID) & seen)
    lip_redness, lid_contrast = float(lips[1] - tone[1]), float(cheek[0] - lids[0])
    return {
        "skin_lightness": float(tone[0]),
        "skin_warmth": float(tone[2]),
        "skin_tone": float(np.degrees(np.arctan((tone[0] - 50) / np.maximum(tone[2], _LEAST_YELLOW)))),
        "blotches": _blotches(canvas.lab, cheeks),
        "shine": _shine(canvas.lab, bare),
        "beard": _beard(canvas, bare, cheeks),
        "lip_redness": lip_redness,
        "lid_contrast": lid_contrast,
        "makeup": (lip_redness + lid_contrast) / 2,
        "glasses": canvas.share(canvas.parts(Part.GLASSES), canvas.area(RIGHT_EYE_AREA, LEFT_EYE_AREA)),
        "teeth": _teeth(canvas),
        **_light(canvas, bare),
    }


def surroundings(canvas: Canvas) -> dict[str, float]:
    """What lies behind the person."""
    behind = canvas.colour(canvas.parts(Part.BACKGROUND, shrink=4), 500, (0, 100))
    return {"background": float(behind[0]), "background_warmth": float(behind[2])}


def iris(image: RGB, points: Floats) -> dict[str, float]:
    """Mean CIELAB of both irises inside the lids, of a uint8 [N, N, 3] picture; ``points``: [478, ≥ 2], its pixels."""
    colours = []
    for centre, lids in EYES:
        x, y = points[centre, :2]
        radius = float(np.linalg.norm(points[centre + 1 : centre + 5, :2] - points[centre, :2], axis=1).mean())
        left, top = (max(0, int(c - 2 * radius)) for c in (x, y))
        patch = image[top : int(y + 2 * radius) + 2, left : int(x + 2 * radius) + 2]
        if patch.size == 0:
            continue
        ring, opening = np.zeros(patch.shape[:2], np.uint8), np.zeros(patch.shape[:2], np.uint8)
        middle = (round(float(x - left)), round(float(y - top)))
        cv2.circle(ring, middle, max(1, round(_RING[1] * radius)), 1, cv2.FILLED)
        cv2.circle(ring, middle, max(1, round(_RING[0] * radius)), 0, cv2.FILLED)
        cv2.fillPoly(opening, [np.round(points[list(lids), :2] - [left, top]).astype(np.int32)], 1)
        # the last pixels before the lids are lashes and their shade
        ring &= cv2.erode(opening, np.ones((7, 7), np.uint8))
        colours.append(to_lab(np.ascontiguousarray(patch))[ring.astype(bool)])
    pixels = np.concatenate(colours) if colours else np.empty((0, 3), np.float32)
    if len(pixels) < _LEAST_IRIS:
        return dict.fromkeys(("iris_lightness", "iris_a", "iris_b"), float("nan"))
    low, high = np.percentile(pixels[:, 0], (20, 80))  # without the reflections of lamps and the rest of the pupil
    mean = pixels[(pixels[:, 0] >= low) & (pixels[:, 0] <= high)].mean(0)
    return {"iris_lightness": float(mean[0]), "iris_a": float(mean[1]), "iris_b": float(mean[2])}


def _blotches(lab: Floats, cheeks: Mask) -> float:
    """Deviation of a* and L* over the cheeks at the scale of spots (2–8 pixels at 512²), CIELAB units."""
    if not cheeks.any():
        return float("nan")
    band = cv2.GaussianBlur(lab[..., :2], (0, 0), 1.5) - cv2.GaussianBlur(lab[..., :2], (0, 0), 6.0)
    return float(np.sqrt(np.square(band[cheeks]).sum(1).mean()))


def _shine(lab: Floats, bare: Mask) -> float:
    """Share of the skin that outshines it: far lighter than most of it and paler."""
    pixels = lab[bare]
    if len(pixels) < 500:
        return float("nan")
    usual = np.percentile(pixels[:, 0], 60)
    chroma = np.hypot(pixels[:, 1], pixels[:, 2])
    return float(((pixels[:, 0] > usual + _SHINE) & (chroma < np.median(chroma))).mean())


def _beard(canvas: Canvas, bare: Mask, cheeks: Mask) -> float:
    """How much more upper lip, chin and jaw look like hair than the cheeks do: darker, rougher and of a paler colour.

    Each is the median of the four places, so that one in shadow does not count, in units of its deviation among 400 generated
    adults; the three are added. Darkness alone takes a shadow for a beard, roughness alone an old cheek for a smooth one.
    """
    lightness = canvas.lab[..., 0]
    grain = np.square(lightness - cv2.GaussianBlur(lightness, (0, 0), 3.0))
    reference = canvas.colour(cheeks)
    if not np.isfinite(reference).all():
        return float("nan")
    signs = []
    for place in (MOUSTACHE, CHIN, RIGHT_JAW, LEFT_JAW):
        area = canvas.area(place) & bare
        colour = canvas.colour(area)
        if np.isfinite(colour).all():
            rougher = 0.5 * np.log((grain[area].mean() + 1e-3) / (grain[cheeks].mean() + 1e-3))
            paler = np.hypot(*reference[1:]) - np.hypot(*colour[1:])
            signs.append((reference[0] - colour[0], rougher, paler))
    return float((np.median(signs, axis=0) / _BEARD).sum()) if signs else float("nan")


def _teeth(canvas: Canvas) -> float:
    """Area of bright pixels in the open mouth, in squares of the outer eye distance."""
    eyes = float(np.linalg.norm(canvas.points[33] - canvas.points[263]))
    inside = canvas.parts(Part.MOUTH)
    return float((canvas.lab[..., 0][inside] > _TEETH).sum()) / max(eyes, 1.0) ** 2


def _light(canvas: Canvas, bare: Mask) -> dict[str, float]:
    """L* differences over the skin: person's left minus right cheek, forehead minus jaw."""

    def lightness(*polygons: tuple[int, ...]) -> float:
        return float(canvas.colour(canvas.area(*polygons) & bare)[0])

    left, right = lightness(LEFT_CHEEK, LEFT_JAW), lightness(RIGHT_CHEEK, RIGHT_JAW)
    return {"light_left": left - right, "light_above": lightness(FOREHEAD) - (left + right) / 2}
