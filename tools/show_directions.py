"""Draws the page of strips, and writes the tables of docs/directions.md: what every direction does, to be looked at.

    python tools/show_directions.py docs/pictures/directions.jpg [--seed 77] [--rows NAME …] [--table] [--matrix]

One row a direction: the same two faces at the lower end of the valid range, half-way there, as they are, half-way to the upper
end, at it. With --table or --matrix the Markdown goes to the standard output instead.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.directions import Direction, Directions, load
from doppelganger.images import RGB, encode_jpeg, resize_area, write_atomically
from doppelganger.networks import Networks

PSI = 0.7
SHARES = (-1.0, -0.5, 0.0, 0.5, 1.0)
SIDE = 112
FACES = (2, 7)
"""Which of the seed's faces are shown: neither has been seen by the learning."""
COLUMN, HEAD = 132, 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--faces", type=int, nargs="+", default=list(FACES))
    parser.add_argument("--rows", nargs="+")
    parser.add_argument("--quality", type=int, default=80)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--matrix", action="store_true")
    args = parser.parse_args()
    known = load()
    if args.table:
        print(table(known))
    if args.matrix:
        print(matrix(known))
    if args.out:
        page = strips(Networks(device="cpu"), known, args.seed, args.faces, args.rows or list(known.names))
        write_atomically(args.out, encode_jpeg(page, args.quality))


def strips(networks: Networks, known: Directions, seed: int, faces: list[int], names: list[str]) -> RGB:
    """uint8 page of all rows."""
    generator = networks.generator
    mean = generator.w_mean
    base = [mean + np.float32(PSI) * (generator.sample(max(faces) + 1, seed)[i] - mean) for i in faces]
    rows = []
    for name in names:
        low, high = known[name].valid_range
        tiles = [caption(known[name])]
        for w in base:
            for share in SHARES:
                strength = share * (high if share > 0 else -low)
                picture = resize_area(generator.synthesise(known.apply(w, {name: strength})), 256, 256)
                tiles.append(labelled(resize_area(picture, SIDE, SIDE), f"{strength:+.3g}"))
        rows.append(np.hstack(tiles))
        print(name, flush=True)
    return np.vstack(rows)


def caption(direction: Direction) -> RGB:
    tile = np.full((SIDE + HEAD, COLUMN, 3), 255, np.uint8)
    _write(tile, direction.name + (" (weak)" if direction.weak else ""), (4, SIDE // 2), 0.42)
    unit = {"degrees": "degrees", "years": "years"}.get(direction.unit, "deviations")
    _write(tile, unit, (4, SIDE // 2 + 18), 0.36, (120, 120, 120))
    return tile


def labelled(picture: RGB, text: str) -> RGB:
    tile = np.full((SIDE + HEAD, SIDE, 3), 255, np.uint8)
    tile[:SIDE] = picture
    _write(tile, text, (SIDE // 2 - 18, SIDE + 12), 0.36)
    return tile


def _write(tile: RGB, text: str, at: tuple[int, int], size: float, colour: tuple[int, int, int] = (0, 0, 0)) -> None:
    cv2.putText(tile, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


def table(known: Directions) -> str:
    """One line a direction."""
    lines = [
        "| direction | unit | does | right way | valid | same person | same at the ends | rows | R² | side effects of +1 |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for d in known.values():
        s = d.scores
        same = ", ".join(
            f"{100 * (s['same at identity'][m][0] + s['same at identity'][m][3]) / 2:.0f}"
            for m in ("SFace", "EdgeFace-S", "ArcFace-MBF", "dlib")
        )
        others = sorted(
            ((abs(e), n, e) for n, e in s["side effects"].items() if n != d.attribute and e == e), reverse=True
        )
        worst = ", ".join(f"{n} {e:+.2g}" for _, n, e in others[:3])
        name = f"**{d.name}**" + (" (weak)" if d.weak else "")
        unit = {"degrees": "°", "years": "years"}.get(d.unit, "s.d.")
        lines.append(
            f"| {name} | {unit} | {d.says} | {100 * s['right way']:.0f} % | {_range(d.valid_range)} | {_range(d.identity_range)} "
            f"| {same} % | {s['rows']} | {s['explained']:.2f} | {worst} |"
        )
    return "\n".join(lines)


def _range(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.3g} … {ends[1]:.3g}".replace("-", "−")


def matrix(known: Directions) -> str:
    """Direction × attribute that some direction is for: mean change in population deviations at half the valid range."""
    shown = list(dict.fromkeys(d.attribute for d in known.values()))
    lines = ["| | " + " | ".join(shown) + " |", "|---" * (len(shown) + 1) + "|"]
    for d in known.values():
        reach = (d.valid_range[1] - d.valid_range[0]) / 4
        effects: NDArray[np.float64] = np.array([d.scores["side effects"][name] * reach for name in shown])
        lines.append(f"| **{d.name}** | " + " | ".join("·" if abs(e) < 0.15 else f"{e:.1f}" for e in effects) + " |")
    return "\n".join(lines).replace("-0.", "−0.").replace("| -", "| −")


if __name__ == "__main__":
    main()
