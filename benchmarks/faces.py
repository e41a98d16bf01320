"""Faces to order: for many seeds, each with a wish of its own, asked against measured, by the loop's readers and by others.

    python benchmarks/faces.py WORK [--count 50] [--minutes 5] [--out FILE]

Every wish asks sex, age, colour of hair, glasses, smile and yaw, drawn at random (grey hair from 45 years on). The faces and
rows lie in WORK; ``--minutes`` stops early and the next run goes on. When all are made it prints JSON: hit rates with exact 95
% intervals (Clopper and Pearson), by the readers that the loop corrects itself by, and by networks that it never saw
(`faces.second_opinion`); errors; seconds a face. For glasses and hair there is no second network; WORK/sheet.jpg is for looking.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import binomtest

from doppelganger.faces.second_opinion import SecondOpinion
from doppelganger.images import read_image
from doppelganger.networks import Networks
from doppelganger.sculpting.album import about_made, contact_sheet, keep_face
from doppelganger.sculpting.making import make_face
from doppelganger.sculpting.mirror import Mirror
from doppelganger.sculpting.wish import wish

SEED = 71
"""Of the wishes. The seeds of the faces are 1000, 1001 …"""
FIRST = 1000
SMILES = (0.1, 0.4, 0.7, 0.9)
SHADES = ("black", "brown", "blond", "red", "grey")
ASKED = {"sex": 0.95, "age ± 7": 0.80, "yaw ± 6°": 0.90, "glasses": 0.85, "smile ± 0.2": 0.85, "hair": 0.85}
"""Hit rates that were set before."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(2)
    networks = Networks(device="cpu")
    mirror, second = Mirror(networks), SecondOpinion(networks.store)
    wishes, begun = drawn_wishes(args.count), time.monotonic()
    rows: list[dict[str, Any]] = []
    for k, asked in enumerate(wishes):
        file = args.work / f"row-{FIRST + k}.json"
        if not file.exists():
            if time.monotonic() - begun > 60 * args.minutes:
                return
            row = one(asked, FIRST + k, mirror, second, args.work)
            file.write_text(json.dumps(row))
            print(json.dumps({"seed": row["seed"], "looks": row["looks"], "missed": row["missed"]}), flush=True)
        rows.append(json.loads(file.read_text()))
    faces = [read_image(args.work / f"face-{row['seed']}.png") for row in rows]
    (args.work / "sheet.jpg").write_bytes(contact_sheet(faces, [caption(row["asked"]) for row in rows], 10))
    text = json.dumps(report(rows), indent=1, ensure_ascii=False)
    if args.out:
        args.out.write_text(text + "\n")
    print(text)


def drawn_wishes(count: int) -> list[dict[str, str | float]]:
    """The same ones first, however many."""
    wishes: list[dict[str, str | float]] = []
    rng = np.random.default_rng(SEED)
    for _ in range(count):
        age = int(rng.integers(18, 71))
        shades = SHADES if age >= 45 else SHADES[:-1]
        wishes.append(
            {
                "sex": str(rng.choice(["female", "male"])),
                "age": age,
                "hair": str(rng.choice(shades)),
                "glasses": str(rng.choice(["yes", "no"])),
                "smile": float(rng.choice(SMILES)),
                "yaw": int(rng.integers(-22, 23)),
            }
        )
    return wishes


def one(asked: dict[str, str | float], seed: int, mirror: Mirror, second: SecondOpinion, work: Path) -> dict[str, Any]:
    """A face, written; and what all readers say of it."""
    begun = time.perf_counter()
    made = make_face(wish(asked), seed, mirror)
    seconds = time.perf_counter() - begun
    picture, reading = made.steered.picture, made.steered.reading
    keep_face(work, f"face-{seed}", picture, made.steered.latent, about_made(made, seconds))
    guess = second.age_sex(picture, reading.landmarks)
    start = second.age_sex(made.start.picture, made.start.reading.landmarks)
    return {
        "seed": seed,
        "asked": asked,
        "read": {name: float(reading[name]) for name in ("female", "age", "yaw", "glasses", "smile")}
        | {"hair": reading.hair_colour},
        "second": {
            "female": guess.female,
            "age": guess.age,
            "yaw": second.yaw(picture, reading.landmarks),
            "happy": second.happiness(picture, reading.landmarks),
        },
        "start": {
            "age": [made.start.reading["age"], start.age],
            "female": [made.start.reading["female"], start.female],
        },
        "missed": dict(made.steered.missed),
        "strengths": dict(made.steered.strengths),
        "looks": made.looks,
        "seconds": seconds,
    }


def report(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Hit rates and errors."""
    own = {
        "sex": [(r["read"]["female"] > 0.5) == (r["asked"]["sex"] == "female") for r in rows],
        "age ± 7": [abs(r["read"]["age"] - r["asked"]["age"]) <= 7 for r in rows],
        "yaw ± 6°": [abs(r["read"]["yaw"] - r["asked"]["yaw"]) <= 6 for r in rows],
        "glasses": [(r["read"]["glasses"] > 0.1) == (r["asked"]["glasses"] == "yes") for r in rows],
        "smile ± 0.2": [abs(r["read"]["smile"] - r["asked"]["smile"]) <= 0.2 for r in rows],
        "hair": [r["read"]["hair"] == r["asked"]["hair"] for r in rows],
    }
    clear = [r for r in rows if r["asked"]["smile"] != 0.4]
    others = {
        "sex": [(r["second"]["female"] > 0.5) == (r["asked"]["sex"] == "female") for r in rows],
        "age ± 7": [abs(r["second"]["age"] - r["asked"]["age"]) <= 7 for r in rows],
        "yaw ± 6°": [abs(r["second"]["yaw"] - r["asked"]["yaw"]) <= 6 for r in rows],
        "happy where 0.7 or more was asked, not where 0.1": [
            (r["second"]["happy"] > 0.5) == (r["asked"]["smile"] >= 0.7) for r in clear
        ],
    }
    return {
        "faces": len(rows),
        "by the loop's own readers": {name: rate(hits, ASKED[name]) for name, hits in own.items()},
        "by networks that the loop never saw": {name: rate(hits, ASKED.get(name)) for name, hits in others.items()},
        "the two networks on the faces before steering": {
            "age within 7 years of one another": rate([abs(np.diff(r["start"]["age"])[0]) <= 7 for r in rows], None),
            "age apart, years, mean": round(float(np.mean([abs(np.diff(r["start"]["age"])[0]) for r in rows])), 2),
            "sex agreed": rate(
                [(r["start"]["female"][0] > 0.5) == (r["start"]["female"][1] > 0.5) for r in rows], None
            ),
        },
        "errors": {
            "age, years, mean": error(rows, "read", "age"),
            "age by the second network, years, mean": error(rows, "second", "age"),
            "age by the second network minus age by the first, years, mean": float(
                np.mean([r["second"]["age"] - r["read"]["age"] for r in rows])
            ),
            "yaw, degrees, mean": error(rows, "read", "yaw"),
            "yaw by the second network, degrees, mean": error(rows, "second", "yaw"),
            "smile, mean": error(rows, "read", "smile"),
        },
        "all six reached within the loop's own tolerances": rate([not r["missed"] for r in rows], None),
        "faces looked at, median and most": [int(np.median([r["looks"] for r in rows])), max(r["looks"] for r in rows)],
        "seconds a face, median and most": [
            round(float(np.median([r["seconds"] for r in rows])), 1),
            round(max(r["seconds"] for r in rows), 1),
        ],
        "faces a second": round(len(rows) / sum(r["seconds"] for r in rows), 3),
        "rows": rows,
    }


def rate(hits: list[bool], asked: float | None) -> dict[str, Any]:
    """A share with its interval."""
    interval = binomtest(int(sum(hits)), len(hits)).proportion_ci(0.95, "exact")
    found = {
        "share": round(sum(hits) / len(hits), 4),
        "of": len(hits),
        "interval": [round(interval.low, 3), round(interval.high, 3)],
    }
    return found if asked is None else {**found, "asked": asked}


def error(rows: list[dict[str, Any]], reader: str, name: str) -> float:
    """Mean absolute."""
    return round(float(np.mean([abs(r[reader][name] - r["asked"][name]) for r in rows])), 2)


def caption(asked: dict[str, Any]) -> str:
    """What was asked, short."""
    glasses = "glasses" if asked["glasses"] == "yes" else "none"
    return f"{asked['sex'][0]}{asked['age']} {asked['hair']} {glasses} {asked['smile']} {asked['yaw']:+d}"


if __name__ == "__main__":
    main()
