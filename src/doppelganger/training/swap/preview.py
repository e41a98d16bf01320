"""What one looks at while it trains: faces as they are and as both decoders draw them, and the losses over time."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from doppelganger.images import RGB
from doppelganger.report.sheets import INK, PAPER, grid
from doppelganger.training.swap.face import UNITS
from doppelganger.training.swap.faceset import FaceSet
from doppelganger.training.swap.network import PEOPLE, SwapNetwork
from doppelganger.training.swap.spread import farthest_first
from doppelganger.training.swap.warping import plain

_ROWS, _SIDE = 4, 128
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 760, 320, 62, 30, 34
_COLOURS = ((74, 111, 165), (192, 108, 60))
_POINTS = 300  # of the curve; each is the mean of as many steps as it takes


@torch.inference_mode()
def preview(network: SwapNetwork, sets: tuple[FaceSet, FaceSet], side: int, device: torch.device) -> RGB:
    """Rows of A, A→A, A→B, B, B→B, B→A: faces that lie far apart in pose and expression. uint8 [H, W, 3]."""
    columns: list[list[tuple[str, RGB]]] = []
    for own, other, faces in ((0, 1, sets[0]), (1, 0, sets[1])):
        chosen = farthest_first(faces.poses / UNITS, _ROWS)
        shown = plain([faces.faces[k] for k in chosen], side).target.to(device)
        name, to = PEOPLE[own].upper(), PEOPLE[other].upper()
        columns.append([(name, picture) for picture in _pictures(shown)])
        columns.append([(f"{name} to {name}", p) for p in _pictures(network(shown, PEOPLE[own])[0])])
        columns.append([(f"{name} to {to}", p) for p in _pictures(network(shown, PEOPLE[other])[0])])
    rows = min(len(column) for column in columns)
    return grid([[column[row] for column in columns] for row in range(rows)], _SIDE)


def loss_chart(losses: NDArray[np.float32], names: Sequence[str]) -> RGB:
    """[steps, 2] as two curves over the steps, the vertical axis logarithmic. uint8 [H, W, 3]."""
    page = Image.new("RGB", (_WIDTH, _HEIGHT), PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    at = float(_LEFT)
    for name, colour in zip(names, _COLOURS, strict=True):
        text = name.encode("ascii", "replace").decode()
        draw.text((at, 9), text, colour, font)
        at += draw.textlength(text, font) + 28
    if not len(losses):
        return np.asarray(page)
    parts = np.array_split(np.maximum(losses, 1e-5), min(_POINTS, len(losses)))
    values = np.log10(np.stack([part.mean(0) for part in parts]))
    low, high = float(values.min()), max(float(values.max()), float(values.min()) + 0.1)
    across = np.linspace(_LEFT, _WIDTH - 14, len(parts))
    bottom = _HEIGHT - _BOTTOM

    def height(value: float) -> float:
        return bottom - (value - low) / (high - low) * (bottom - _TOP)

    for tick in np.linspace(low, high, 5):
        y = height(float(tick))
        draw.line((_LEFT, y, _WIDTH - 14, y), (225, 225, 222))
        draw.text((8, y - 8), f"{10**tick:.3f}", INK, font)
    for column, colour in enumerate(_COLOURS):
        curve = [(float(x), height(float(v))) for x, v in zip(across, values[:, column], strict=True)]
        draw.line(curve if len(curve) > 1 else curve * 2, colour, 2)
    draw.text((_LEFT, bottom + 8), "1", INK, font)
    last = f"{len(losses)} steps"
    draw.text((_WIDTH - 14 - draw.textlength(last, font), bottom + 8), last, INK, font)
    return np.asarray(page)


def _pictures(faces: Tensor) -> list[RGB]:
    """[B, 3, S, S] in 0–1 → uint8."""
    return list((faces.cpu().permute(0, 2, 3, 1).numpy() * 255).round().clip(0, 255).astype(np.uint8))
