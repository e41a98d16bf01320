"""The batches: faces a little moved and turned, their input warped, their target not.

A network that only had to copy would learn to copy. So its input is bent, by moving the points of a 5 × 5 grid at random, and it
has to answer with the face as it is: it learns what this person's faces look like, and will draw them for the bent face of
somebody else. The publication's augmentation (`random_transform` and `random_warp` of "deepfakes" 2017).

What a batch holds depends on the seed, the step and the person alone. There is no generator whose state would have to be kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from doppelganger.training.swap.face import SetFace

_TURN, _ZOOM, _SHIFT = 10.0, 0.05, 0.05  # ± degrees, share of the size, share of the side: the publication's
_GRID = 5
_BEND = 5.0 / 160  # deviation of the grid's points in sides of the picture: the publication's 5 pixels of 160
_LIGHT = 0.1  # ± of each channel's gain, alike on input and target, so that the decoder follows the scene's light


@dataclass(frozen=True)
class Batch:
    """``bent``: float32 [B, 3, S, S], the input. ``target``: [B, 3, S, S]. ``mask``: [B, 1, S, S]. All 0–1."""

    bent: Tensor
    target: Tensor
    mask: Tensor


def batch_of(faces: Sequence[SetFace], side: int, count: int, seed: int, step: int, person: int) -> Batch:
    """The batch of a step. Every face comes once before any comes twice: step and place in the batch say which shuffling of the set
    is under way."""
    random = np.random.default_rng([seed, step, person])
    bent, targets, masks = [], [], []
    for place in range(step * count, (step + 1) * count):
        order = np.random.default_rng([seed, place // len(faces), person, 1]).permutation(len(faces))
        face = faces[int(order[place % len(faces)])]
        picture = np.dstack([face.image, face.mask])
        moved = _moved(picture, side, random)
        gain = random.uniform(1 - _LIGHT, 1 + _LIGHT, 3).astype(np.float32)
        colours = np.clip(moved[:, :, :3] * gain, 0, 1)
        bent.append(_bent(colours, random))
        targets.append(colours)
        masks.append(moved[:, :, 3:])
    return Batch(_tensor(bent), _tensor(targets), _tensor(masks))


def plain(faces: Sequence[SetFace], side: int) -> Batch:
    """Faces as they are."""
    pictures = [cv2.resize(np.dstack([f.image, f.mask]), (side, side), interpolation=cv2.INTER_AREA) for f in faces]
    scaled = [picture.astype(np.float32) / 255 for picture in pictures]
    colours = _tensor([s[:, :, :3] for s in scaled])
    return Batch(colours, colours, _tensor([s[:, :, 3:] for s in scaled]))


def _moved(picture: np.ndarray, side: int, random: np.random.Generator) -> np.ndarray:
    """uint8 [H, H, 4] → float32 [side, side, 4] in 0–1, turned, zoomed and shifted a little."""
    size = len(picture)
    angle, zoom = random.uniform(-_TURN, _TURN), random.uniform(1 - _ZOOM, 1 + _ZOOM)
    matrix = cv2.getRotationMatrix2D(((size - 1) / 2, (size - 1) / 2), angle, zoom)
    matrix[:, 2] += random.uniform(-_SHIFT, _SHIFT, 2) * size
    moved = cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    small = moved if size == side else cv2.resize(moved, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / 255


def _bent(colours: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """float32 [S, S, 3], its grid's points moved at random."""
    side = len(colours)
    nodes = random.normal(0, _BEND * side, (2, _GRID, _GRID)).astype(np.float32)
    x, y = (cv2.resize(n, (side, side), interpolation=cv2.INTER_CUBIC) for n in nodes)
    across, down = np.meshgrid(np.arange(side, dtype=np.float32), np.arange(side, dtype=np.float32))
    return np.asarray(cv2.remap(colours, across + x, down + y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _tensor(pictures: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(pictures).transpose(0, 3, 1, 2).copy())
