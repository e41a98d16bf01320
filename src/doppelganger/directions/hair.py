"""Colour, length and shape of the hair, from the parsed picture."""

import cv2
import numpy as np

from doppelganger.directions.regions import CHIN_TIP, FOREHEAD, TOP, Canvas, Floats, Mask
from doppelganger.faces.parsing import Part

SHADES = {
    "black": (11.0, 1.0, 1.0),
    "brown": (28.0, 7.0, 10.0),
    "blond": (56.0, 8.0, 26.0),
    "red": (36.0, 22.0, 24.0),
    "grey": (60.0, 1.0, 4.0),
}
"""CIELAB of hair as photographed in even light; grey includes white."""
_SOFTNESS = 9.0  # CIELAB units at which a pixel is torn between two shades
_LEAST = 500  # pixels at 512² under which hair has no colour
_FINE, _WIDE = 1.5, 8.0  # pixels: gradients are taken at the first scale, their directions compared over the second


def hair(canvas: Canvas) -> dict[str, float]:
    """All measures; colours and curl are NaN where there is next to no hair."""
    inner = canvas.parts(Part.HAIR, shrink=4)
    inner = inner if inner.sum() >= _LEAST else np.zeros_like(inner)
    colour = canvas.colour(inner, _LEAST, (20, 80))
    scores = shade_scores(canvas.lab[inner])
    return {
        "hair_lightness": float(colour[0]),
        "hair_a": float(colour[1]),
        "hair_b": float(colour[2]),
        **{f"hair_{shade}": score for shade, score in scores.items()},
        "hair_length": _length(canvas),
        "fringe": canvas.share(canvas.parts(Part.HAIR), canvas.area(FOREHEAD)),
        "baldness": _baldness(canvas),
        "curl": _curl(canvas.lab[..., 0], inner),
        "hat": float(canvas.parts(Part.HAT).mean()),
    }


def shade_scores(pixels: Floats) -> dict[str, float]:
    """[N, 3] CIELAB → for each shade the mean over pixels of how near it is among the five (soft, sum 1); NaN for none."""
    if len(pixels) == 0:
        return dict.fromkeys(SHADES, float("nan"))
    centres = np.array(list(SHADES.values()), np.float32)
    # lightness varies with the light and the locks' shadows more than hue does: it counts half
    weights = np.array([0.5, 1.0, 1.0], np.float32)
    squared = np.square((pixels[:, None] - centres) * weights).sum(2) / (2 * _SOFTNESS**2)
    soft = np.exp(-(squared - squared.min(1, keepdims=True)))
    return dict(zip(SHADES, map(float, (soft / soft.sum(1, keepdims=True)).mean(0)), strict=True))


def _length(canvas: Canvas) -> float:
    """Hair below the level of the chin, in squares of the face's height."""
    chin, height = _levels(canvas)
    below = canvas.parts(Part.HAIR)[max(0, round(chin)) :].sum()
    return float(below) / height**2


def _baldness(canvas: Canvas) -> float:
    """Share of bare skin among what is skin or hair above the mesh's highest point, between the temples.

    NaN where a hat covers more than a fifth of it: what is under the brim is not known.
    """
    _, height = _levels(canvas)
    top = canvas.points[TOP, 1]
    rows = slice(0, max(1, round(float(top - 0.03 * height))))
    left, right = sorted((round(float(canvas.points[54, 0])), round(float(canvas.points[284, 0]))))
    columns = slice(max(0, left), max(left + 1, right))
    bare = canvas.parts(Part.SKIN)[rows, columns].sum()
    haired, covered = (canvas.parts(part)[rows, columns].sum() for part in (Part.HAIR, Part.HAT))
    known = bare + haired
    return float(bare / known) if known >= 100 and covered < (known + covered) / 5 else float("nan")


def _curl(lightness: Floats, inner: Mask) -> float:
    """1 − coherence of the strands' direction (structure tensor): 0 for straight parallel hair, near 1 for frizz."""
    if not inner.any():
        return float("nan")
    smooth = cv2.GaussianBlur(lightness, (0, 0), _FINE)
    x, y = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    # outside the hair nothing counts, or the head's outline would be read as a strand
    weight = inner.astype(np.float32)
    xx, yy, xy = (cv2.GaussianBlur(product * weight, (0, 0), _WIDE) for product in (x * x, y * y, x * y))
    difference, total = np.hypot(xx - yy, 2 * xy)[inner].sum(), (xx + yy)[inner].sum()
    return float(1 - difference / max(float(total), 1e-6))


def _levels(canvas: Canvas) -> tuple[float, float]:
    """The chin's y and the face's height, pixels."""
    chin = float(canvas.points[CHIN_TIP, 1])
    return chin, float(np.linalg.norm(canvas.points[TOP] - canvas.points[CHIN_TIP]))
