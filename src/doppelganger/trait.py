"""What strangers would guess about a portrait, as something that a search holds.

Sex alone. Recognisers go by it, so a search that only avoids them drifts across it, for hardly a cost in LPIPS. Age was tried
and left: the small network that reads it is led to any number without the face growing older (docs/experiments.md).
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from doppelganger.faces.alignment import warp
from doppelganger.faces.apparent import ApparentSex
from doppelganger.faces.attributes import chip_transform
from doppelganger.faces.landmarks import Landmarks
from doppelganger.images import RGB

SEX_UNIT = 2.0
"""Log-odds: from 88 % to an even guess."""


@dataclass(frozen=True)
class Trait:
    """A guess that is to stay what it is."""

    name: str
    network: nn.Module
    """Crops [B, 3, S, S] in [−1, 1] → guesses [B]."""
    crop_size: int
    portrait: float
    """The guess about the portrait."""
    unit: float
    """A difference that counts as 1."""

    def penalty(self, crops: Tensor) -> Tensor:
        """[B, 3, S, S] → how far the guesses are off, squared and halved up to a unit, then growing evenly (Huber 1964)."""
        off = (self.network(crops) - self.portrait) / self.unit
        return F.huber_loss(off, torch.zeros_like(off))


def apparent_sex(portrait: RGB, landmarks: Landmarks, network: ApparentSex, device: torch.device) -> Trait:
    """Of a uint8 [S, S, 3] picture and the landmarks measured in it."""
    chip = np.asarray(warp(portrait, chip_transform(landmarks, network.side), network.side, network.side), np.float32)
    pixels = torch.from_numpy(chip / 127.5 - 1).permute(2, 0, 1)[None].to(device)
    with torch.no_grad():
        guess = float(network(pixels)[0])
    return Trait("sex", network, network.side, guess, SEX_UNIT)
