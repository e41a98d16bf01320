"""Makes the README's pictures: of a result folder the way to the doppelgänger; with ``--strips``, of the strips that
`benchmarks/heart.py --pictures DIR` left, each portrait above its closest match and its doppelgänger.

    python tools/readme_picture.py RESULT OUT.jpg
    python tools/readme_picture.py --strips DIR OUT.jpg
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from doppelganger.provenance import SourceType, synthetic_jpeg
from doppelganger.report.sheets import filmstrip
from doppelganger.storage import load

SIDE = 150
SHOWN = (0, 1, -1)
"""Places in a strip: portrait, closest match, the doppelgänger for which EdgeFace was held out."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--strips", action="store_true")
    args = parser.parse_args()
    if args.strips:
        columns = []
        for file in sorted(f for f in args.source.glob("*.jpg") if f.stem != "astronaut"):
            strip = Image.open(file)
            faces = [
                np.asarray(strip.crop((x, 0, x + strip.height, strip.height)).resize((SIDE, SIDE)))
                for x in places(strip)
            ]
            columns.append(np.concatenate(faces))
        picture = np.concatenate(columns, 1)
    else:
        picture = filmstrip(load(args.source), side=220)
    args.out.write_bytes(synthetic_jpeg(picture, source=SourceType.COMPOSITE))


def places(strip: Image.Image) -> list[int]:
    """Left edges of the shown faces."""
    edges = range(0, strip.width, strip.height)
    return [edges[k] for k in SHOWN]


if __name__ == "__main__":
    main()
