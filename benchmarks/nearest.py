"""What the settings of both searches buy: likeness against the distance of a recogniser that was not asked.

    python benchmarks/nearest.py PORTRAIT [PORTRAIT …] [--held-out dlib] [--out FILE]

Each variant changes one setting of the defaults. Printed are means over the portraits, as JSON: the LPIPS (AlexNet, 256²) of the
face and how far each recogniser takes it from the portrait. Use portraits on which nothing is reported: this is for choosing.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from doppelganger.doppelganger import project_subject, search_nearest
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB, read_image, write_atomically
from doppelganger.likeness import lpips_at
from doppelganger.nearest import NearestSettings
from doppelganger.networks import Networks
from doppelganger.progress import silent
from doppelganger.projection import ProjectionSettings
from doppelganger.settings import Settings
from doppelganger.subject import Subject, see
from doppelganger.verifiers.panel import VERIFIERS
from doppelganger.verifiers.views import Views

PROJECTIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "scales are w's own": {"scale_rate": 0.0},
    "scales at 0.3 of the pace": {"scale_rate": 0.3},
    "scales at 0.6 of the pace": {"scale_rate": 0.6},
    "36 steps": {"w_plus_steps": 36},
}
NEAREST: dict[str, dict[str, Any]] = {
    "margin 0.5": {"margin": 0.5},
    "margin 1": {"margin": 1.0},
    "margin 1.5": {"margin": 1.5},
    "margin 2": {"margin": 2.0},
    "12 steps": {"steps": 12},
    "24 steps": {"steps": 24},
    "pace 0.12": {"learning_rate": 0.12},
    "face counts twice": {"face_weight": 2.0},
}


def measured(image: RGB, subject: Subject, networks: Networks) -> dict[str, float]:
    """LPIPS to the portrait, and every recogniser's distance."""
    members = networks.panel.members
    seen = Views(image, networks.detector).clean(members)
    apart = {m.name: m.distance(subject.embeddings[m.name], seen[m.name]) for m in members}
    return {"LPIPS": lpips_at(networks.alex, subject.portrait.image, image, 256, networks.device), **apart}


def mean(found: list[dict[str, float]]) -> dict[str, float]:
    """Key by key."""
    return {key: round(float(np.mean([one[key] for one in found])), 4) for key in found[0]}


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", nargs="+", type=Path)
    parser.add_argument("--held-out", default="dlib", choices=[*VERIFIERS])
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    networks = Networks()
    subjects = [see(read_image(path), networks, name=path.name) for path in args.portraits]
    table: dict[str, Any] = {"portraits": len(subjects), "held out": args.held_out, "projection": {}, "nearest": {}}
    starts: list[Latent] = []
    for name, changed in PROJECTIONS.items():
        settings = replace(ProjectionSettings(), **changed)
        closest = [project_subject(subject, networks, settings).closest for subject in subjects]
        starts = starts or closest
        pictures = [networks.generator.synthesise(w) for w in closest]
        table["projection"][name] = mean([measured(p, s, networks) for p, s in zip(pictures, subjects, strict=True)])
        print(json.dumps({name: table["projection"][name]}), flush=True)
    for name, changed in NEAREST.items():
        chosen = Settings(held_out=(args.held_out,), nearest=replace(NearestSettings(), **changed))
        found = [search_nearest(s, w, networks, chosen, silent) for s, w in zip(subjects, starts, strict=True)]
        table["nearest"][name] = mean(
            [measured(views.image, s, networks) for (_, views), s in zip(found, subjects, strict=True)]
        ) | {"steps": float(np.mean([one.steps for one, _ in found]))}
        print(json.dumps({name: table["nearest"][name]}), flush=True)
    if args.out:
        write_atomically(args.out, (json.dumps(table, indent=2, ensure_ascii=False) + "\n").encode())


if __name__ == "__main__":
    main()
