"""The picture of docs/evaluation.md: some portraits of an evaluation's folder, and what every method made of them.

python tools/methods_picture.py RESULTS docs/pictures/methods.jpg --portraits female_20 male_45 [--side 150]
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from doppelganger.images import encode_jpeg, read_image, resize_area, write_atomically

COLUMNS = {
    "portrait": "portrait",
    "closest-match": "closest match",
    "nearest-1-without-edgeface": "nearest, margin 1",
    "nearest-1.5-without-edgeface": "nearest, margin 1.5",
    "nearest-2-without-edgeface": "nearest, margin 2",
    "original": "the original's path",
    "path": "our path's border",
    "line": "line to the mean",
    "look-alike": "look-alike of 400",
    "k-same-4": "average of 4",
    "pixelation-16": "16 blocks",
    "blur-0.06": "blur",
    "bar": "bar",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--portraits", nargs="+", required=True)
    parser.add_argument("--side", type=int, default=150)
    arguments = parser.parse_args()
    side, head = arguments.side, 18
    rows = [next(arguments.results.glob(f"cases/{name}-*")) for name in arguments.portraits]
    shown = {m: label for m, label in COLUMNS.items() if any((case / f"{m}.png").exists() for case in rows)}
    sheet = Image.new("RGB", (side * len(shown), head + side * len(rows)), "white")
    draw = ImageDraw.Draw(sheet)
    for k, (method, label) in enumerate(shown.items()):
        draw.text((k * side + 4, 3), label, "black", ImageFont.load_default(11))
        for n, case in enumerate(rows):
            if (file := case / f"{method}.png").exists():
                face = resize_area(read_image(file), side, side)
                sheet.paste(Image.fromarray(face), (k * side, head + n * side))
    write_atomically(arguments.out, encode_jpeg(np.asarray(sheet), 86))


if __name__ == "__main__":
    main()
