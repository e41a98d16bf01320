"""Makes the README's picture from a result folder: portrait, faces of the continuum, closest match, doppelgänger.

python tools/readme_picture.py RESULT OUT.jpg
"""

import argparse
from pathlib import Path

from doppelganger.provenance import SourceType, synthetic_jpeg
from doppelganger.report.sheets import filmstrip
from doppelganger.storage import load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    args.out.write_bytes(synthetic_jpeg(filmstrip(load(args.result), side=220), source=SourceType.COMPOSITE))


if __name__ == "__main__":
    main()
