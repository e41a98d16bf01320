"""The README's table of the doppelgängers before the recogniser that was held out, as JSON, from an evaluation's folder.

    python tools/held_out_table.py EVALUATION [PERSON …]

Of all people in it, or only of those named. *Different* means at the privacy point in every view.
"""

import csv
import json
import statistics
import sys
from pathlib import Path

from doppelganger.nearest import NearestSettings
from doppelganger.verifiers.panel import VERIFIERS, verifiers
from doppelganger.verifiers.protocol import OperatingPoint
from doppelganger.weights import Store

CLOSEST, LPIPS = "closest-match", "LPIPS (AlexNet, 256²)"
STATED_GAPS = {
    "LPIPS (VGG16, 256²)": 0.05,
    "landmark shape (eye distances)": 0.03,
    "age difference (years)": 8.0,
    "age difference, second opinion (years)": 8.0,
    "skin smoothness (dB)": 1.5,
}
"""How much further from the portrait than the closest match a doppelgänger may be, by measures outside the loss."""


def main(folder: Path, people: list[str]) -> None:
    """See the module."""
    with (folder / "trials.csv").open(encoding="utf-8") as file:
        trials = [row for row in csv.DictReader(file) if row["distance"]]
    with (folder / "likeness.csv").open(encoding="utf-8") as file:
        measures = {(r["method"], r["person"], r["measure"]): float(r["value"]) for r in csv.DictReader(file)}
    apart = {(t["method"], t["person"], t["verifier"], t["view"]): float(t["distance"]) for t in trials}
    people = people or sorted({t["person"] for t in trials})
    views = sorted({t["view"] for t in trials})
    ours = {short: f"nearest-{NearestSettings.margin:g}-without-{short}" for short in VERIFIERS}
    members = dict(zip(VERIFIERS, verifiers(Store()), strict=True))
    limits = {m.name: m.thresholds[OperatingPoint.PRIVACY].value for m in members.values()}

    def worst(method: str, person: str, verifier: str) -> float:
        return min(apart[method, person, verifier, view] for view in views)

    table = {}
    for short, m in members.items():
        faces = [worst(ours[short], p, m.name) for p in people]
        table[m.name] = {
            "threshold": limits[m.name],
            "closest match, median": statistics.median(apart[CLOSEST, p, m.name, "clean"] for p in people),
            "doppelgänger, median": statistics.median(apart[ours[short], p, m.name, "clean"] for p in people),
            "the same in its worst view": statistics.median(faces),
            "different": sum(face > limits[m.name] for face in faces),
        }
    asked = [
        worst(ours[short], p, m.name) > limits[m.name]
        for short in VERIFIERS
        for other, m in members.items()
        if other != short
        for p in people
    ]
    pairs = [(method, p) for method in ours.values() for p in people]
    above = [measures[method, p, LPIPS] - measures[CLOSEST, p, LPIPS] for method, p in pairs]
    within = {
        name: sum(abs(measures[method, p, name]) - abs(measures[CLOSEST, p, name]) <= gap for method, p in pairs)
        for name, gap in STATED_GAPS.items()
    }
    found = {
        "people": len(people),
        "held out": table,
        "searched, different": [sum(asked), len(asked)],
        "LPIPS, median": {
            "closest match": statistics.median(measures[CLOSEST, p, LPIPS] for p in people),
            "doppelgänger": statistics.median(measures[method, p, LPIPS] for method, p in pairs),
        },
        "LPIPS above the closest match": {"median": statistics.median(above), "most": max(above)},
        "within the stated gaps": {name: [count, len(pairs)] for name, count in within.items()},
    }
    print(json.dumps(found, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
