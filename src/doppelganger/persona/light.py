"""The light of a picture, as far as colours tell: its colour, how bright it is, from where it comes; and a person put into it.

The colour is the illuminant by shades of grey: the Minkowski mean of linear RGB, p = 6 (Finlayson and Trezzi, "Shades of Gray and
Colour Constancy", 2004). Where light comes from is only guessed, by which side of a place is brighter. Because both err (a green
wall is no green light) a person is moved part of the way only, and never far.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.images import RGB, resize_area

Floats = NDArray[np.float32]

_NORM = 6  # Finlayson and Trezzi's best
_SIDE = 256  # light is looked at in a small picture
_COLOUR_SHARE, _COLOUR_LIMIT = 0.4, 1.15
_LIGHTNESS_SHARE, _LIGHTNESS_LIMIT = 0.35, 12.0  # L*
_SLOPE_SHARE, _SLOPE_LIMIT = 0.25, 7.0  # L* from one side of the picture to the other
_WRAP, _WRAP_SHARE = (
    0.012,
    0.35,
)  # deviation in sides of the picture; share of the background's light on the outermost edge


@dataclass(frozen=True)
class Light:
    """``colour``: of the light, linear RGB with mean 1, [3]. ``lightness``: median L*. ``from_right``, ``from_below``: L* of the
    picture's right (lower) third above that of its left (upper) third."""

    colour: tuple[float, float, float]
    lightness: float
    from_right: float
    from_below: float


@dataclass(frozen=True)
class Change:
    """What brings a person from one light into another: ``gains`` of linear RGB, ``lightness`` added to L*, and ``from_right`` L*
    added more at the right edge of the picture than at the left one."""

    gains: tuple[float, float, float]
    lightness: float
    from_right: float


def measure_light(image: RGB) -> Light:
    """Of a uint8 [H, W, 3] picture as a whole."""
    height, width = image.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    small = resize_area(image, max(3, round(width * scale)), max(3, round(height * scale)))
    linear = _to_linear(small)
    # clipped pixels have lost their colour, the darkest hold noise; lamps in the picture would outweigh all that they light
    brightness = small.max(2)
    usable = linear[(brightness < min(250, np.percentile(brightness, 97) + 1)) & (brightness > 8)]
    colour = (usable**_NORM).mean(0) ** (1 / _NORM) if len(usable) else np.ones(3)
    colour = colour / colour.mean()
    lightness = _lightness(small)
    across, down = np.array_split(lightness, 3, axis=1), np.array_split(lightness, 3, axis=0)
    return Light(
        (float(colour[0]), float(colour[1]), float(colour[2])),
        float(np.median(lightness)),
        float(across[2].mean() - across[0].mean()),
        float(down[2].mean() - down[0].mean()),
    )


def change_between(own: Light, new: Light) -> Change:
    """From the light of the picture that a person is in to that of the place where they go: gently, see the module."""
    gains = np.clip((np.array(new.colour) / own.colour) ** _COLOUR_SHARE, 1 / _COLOUR_LIMIT, _COLOUR_LIMIT)
    gains = gains / (gains @ [0.2126, 0.7152, 0.0722])  # a colour, no brightness
    lightness = np.clip(_LIGHTNESS_SHARE * (new.lightness - own.lightness), -_LIGHTNESS_LIMIT, _LIGHTNESS_LIMIT)
    from_right = np.clip(_SLOPE_SHARE * new.from_right, -_SLOPE_LIMIT, _SLOPE_LIMIT)
    return Change((float(gains[0]), float(gains[1]), float(gains[2])), float(lightness), float(from_right))


def relight(person: Floats, change: Change) -> Floats:
    """The person's colours, float32 [H, W, 3] in 0–255, after the change. Black and white stay where they are."""
    linear = _to_linear(person) * np.array(change.gains, np.float32)
    lab = cv2.cvtColor(_from_linear(linear), cv2.COLOR_RGB2LAB)
    slope = np.linspace(-0.5, 0.5, person.shape[1], dtype=np.float32)[None] * np.float32(change.from_right)
    # most in the middle tones: a shift of black is fog, of white a grey
    middle = 4 * (lab[:, :, 0] / 100) * (1 - lab[:, :, 0] / 100)
    lab[:, :, 0] = np.clip(lab[:, :, 0] + (change.lightness + slope) * middle, 0, 100)
    return np.asarray(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1) * 255, np.float32)


def wrap_light(person: Floats, alpha: Floats, background: RGB) -> Floats:
    """A little of the background's light around the person's edge, as a lens sees it: float32 [H, W, 3] in 0–255.

    ``alpha``: the person's matte, [H, W].
    """
    sigma = _WRAP * max(alpha.shape)
    behind = cv2.GaussianBlur(background.astype(np.float32), (0, 0), 2 * sigma, borderType=cv2.BORDER_REFLECT)
    near = cv2.GaussianBlur(1 - alpha, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)[:, :, None]
    return np.asarray(person + (behind - person) * np.clip(near, 0, 1) * _WRAP_SHARE, np.float32)


def _lightness(image: RGB) -> Floats:
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[:, :, 0], np.float32)


def _to_linear(image: NDArray[np.uint8] | Floats) -> Floats:
    """sRGB 0–255 → linear 0–1 (IEC 61966-2-1)."""
    x = np.asarray(image, np.float32) / 255
    return np.asarray(np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4), np.float32)


def _from_linear(linear: Floats) -> Floats:
    """Linear 0–1 → sRGB 0–1."""
    x = np.clip(linear, 0, 1)
    return np.asarray(np.where(x <= 0.0031308, x * 12.92, 1.055 * x ** (1 / 2.4) - 0.055), np.float32)
