"""The avatar's skin, spread out: every key expression painted into one common geometry, in which mouth and eyes stand open.

Pictures in a common geometry can be mixed pixel by pixel without doubling any feature (Cootes, Edwards and Taylor 2001, "Active
Appearance Models": shape-free texture). The whole picture at rest is the base; every other key adds what differs within its region:
lids, lips and what lies behind them, the brows, the sides of a turned head.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.images import RGB
from doppelganger.puppet.mesh import FACE_POINTS, Mesh
from doppelganger.puppet.raster import Floats, texture_map
from doppelganger.puppet.topology import LEFT_EYE, LIPS_INNER, LIPS_OUTER, OVAL, RIGHT_EYE

_SEEN = 0.02
"""A smaller weight changes no pixel that one would see."""


@dataclass(frozen=True)
class Layer:
    """What a key adds. ``box``: left, top, right, bottom in the texture. ``difference``: int16 [h, w, 3] to the base, faded at the
    region's edge."""

    box: tuple[int, int, int, int]
    difference: NDArray[np.int16]


def spread_out(picture: NDArray[Any], points: Floats, spread: Floats, mesh: Mesh, size: int) -> NDArray[np.uint8]:
    """``picture``, uint8 [S, S, C] with the mesh at ``points`` [N, 2] in its pixels, in the common geometry ``spread`` [N, 2]."""
    order = np.argsort(mesh.layer == 1, kind="stable")  # what lies behind lids and lips last: it is open here
    x, y = texture_map(spread, points, mesh.triangles[order], size)
    # cubic where the picture is larger than the texture would alias: one octave is taken off first
    scale = len(picture) / size
    if scale > 1.5:
        small = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
        x, y, picture = (x + 0.5) / scale - 0.5, (y + 0.5) / scale - 0.5, small
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def layer_of(base: RGB, key: RGB, region: Floats, shading: float = 0.0) -> Layer:
    """What ``key`` adds to ``base`` in ``region`` [S, S] of 0–1, both uint8 [S, S, 3] spread out; with ``shading``, only what is
    left after a Gaussian of that many pixels."""
    ys, xs = np.flatnonzero(region.max(1) > 0.01), np.flatnonzero(region.max(0) > 0.01)
    box = (int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1)
    window = np.s_[box[1] : box[3], box[0] : box[2]]
    difference = key[window].astype(np.float32) - base[window]
    if shading:
        difference = cv2.GaussianBlur(difference, (0, 0), shading, borderType=cv2.BORDER_REPLICATE)
    difference = difference * region[window][..., None]
    return Layer(box, np.rint(difference).astype(np.int16))


class Mixer:
    """The base with layers added, kept from one frame to the next: only what the layers touch is done anew."""

    def __init__(self, base: RGB, layers: Mapping[str, Layer]) -> None:
        """``base``: uint8 [S, S, 3]."""
        self._base, self._layers = base, layers
        self._out = base.copy()
        self._touched = (0, 0, 0, 0)
        self._change = np.zeros((0, 0, 3), np.int16)

    def __call__(self, weights: Mapping[str, float]) -> RGB:
        """Every layer as far as its weight in 0–1 says, uint8 [S, S, 3]. It is good until the next call."""
        left, top, right, bottom = self._touched
        self._out[top:bottom, left:right] = self._base[top:bottom, left:right]
        self._touched = (0, 0, 0, 0)
        shown = [(self._layers[name], w) for name, w in weights.items() if name in self._layers and w > _SEEN]
        if not shown:
            return self._out
        left, top = (min(layer.box[k] for layer, _ in shown) for k in (0, 1))
        right, bottom = (max(layer.box[k] for layer, _ in shown) for k in (2, 3))
        shape = (bottom - top, right - left, 3)
        if self._change.shape != shape:
            self._change = np.zeros(shape, np.int16)
        else:
            self._change.fill(0)
        for layer, weight in shown:
            x0, y0, x1, y1 = layer.box
            part = self._change[y0 - top : y1 - top, x0 - left : x1 - left]
            cv2.addWeighted(part, 1, layer.difference, weight, 0, dst=part)
        window = self._out[top:bottom, left:right]
        cv2.add(window, self._change, dst=window, dtype=cv2.CV_8U)
        self._touched = (left, top, right, bottom)
        return self._out


def regions(spread: Floats, size: int) -> dict[str, Floats]:
    """Where each key of the expression counts: name → [S, S] in 0–1 with soft edges. ``spread``: [≥ 478, 2] in the texture."""
    face = spread[:FACE_POINTS]
    width = float(np.ptp(face[list(OVAL), 0]))
    inside = _filled([face[list(OVAL)]], size)
    inner = _soft(cv2.erode(inside, np.ones((3, 3), np.uint8), iterations=max(1, round(0.02 * width))), 0.025 * width)

    def around(*outlines: tuple[int, ...], reach: float, fade: float) -> Floats:
        mask = _filled([cv2.convexHull(face[list(outline)])[:, 0] for outline in outlines], size)
        grown = cv2.dilate(mask, _disc(reach * width))
        return np.minimum(_soft(grown, fade * width), inner)

    mouth = around(LIPS_OUTER, reach=0.10, fade=0.045)
    lower = _below(face[2], face[152], size, 0.12 * width)
    return {
        "open": mouth,
        "smile": np.minimum(np.maximum(around(LIPS_OUTER, reach=0.28, fade=0.06), mouth), np.maximum(lower, mouth)),
        "oo": mouth,
        "closed_right": around(RIGHT_EYE, reach=0.055, fade=0.02),
        "closed_left": around(LEFT_EYE, reach=0.055, fade=0.02),
        "brows": np.minimum(inner, _above(face[[159, 386]].mean(0), size, 0.08 * width)),
        "face": inner,
        "inside": _soft(_filled([face[list(LIPS_INNER)]], size), 1.0),
    }


def _filled(outlines: list[Floats], size: int) -> NDArray[np.uint8]:
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.rint(outline).astype(np.int32) for outline in outlines], 255)
    return mask


def _soft(mask: NDArray[np.uint8], sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), max(sigma, 0.6)), np.float32)


def _disc(radius: float) -> NDArray[np.uint8]:
    side = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _below(top: Floats, bottom: Floats, size: int, fade: float) -> Floats:
    y = np.arange(size, dtype=np.float32)[:, None]
    return np.broadcast_to(np.clip((y - top[1] + fade) / fade, 0, 1), (size, size)).astype(np.float32)


def _above(bottom: Floats, size: int, fade: float) -> Floats:
    y = np.arange(size, dtype=np.float32)[:, None]
    return np.broadcast_to(np.clip((bottom[1] - y) / fade, 0, 1), (size, size)).astype(np.float32)
