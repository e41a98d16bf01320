"""What a set shows and what it lacks: pose × expression, drawn and said. What one of two never did cannot be swapped well."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from doppelganger.images import RGB
from doppelganger.report.sheets import INK, PAPER
from doppelganger.training.swap.face import AXES
from doppelganger.training.swap.faceset import FaceSet

TURNS = (
    ("far right", -90.0, -22.0),
    ("right", -22.0, -8.0),
    ("ahead", -8.0, 8.0),
    ("left", 8.0, 22.0),
    ("far left", 22.0, 90.0),
)
"""Of the head, as the person sees it: degrees of yaw from … to."""
DOINGS = (
    ("looks up", "pitch", -90.0, -8.0),
    ("looks down", "pitch", 8.0, 90.0),
    ("opens the mouth", "mouth_open", 0.12, 9.0),
    ("smiles", "smile", 0.35, 1.0),
    ("shuts the eyes", "eyes_open", -9.0, 0.16),
    ("raises the brows", "brow_raise", 0.35, 1.0),
)
"""What it is called, its axis, the values from … to that count as doing it."""
SELDOM = 0.02
"""Share of the pictures below which something is done seldom."""
_CELL_WIDTH, _CELL_HEIGHT, _LABEL, _TITLE = 118, 56, 150, 34
_FULL = 20  # pictures from which a cell is as dark as it gets
_COLOURS = ((74, 111, 165), (192, 108, 60))


def counts(faces: FaceSet) -> NDArray[np.int64]:
    """[1 + 6, 5]: pictures with each turn, first of any expression, then doing each of `DOINGS`."""
    values = dict(zip(AXES, faces.poses.T, strict=True))
    turns = np.stack([(low <= values["yaw"]) & (values["yaw"] < high) for _, low, high in TURNS])
    doings = [np.ones(len(faces.faces), np.bool_)]
    doings += [(low <= values[axis]) & (values[axis] <= high) for _, axis, low, high in DOINGS]
    return np.asarray((np.stack(doings)[:, None] & turns[None]).sum(2), np.int64)


def lacks(faces: FaceSet) -> list[str]:
    """Sentences about what the person never or seldom does in the set, such as "ada never looks left."."""
    table, n = counts(faces), len(faces.faces)
    done = {f"looks {name}": int(table[0, k]) for k, (name, _, _) in enumerate(TURNS)}
    done["looks right"] += done.pop("looks far right")
    done["looks left"] += done.pop("looks far left")
    done |= {name: int(row.sum()) for (name, *_), row in zip(DOINGS, table[1:], strict=True)}
    out = []
    for doing, count in done.items():
        if count == 0:
            out.append(f"{faces.name} never {doing}.")
        elif count < SELDOM * n:
            out.append(f"{faces.name} seldom {doing} ({count} of {n}).")
    return out


def missing_for(scene: FaceSet, face: FaceSet) -> list[str]:
    """Sentences about what ``scene`` does and ``face``, which is to be put on it, does not."""
    theirs = {sentence.removeprefix(f"{scene.name} ") for sentence in lacks(scene) if " never " in sentence}
    return [
        f"{sentence.removesuffix('.')}, but {scene.name} does."
        for sentence in lacks(face)
        if " never " in sentence and sentence.removeprefix(f"{face.name} ") not in theirs
    ]


def coverage_picture(sets: Sequence[FaceSet]) -> RGB:
    """One or two sets: how many pictures of each turn (columns) and expression (rows), the second set below the first.
    An empty cell is outlined. uint8 [H, W, 3]."""
    tables = [counts(one) for one in sets]
    rows = ["any", *(name for name, *_ in DOINGS)]
    width = _LABEL + _CELL_WIDTH * len(TURNS) + 12
    height = _TITLE * 2 + _CELL_HEIGHT * len(rows) + 12
    page = Image.new("RGB", (width, height), PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    at = 12.0
    for one, colour in zip(sets, _COLOURS, strict=False):
        text = f"{_plain(one.name)}: {len(one.faces)} pictures"
        draw.text((at, 9), text, colour, font)
        at += draw.textlength(text, font) + 40
    for column, (name, _, _) in enumerate(TURNS):
        draw.text(
            (_LABEL + column * _CELL_WIDTH + 8, _TITLE + 9), f"turned {name}" if name != "ahead" else name, INK, font
        )
    bar = _CELL_HEIGHT // len(sets)
    for r, name in enumerate(rows):
        top = 2 * _TITLE + r * _CELL_HEIGHT
        draw.text((12, top + _CELL_HEIGHT // 2 - 8), name, INK, font)
        for column in range(len(TURNS)):
            left = _LABEL + column * _CELL_WIDTH
            for k, (table, colour) in enumerate(zip(tables, _COLOURS, strict=False)):
                count = int(table[r, column])
                box = (left + 2, top + k * bar + 2, left + _CELL_WIDTH - 2, top + (k + 1) * bar - 2)
                draw.rectangle(box, _tint(colour, count), None if count else (200, 60, 50))
                ink = PAPER if count > _FULL / 2 else INK
                draw.text((left + 8, top + k * bar + bar // 2 - 9), str(count), ink, font)
    return np.asarray(page)


def _tint(colour: tuple[int, int, int], count: int) -> tuple[int, int, int]:
    share = 0.0 if count == 0 else 0.15 + 0.85 * min(1.0, count / _FULL)
    red, green, blue = (round(255 + (c - 255) * share) for c in colour)
    return red, green, blue


def _plain(text: str) -> str:
    """Pillow's own font has few letters beyond ASCII."""
    return text.encode("ascii", "replace").decode()
