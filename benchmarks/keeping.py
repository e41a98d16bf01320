"""What an edit costs of a person, and what keeping gives back: distances before and after, edit by edit.

    python benchmarks/keeping.py [--seeds 511 512 513] [--sheet FILE]

Every verifier's distance to the unedited face over its identity threshold (1 is the border), the LPIPS (AlexNet, 256²) that keeping
costs, and what the edit was for, measured before and after. Writes ``results/keeping.json``; EdgeFace is held out of the search.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from doppelganger import directions
from doppelganger.directions.reader import FaceReader
from doppelganger.keeping import KeepSettings, keep
from doppelganger.networks import Networks
from doppelganger.persona.making import TRUNCATION, facing_camera
from doppelganger.provenance import synthetic_jpeg
from doppelganger.report.sheets import grid
from doppelganger.verifiers.views import Views

RESULTS = Path(__file__).parent / "results" / "keeping.json"
EDITS: dict[str, dict[str, float]] = {
    "yaw +25": {"yaw": 25.0},
    "yaw -25": {"yaw": -25.0},
    "age +15": {"age": 15.0},
    "age -15": {"age": -15.0},
    "smile": {"smile": 1.6},
    "other hair": {"hair_blond": 2.2, "fringe": 2.0},
}


def main() -> None:
    """Edit, keep, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[511, 512, 513])
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    networks = Networks(device="cpu")
    reader = FaceReader(networks)
    members = networks.panel.members
    found: list[dict[str, Any]] = []
    sheet = []
    for seed in arguments.seeds:
        generator = networks.generator
        latent = facing_camera(
            generator.w_mean + TRUNCATION * (generator.sample(1, seed)[0] - generator.w_mean), networks
        )
        plain = generator.synthesise(latent)
        own = Views(plain, networks.detector).clean(members)
        row, below = [(f"seed {seed}", plain)], [("", None)]
        for name, strengths in EDITS.items():
            begun = time.perf_counter()
            kept = keep(directions.apply(latent, strengths), own, networks)
            seconds = time.perf_counter() - begun
            attribute = next(iter(strengths))
            measured = directions.load()[attribute].attribute
            read = [reader.read(image)[measured] for image in (plain, kept.before.image, kept.face.image)]
            found.append(
                {
                    "seed": seed,
                    "edit": name,
                    "before": kept.before.distances,
                    "after": kept.face.distances,
                    "lpips": kept.lpips,
                    "steps": kept.steps,
                    "accepted": kept.accepted,
                    "seconds": round(seconds, 2),
                    attribute: {"plain": read[0], "edited": read[1], "kept": read[2]},
                }
            )
            print(json.dumps(found[-1]), flush=True)
            row.append((f"{name}: {max(kept.before.distances.values()):.2f}", kept.before.image))
            below.append((f"kept: {max(kept.face.distances.values()):.2f}", kept.face.image))
        sheet += [row, below]
    if arguments.sheet:
        arguments.sheet.write_bytes(synthetic_jpeg(grid(sheet, 256)))
    summary = {}
    for name in EDITS:
        of_edit = [one for one in found if one["edit"] == name]
        summary[name] = {
            **{
                when: {m.name: round(float(np.mean([one[when][m.name] for one in of_edit])), 3) for m in members}
                for when in ("before", "after")
            },
            "lpips": round(float(np.mean([one["lpips"] for one in of_edit])), 4),
        }
    record = {"settings": repr(KeepSettings()), "held out": ["EdgeFace-S"], "means": summary, "faces": found}
    RESULTS.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
