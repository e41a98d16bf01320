"""One face of a picture, drawn by the other person's decoder and set back, in the scene's colours and behind what hides it."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from doppelganger.faces.parsing import FaceParser, Part
from doppelganger.images import RGB, resize
from doppelganger.inphoto import lay, match_colours
from doppelganger.training.swap.cropping import SIDE, cut, face_mask, face_transform, part_probabilities
from doppelganger.training.swap.network import SwapNetwork

Floats = NDArray[np.float32]

_FEATHER = 0.05  # sides of the face's square over which it fades in, all of it inside the mask
_SPECK = 0.004  # of the square: smaller holes are the parser's mistakes, larger ones a microphone
_SURE = 0.5  # probability from which a pixel is face, to the parser and to the decoder's own mask


@dataclass(frozen=True)
class Layer:
    """All of a swapped picture that is not the scene's own. ``face``: uint8 [256, 256, 3], in the scene's colours. ``opacity``:
    uint8 [256, 256]. ``transform``: float32 [2, 3], scene pixel → face pixel."""

    face: RGB
    opacity: NDArray[np.uint8]
    transform: Floats

    def over(self, image: RGB) -> RGB:
        """``image`` uint8 [H, W, 3] with the face laid over it. Pixels outside the face stay, bit for bit."""
        if not self.opacity.any():
            return image
        return lay(image, self.face, np.asarray(self.opacity / 255, np.float32), self.transform)


@dataclass
class FaceSwapper:
    """Draws with the decoder of ``person``, "a" or "b"."""

    network: SwapNetwork
    person: str
    side: int
    parser: FaceParser
    device: torch.device

    def swap(self, image: RGB, points: Floats) -> RGB:
        """uint8 [H, W, 3] with another face where ``points`` [478, 2] are. Pixels outside the face stay, bit for bit; where the
        parser sees no face there, the picture is what it was."""
        return self.layer(image, points).over(image)

    def layer(self, image: RGB, points: Floats) -> Layer:
        """What `swap` lays over the picture."""
        scene = cut(image, points)
        drawn, own_mask = self.draw(scene)
        parts = part_probabilities(image, points, self.parser)
        alpha = blend_alpha(face_mask(parts), own_mask)
        skin = (parts.argmax(0) == Part.SKIN) & (own_mask > _SURE)
        face = match_colours(drawn, scene, alpha, skin) if alpha.any() else drawn
        return Layer(face, np.asarray((alpha * 255).round(), np.uint8), face_transform(points))

    @torch.inference_mode()
    def draw(self, scene: RGB) -> tuple[RGB, Floats]:
        """uint8 [256, 256, 3] of anybody → the same with the person's face, and where that is, float32 [256, 256]."""
        small = cv2.resize(scene, (self.side, self.side), interpolation=cv2.INTER_AREA)
        pixels = torch.from_numpy(small.astype(np.float32) / 255).permute(2, 0, 1)[None]
        face, mask = (t[0].cpu().permute(1, 2, 0).numpy() for t in self.network(pixels.to(self.device), self.person))
        large = resize(np.asarray((face * 255).round().clip(0, 255), np.uint8), SIDE, SIDE)
        return large, np.asarray(cv2.resize(mask[:, :, 0], (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.float32)


def blend_alpha(scene: Floats, drawn: Floats) -> Floats:
    """float32 [S, S], 0–1: opaque inside what is surely face both in the scene and as it was drawn, fading to zero at its edge and
    zero outside. Of several patches the largest, and with it those that an occlusion cut off, if they are a tenth of it."""
    both = ((scene > _SURE) & (drawn > _SURE)).astype(np.uint8)
    side = len(both)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side // 40 | 1, side // 40 | 1))
    both = cv2.morphologyEx(both, cv2.MORPH_OPEN, kernel)
    both = _without_specks(both, _SPECK * side * side)
    depth = cv2.distanceTransform(np.pad(both, 1), cv2.DIST_L2, 5)[1:-1, 1:-1] / (_FEATHER * side)
    ramp = np.clip(depth, 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)


def _without_specks(mask: NDArray[np.uint8], speck: float) -> NDArray[np.uint8]:
    """Small holes filled, patches below a tenth of the largest left out."""
    _, labels, about, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=4)
    small = [k for k in range(1, len(about)) if about[k, cv2.CC_STAT_AREA] < speck]
    mask = (mask.astype(bool) | np.isin(labels, small)).astype(np.uint8)
    count, labels, about, _ = cv2.connectedComponentsWithStats(mask)
    if count < 2:
        return mask
    areas = about[1:, cv2.CC_STAT_AREA]
    large = [k + 1 for k, area in enumerate(areas) if area >= areas.max() / 10]
    return np.isin(labels, large).astype(np.uint8)
