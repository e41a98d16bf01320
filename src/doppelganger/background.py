"""A new background: who stands in front of it (matting), their own colours at the edge, and what to put behind them.

Hair, cloth and a wall find a source photo as well as a face does, without any recogniser. The matte is MODNet's (Ke et al. 2022,
"MODNet: Real-Time Trimap-Free Portrait Matting via Objective Decomposition"); where person and background mix, the person's own
colour is estimated by blur fusion (Forte and Pitié 2021, "Approximate Fast Foreground Colour Estimation").
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino
from numpy.typing import NDArray

from doppelganger.errors import ImageError
from doppelganger.images import RGB, read_image, resize
from doppelganger.weights import Store

Floats = NDArray[np.float32]
Backdrop = Callable[[RGB, Floats], RGB]
"""(picture uint8 [H, W, 3], its matte [H, W]) → what to put behind, uint8 [H, W, 3]."""

PLAIN = ((208, 211, 214), (150, 154, 159))
"""The soft greys of "plain", behind the head and in the corners: a photographer's paper background, lit from the front."""
_SIDE = 512
_BLURS = (90 / 1024, 6 / 1024)
"""Radii of the two passes of blur fusion in sides of the picture: the paper's 90 and 6 pixels, which it gives for pictures of
about a thousand."""
_SOFT = 0.06
"""Deviation of the Gaussian of "blur", in sides of the picture."""


class Matting:
    """MODNet on the CPU; the store delivers it on first use."""

    def __init__(self, store: Store, threads: int = 1) -> None:
        core = openvino.Core()
        model = core.read_model(str(store.path("modnet")))
        model.reshape([1, 3, _SIDE, _SIDE])
        # f32 hint: the default on recent processors is bfloat16
        self._network: Any = core.compile_model(
            model, "CPU", {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
        )

    def matte(self, image: RGB) -> Floats:
        """How much of each pixel is the person, float32 [H, W] in 0–1, for a uint8 [H, W, 3] portrait."""
        pixels = (resize(image, _SIDE, _SIDE).astype(np.float32) - 127.5) / 127.5
        alpha = np.asarray(self._network(pixels.transpose(2, 0, 1)[None])[0][0, 0], np.float32)
        large = cv2.resize(alpha, image.shape[1::-1], interpolation=cv2.INTER_CUBIC)
        return np.asarray(np.clip(large, 0, 1), np.float32)


def backdrop(spec: str) -> Backdrop:
    """What to put behind a person: "plain" (soft grey), "blur" (the picture's own background, without form), a colour as
    "#rrggbb", or the path of a picture, cut to fit.

    Raises ImageError for anything else, and for a picture that cannot be read.
    """
    if spec == "plain":
        return _plain
    if spec == "blur":
        return _blurred
    if re.fullmatch("#[0-9a-fA-F]{6}", spec):
        colour = np.frombuffer(bytes.fromhex(spec[1:]), np.uint8)
        return lambda image, alpha: np.broadcast_to(colour, image.shape).copy()
    if not _is_there(spec):
        raise ImageError(f"{spec!r} is no background; use plain, blur, a colour such as #c8ccd0, or a picture's path.")
    picture = read_image(spec)
    return lambda image, alpha: cover(picture, image.shape[1], image.shape[0])


def new_background(image: RGB, alpha: Floats, background: RGB) -> RGB:
    """The person of ``image`` before ``background``, both uint8 [H, W, 3]; ``alpha``: the matte of ``image``, [H, W] in 0–1.

    Where alpha is 1 the picture stays as it is, where it is 0 nothing of it is left.
    """
    opacity = np.asarray(alpha, np.float32)[:, :, None]
    mixed = foreground(image, alpha) * opacity + background * (1 - opacity)
    return np.asarray(np.clip(mixed.round(), 0, 255), np.uint8)


def foreground(image: RGB, alpha: Floats) -> Floats:
    """The person's own colour at every pixel, float32 [H, W, 3] in 0–255: without the old background's tint at the edge.

    Blur fusion in two passes: F̂ and B̂ are the blurred colours of either side, and what they leave unexplained of the pixel,
    I − (α F̂ + (1 − α) B̂), is added to F̂ as far as the pixel is the person's.
    """
    picture, opacity = image.astype(np.float32), np.asarray(alpha, np.float32)[:, :, None]
    fore, back = picture, picture
    for share in _BLURS:
        side = 2 * max(1, round(share * max(alpha.shape))) + 1
        mean_fore = _weighted_blur(fore, opacity, side)
        back = _weighted_blur(back, 1 - opacity, side)
        fore = mean_fore + opacity * (picture - opacity * mean_fore - (1 - opacity) * back)
        fore = np.clip(fore, 0, 255)
    return np.asarray(fore, np.float32)


def _weighted_blur(values: Floats, weight: Floats, side: int) -> Floats:
    """Mean of [H, W, 3] in a box of ``side`` pixels, each counted by ``weight`` [H, W, 1]."""
    total = cv2.blur(values * weight, (side, side))
    return np.asarray(total / (cv2.blur(weight, (side, side))[:, :, None] + 1e-5), np.float32)


def _is_there(path: str) -> bool:
    try:
        return bool(path) and Path(path).exists()
    except OSError:  # longer than any name may be
        return False


def _plain(image: RGB, alpha: Floats) -> RGB:
    """Lightest behind the head, darker towards the corners."""
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    distance = np.hypot((x + 0.5) / width - 0.5, (y + 0.5) / height - 0.4)[:, :, None]
    middle, corner = np.array(PLAIN, np.float64)
    shade = np.clip(distance / np.hypot(0.5, 0.6), 0, 1)
    return np.asarray((middle + (corner - middle) * shade * shade * (3 - 2 * shade)).round(), np.uint8)


def _blurred(image: RGB, alpha: Floats) -> RGB:
    """The background's own colours without its forms; the person's place is filled from around it, so nobody bleeds into it."""
    height, width = image.shape[:2]
    size = 256
    shape = (size, max(1, round(size * height / width)))
    reach = max(3, round(0.02 * size)) | 1  # a matte's edge is never quite where the person ends
    person = cv2.dilate(cv2.resize(alpha, shape, interpolation=cv2.INTER_AREA), np.ones((reach, reach), np.uint8))
    weight = np.asarray(1 - person, np.float32)
    weight *= weight > 0.5
    small = cv2.resize(image, shape, interpolation=cv2.INTER_AREA).astype(np.float32)
    total, known = small * weight[:, :, None], weight.copy()
    filled = np.zeros_like(small)
    missing = np.ones_like(weight)
    # From fine to coarse: what the narrow Gaussian does not reach is left to the next, twice as wide.
    for doubling in range(5):
        sigma = _SOFT * size * 2**doubling
        near = cv2.GaussianBlur(known, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        colour = cv2.GaussianBlur(total, (0, 0), sigma, borderType=cv2.BORDER_REFLECT) / (near[:, :, None] + 1e-6)
        share = missing * np.clip(near * 4, 0, 1)
        filled += colour * share[:, :, None]
        missing -= share
    middle = total.sum((0, 1)) / known.sum() if known.sum() > 1 else np.array(PLAIN[0], np.float32)
    filled += middle * missing[:, :, None]
    soft = cv2.GaussianBlur(filled, (0, 0), _SOFT * size / 2, borderType=cv2.BORDER_REFLECT)
    large = cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(large.round(), 0, 255), np.uint8)


def cover(picture: RGB, width: int, height: int) -> RGB:
    """The largest middle part of ``picture`` with the wanted proportions, at the wanted size."""
    scale = max(width / picture.shape[1], height / picture.shape[0])
    across, down = (max(1, round(n / scale)) for n in (width, height))
    left, top = (picture.shape[1] - across) // 2, (picture.shape[0] - down) // 2
    return resize(np.ascontiguousarray(picture[top : top + down, left : left + across]), width, height)
