"""Do restarts, or a pull on a recogniser's inner features, buy more than a larger margin does?

    python benchmarks/trials.py PORTRAIT PORTRAIT … [--held-out dlib [edgeface …]] [--out FILE]

Each nearest search starts from the same closest match of its portrait. *Restarts*: searches that differ in their seed, of which
the accepted face with the least LPIPS is kept. *Features*: what ArcFace's network has inside, at two depths, is pulled toward
the distance of strangers, beside the constraint on its embedding or instead of it. Strangers are the other portraits, so give
several. Printed as JSON: every search; written, too: means over the portraits that have them all. Use portraits on which
nothing is reported: this is for choosing.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from doppelganger.doppelganger import project_subject, search_nearest
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB, read_image, write_atomically
from doppelganger.judging import thresholds
from doppelganger.likeness import lpips_at
from doppelganger.nearest import NearestSettings
from doppelganger.networks import Networks
from doppelganger.onnx_torch.network import OnnxNetwork
from doppelganger.progress import silent
from doppelganger.projection import ProjectionSettings
from doppelganger.settings import Settings
from doppelganger.subject import Subject, see
from doppelganger.trait import Trait
from doppelganger.verifiers.alignment import crop
from doppelganger.verifiers.face_of import largest_face
from doppelganger.verifiers.panel import VERIFIERS
from doppelganger.verifiers.sface import SFace
from doppelganger.verifiers.views import Views

DEPTHS = {"14²": "473", "7²": "505"}
"""Depth → name in ArcFace-MBF's file of what the last residual block of that size gives."""
SEEDS = 3


@dataclass(frozen=True)
class Variant:
    """A search with something changed. ``weight``: of the pull at ``depth``, per stranger's distance, as LPIPS has 1."""

    changed: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    depth: str = ""
    weight: float = 0.0
    instead: bool = False
    """Whether the embedding of the recogniser that is pulled inside is left alone."""


VARIANTS = {
    "margin 1.5": Variant(),
    **{f"seed {seed}": Variant(seed=seed) for seed in range(1, SEEDS)},
    **{f"margin {margin:g}": Variant({"margin": margin}) for margin in (2.0, 2.5)},
    **{f"features {depth}, {w}": Variant(depth=depth, weight=w) for w in (0.1, 0.4) for depth in DEPTHS},
    "features 7² instead of the embedding, 0.4": Variant(depth="7²", weight=0.4, instead=True),
}
RESTARTS = ["margin 1.5", *(f"seed {seed}" for seed in range(1, SEEDS))]
"""The searches that differ in their seed alone."""


class FeatureDistance(nn.Module):
    """Crops [B, 3, S, S] in [−1, 1] → 1 − cosine of their features to the portrait's, over ``strangers``, [B]."""

    def __init__(self, features: nn.Module, portrait: Tensor, strangers: float) -> None:
        super().__init__()
        self.features, self.strangers = features, strangers
        self.register_buffer("portrait", portrait)

    def forward(self, crops: Tensor) -> Tensor:
        """See the class."""
        return (1 - F.cosine_similarity(self.features(crops).flatten(1), self.portrait)) / self.strangers


class Insides:
    """ArcFace up to each depth, and what it has there for every portrait."""

    def __init__(self, networks: Networks, portraits: Sequence[RGB]) -> None:
        (self.verifier,) = networks.members(["arcface"])
        self._networks = networks
        self.distances: list[dict[str, FeatureDistance]] = [{} for _ in portraits]
        crops = [self.crop(portrait) for portrait in portraits]
        for depth, output in DEPTHS.items():
            network = self._up_to(output).to(networks.device)
            with torch.no_grad():
                seen = [network(one).flatten(1) for one in crops]
            pairs = [1 - float(F.cosine_similarity(a, b)) for a, b in combinations(seen, 2)]
            for own, distances in zip(seen, self.distances, strict=True):
                distances[depth] = FeatureDistance(network, own, float(np.mean(pairs)))

    def _up_to(self, output: str) -> OnnxNetwork:
        path = self._networks.store.path(self.verifier.weight)
        (given,) = [one.name for one in onnx.load(str(path)).graph.input]
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder) / "part.onnx"
            onnx.utils.extract_model(str(path), str(part), [given], [output])
            return OnnxNetwork(part, scale=self.verifier.input_scale, offset=self.verifier.input_offset)

    def crop(self, image: RGB) -> Tensor:
        """The recogniser's crop of the largest face, [1, 3, S, S] in [−1, 1]."""
        face = largest_face(self._networks.detector, image, "the picture")
        seen = crop(image, self.verifier.crop_transform(image, face), self.verifier.crop_size)
        pixels = torch.from_numpy(np.asarray(seen, np.float32) / 127.5 - 1)
        return pixels.permute(2, 0, 1)[None].to(self._networks.device)

    def pull(self, portrait: int, variant: Variant) -> tuple[Trait, ...]:
        """As a trait: Huber's penalty of the distance to strangers' distance, of the slope ``variant.weight`` but at its end."""
        if not variant.depth:
            return ()
        distance = self.distances[portrait][variant.depth]
        unit = NearestSettings().trait_weight / variant.weight
        return (Trait(SFace.name, distance, self.verifier.crop_size, 1.0, unit),)  # the crop of both; SFace is searched

    def of(self, image: RGB, portrait: int) -> dict[str, float]:
        """Depth → distance of the picture to the portrait over strangers'."""
        seen = self.crop(image)
        with torch.no_grad():
            return {f"features {d}": round(float(one(seen)), 4) for d, one in self.distances[portrait].items()}


def measured(image: RGB, subject: Subject, networks: Networks) -> dict[str, float]:
    """LPIPS to the portrait, and every recogniser's distance over its privacy threshold."""
    members, limits = networks.panel.members, thresholds(networks)
    seen = Views(image, networks.detector).clean(members)
    apart = {m.name: round(m.distance(subject.embeddings[m.name], seen[m.name]) / limits[m.name], 4) for m in members}
    alex = lpips_at(networks.alex, subject.portrait.image, image, 256, networks.device)
    return {"LPIPS": round(float(alex), 4), **apart}


def tried(
    variant: Variant, held_out: str, k: int, subject: Subject, start: Latent, insides: Insides, networks: Networks
) -> dict[str, Any]:
    """One search, measured."""
    settings = Settings(
        seed=variant.seed,
        held_out=(held_out, "arcface") if variant.instead else (held_out,),
        nearest=replace(NearestSettings(), **dict(variant.changed)),
    )
    begun = time.process_time()  # not the clock on the wall: others may be at work
    found, views = search_nearest(subject, start, networks, settings, silent, insides.pull(k, variant))
    seconds = time.process_time() - begun
    return {
        **measured(views.image, subject, networks),
        **insides.of(views.image, k),
        "accepted": found.accepted,
        "clears by": round(min(found.worst.values()) - 1, 4),
        "steps": found.steps,
        "CPU seconds": round(seconds, 1),
    }


def best(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of the accepted faces the most like one, else the one that clears the borders best; with the time of them all."""
    accepted = [run for run in runs if run["accepted"]]
    chosen = min(accepted, key=lambda r: r["LPIPS"]) if accepted else max(runs, key=lambda r: r["clears by"])
    return {**chosen, **{key: sum(run[key] for run in runs) for key in ("steps", "CPU seconds")}}


def mean(runs: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Key by key; of those accepted their share."""
    return {key: round(float(np.mean([run[key] for run in runs])), 4) for key in runs[0]}


def means(portraits: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Variant → mean over the portraits. Restarts: over every choice of so many of the seeds."""
    if not portraits:
        return {}
    table = {"closest match": mean([one["closest match"] for one in portraits])}
    for count in range(1, SEEDS + 1):
        chosen = [best([one[name] for name in names]) for one in portraits for names in combinations(RESTARTS, count)]
        table[f"restarts: {count}"] = mean(chosen)
    others = [name for name in VARIANTS if name not in RESTARTS]
    return table | {name: mean([one[name] for one in portraits]) for name in others}


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", nargs="+", type=Path)
    parser.add_argument("--held-out", nargs="+", default=["dlib"], choices=[*VERIFIERS])
    parser.add_argument("--out", type=Path, help="written after every search; what is there already is not run again")
    args = parser.parse_args()
    if len(args.portraits) < 2 or not {"arcface", "sface"}.isdisjoint(args.held_out):
        parser.error("give two portraits or more, and leave ArcFace and SFace to the search")
    networks = Networks()
    subjects = [see(read_image(path), networks, name=path.name) for path in args.portraits]
    insides = Insides(networks, [subject.portrait.image for subject in subjects])
    starts: dict[int, Latent] = {}
    record: dict[str, Any] = json.loads(args.out.read_text("utf-8")) if args.out and args.out.exists() else {}
    for held_out in args.held_out:
        table = record.setdefault(f"{held_out} held out", {"means": {}, "portraits": {}})
        for k, (path, subject) in enumerate(zip(args.portraits, subjects, strict=True)):
            row = table["portraits"].setdefault(path.stem, {})
            missing = [name for name in VARIANTS if name not in row]
            if missing and k not in starts:
                starts[k] = project_subject(subject, networks, ProjectionSettings()).closest
            if "closest match" not in row:
                closest = networks.generator.synthesise(starts[k])
                row["closest match"] = measured(closest, subject, networks) | insides.of(closest, k)
            for name in missing:
                row[name] = tried(VARIANTS[name], held_out, k, subject, starts[k], insides, networks)
                print(json.dumps({"held out": held_out, path.stem: {name: row[name]}}, ensure_ascii=False), flush=True)
                table["means"] = means([one for one in table["portraits"].values() if VARIANTS.keys() <= one.keys()])
                if args.out:
                    write_atomically(args.out, (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())


if __name__ == "__main__":
    main()
