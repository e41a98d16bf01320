"""A face fitted into a photo's head: shape, outline, light. Fixed once for a photo, so that a search can look through it.

    worn(G) = α · light(warp(G)) + (1 − α) · portrait

*warp* (`shaping`) leads the face to the outline of the photo's head, so no hair or background of the generator's shows at the jaw;
*light* (`skin_light`) puts it into what lies on the photo's skin; *α* is one where both show a face: whatever is in front of it in
the photo, hair, a hand, the frames of glasses, stays in front. All of it is differentiable in G.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from doppelganger.directions.reader import Parser
from doppelganger.errors import NoFaceError
from doppelganger.images import RGB
from doppelganger.inphoto import face_alpha
from doppelganger.persona.frames import frames
from doppelganger.persona.shaping import warp_field
from doppelganger.persona.skin_light import SkinLight, SkinLightTensors, light_between, shrunk

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Fitting:
    """``source``: float32 [1024, 1024, 2], for every pixel of the portrait where in the face (x, y) it comes from. ``alpha``:
    [1024, 1024]. ``portrait``: uint8 [1024, 1024, 3]."""

    source: Floats
    alpha: Floats
    light: SkinLight
    portrait: RGB

    def face(self, image: RGB) -> Floats:
        """A face, uint8 [1024, 1024, 3], in the head's shape and light; float32 in 0–255, not yet cut out."""
        return self.light.apply(_remap(image, self.source))

    def worn(self, image: RGB) -> RGB:
        """The portrait with the face, uint8 [1024, 1024, 3]."""
        mixed = self.portrait + (self.face(image) - self.portrait) * self.alpha[:, :, None]
        return np.asarray(np.clip(mixed.round(), 0, 255), np.uint8)

    def bent(self, by: Floats) -> "Fitting":
        """With the face bent before it is put on: ``by`` [1024, 1024, 2] as of `nudging.bend`."""
        source = cv2.remap(self.source, by[..., 0], by[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return replace(self, source=np.asarray(source, np.float32))

    def trimmed(self, image: RGB, portrait_labels: NDArray[np.uint8], parser: Parser) -> "Fitting":
        """For a face that has changed since: only where this one shows face as well, since its hair may have come down into the
        forehead, and by the light on its own skin. As it was where nothing would be left. ``portrait_labels`` as for `fit`."""
        warped = _remap(image, self.source)
        labels = parser.parse(warped)
        alpha = np.minimum(self.alpha, _enlarge(face_alpha(labels, portrait_labels), len(self.portrait)))
        if not alpha.any():
            return self
        return replace(self, alpha=alpha, light=light_between(warped, labels, self.portrait, portrait_labels))

    def tensors(self, side: int, device: torch.device) -> "FittingTensors":
        """The same for faces of ``side`` pixels, with gradients."""
        grid = (self.source + 0.5) / (len(self.portrait) / 2) - 1  # PyTorch's: the picture's edges at ±1
        return FittingTensors(
            shrunk(grid, side, device).permute(0, 2, 3, 1),
            shrunk(self.alpha, side, device),
            self.light.tensors(side, device),
            shrunk(self.portrait / 127.5 - 1, side, device),
        )


@dataclass(frozen=True)
class FittingTensors:
    """A `Fitting` at some size: ``grid`` [1, S, S, 2], ``alpha`` [1, 1, S, S], ``portrait`` [1, 3, S, S]."""

    grid: Tensor
    alpha: Tensor
    light: SkinLightTensors
    portrait: Tensor

    def __call__(self, face: Tensor) -> Tensor:
        """[1, 3, S, S] in about [−1, 1] → the portrait that wears it, of the same shape."""
        there = F.grid_sample(face, self.grid, mode="bilinear", padding_mode="border", align_corners=False)
        return self.portrait + (self.light(there) - self.portrait) * self.alpha


def fit(
    face: RGB,
    points: Floats,
    portrait: RGB,
    portrait_points: Floats,
    portrait_labels: NDArray[np.uint8],
    parser: Parser,
) -> Fitting:
    """Fit a face into the portrait, both uint8 [1024, 1024, 3], each with its 478 points [478, 2] in pixels.

    ``portrait_labels``: `Part` of the portrait's pixels, [512, 512]. Raises NoFaceError where the two share no patch of face.
    """
    side = len(portrait)
    source = warp_field(points, portrait_points, side)
    warped = _remap(face, source)
    labels = parser.parse(warped)
    alpha = _enlarge(face_alpha(labels, portrait_labels), side)
    if not alpha.any():
        raise NoFaceError("The photo shows too little of the face to put another on it.")
    alpha = alpha * (1 - frames(portrait, portrait_labels, portrait_points))
    return Fitting(source, alpha, light_between(warped, labels, portrait, portrait_labels), portrait)


def _remap(image: RGB, source: Floats) -> RGB:
    moved = cv2.remap(image, source[:, :, 0], source[:, :, 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _enlarge(mask: Floats, side: int) -> Floats:
    return np.asarray(cv2.resize(mask, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)
