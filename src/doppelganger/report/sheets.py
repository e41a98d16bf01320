"""Faces side by side as one picture: the filmstrip of a result, and a contact sheet of several."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont

from doppelganger.images import RGB, resize_area
from doppelganger.provenance import SourceType, synthetic_png
from doppelganger.report.continuum import evenly
from doppelganger.report.words import face
from doppelganger.result import DOPPELGANGER, Result

PAPER, INK = (255, 255, 255), (40, 38, 35)
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
GAP, CAPTION = 8, 26
"""Pixels between pictures, and below each for its name."""


def filmstrip(result: Result, side: int = 256, frames: int = 5) -> RGB:
    """Portrait | ``frames`` faces of the continuum, from the mean face on | closest match | doppelgänger, one row."""
    path = result.path.filmstrip
    inner = evenly(sorted(path)[:-1], frames)  # the last step is the closest match, which follows at full quality
    row = [("portrait", result.pictures.portrait)]
    row += [("mean face" if step == 0 else f"step {step}", path[step]) for step in inner]
    row += [("closest match", result.pictures.closest), (DOPPELGANGER, result.pictures.doppelganger)]
    return grid([row], side)


def filmstrip_png(result: Result, side: int = 256, frames: int = 5) -> bytes:
    """The filmstrip as PNG, marked as holding synthetic faces beside a real one."""
    return synthetic_png(filmstrip(result, side, frames), SourceType.COMPOSITE)


def contact_sheet(results: Mapping[str, Result], side: int = 256) -> RGB:
    """One row a result, named by its key: portrait | closest match | path border | doppelgänger, with the first measure
    of likeness and the number of verifiers that say *different*. A face that is missing leaves its place empty."""
    rows = []
    for title, result in results.items():
        pictures = result.pictures
        named = (
            ("closest match", pictures.closest),
            ("path border", pictures.border_outside),
            (DOPPELGANGER, pictures.doppelganger),
        )
        rows.append([(title, pictures.portrait), *((_caption(result, name, image), image) for name, image in named)])
    return grid(rows, side)


def grid(rows: Sequence[Sequence[tuple[str, RGB | None]]], side: int) -> RGB:
    """Rows of (caption, square picture or None) on white, uint8 [H, W, 3]."""
    columns = max(len(row) for row in rows)
    width = columns * (side + GAP) + GAP
    sheet = PILImage.new("RGB", (width, len(rows) * (side + CAPTION + GAP) + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(max(10, min(16, side // 15)))
    for r, row in enumerate(rows):
        for c, (caption, image) in enumerate(row):
            x, y = GAP + c * (side + GAP), GAP + r * (side + CAPTION + GAP)
            if image is not None:
                sheet.paste(PILImage.fromarray(resize_area(image, side, side)), (x, y))
            _write(draw, (x + 2, y + side + 5), caption, font)
    return np.asarray(sheet)


def _write(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, font: _Font) -> None:
    """Text on the sheet. Pillow's own font, the only one that is there on every machine, has no ä: its dots are ours."""
    plain = text.replace("ä", "a")
    draw.text(at, plain, INK, font)
    dot = max(1, round(font.getlength("a") / 6))
    for k, letter in enumerate(text):
        if letter == "ä":
            middle = at[0] + font.getlength(plain[: k + 1]) - font.getlength("a") / 2
            top = at[1] + font.getbbox("a")[1] - 2 * dot
            for x in (middle - 1.5 * dot, middle + 0.5 * dot):
                draw.ellipse((x, top, x + dot, top + dot), INK)


def _caption(result: Result, name: str, image: RGB | None) -> str:
    record = face(result, name)
    if record is None or image is None:
        return f"{name}: none"
    score = next((f" {value:.3f}" for measure, value in record.likeness.items() if "LPIPS" in measure), "")
    different = sum(v.different for v in record.verdicts)
    return f"{name}{score}, {different}/{len(record.verdicts)} different"
