"""Distances between strangers, and of faces to themselves after disturbances: where the thresholds come from.

``python benchmarks/calibrate_thresholds.py --faces 1100 > src/doppelganger/verifiers/thresholds.json`` makes the table
that the package loads. Every face is of another "person": drawn from the generator's W without truncation, or one
picture a person in ``--folder``. All pairs are impostor pairs (they share faces, so they are not independent: the
smallest rates are less certain than their count suggests).
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.errors import DoppelgangerError
from doppelganger.faces.detector import FaceDetector
from doppelganger.generators.mobile_stylegan_openvino import MobileStyleGAN
from doppelganger.images import RGB, read_image
from doppelganger.verifiers.disturbances import DISTURBANCES
from doppelganger.verifiers.panel import Panel, verifiers
from doppelganger.verifiers.protocol import Metric
from doppelganger.weights import Store

FARS = ("1e-2", "1e-3", "1e-4", "1e-5")


def generated(store: Store, count: int, seed: int) -> Iterator[RGB]:
    """Faces of 1024² from W at truncation 1.0."""
    generator = MobileStyleGAN(store)
    for w in generator.sample(count, seed):
        yield generator.synthesise(w)


def pictures(folder: Path) -> Iterator[RGB]:
    """Every picture in a folder, one person each; what is no picture is named and left out."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            yield read_image(path)
        except DoppelgangerError as error:
            print(error, file=sys.stderr)


def distances(metric: Metric, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """All pairs of rows [N, D] → [N (N − 1) / 2]."""
    x = rows.astype(np.float64)
    if metric == "cosine":
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        full = 1 - x @ x.T
    else:
        squares = (x**2).sum(1)
        full = np.sqrt(np.maximum(squares[:, None] + squares[None] - 2 * x @ x.T, 0))
    return np.sort(full[np.triu_indices(len(x), 1)])


def at_far(ordered: NDArray[np.float64], far: float) -> float:
    """The largest threshold at which at most this share of impostor distances is not above it."""
    accepted = int(np.floor(far * len(ordered)))
    return float(np.nextafter(ordered[accepted], 0))


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    store = Store()
    detector = FaceDetector(store)
    panel = Panel(verifiers(store, detector))
    embeddings: dict[str, list[NDArray[np.float32]]] = {member.name: [] for member in panel.members}
    genuine: dict[str, dict[str, list[float]]] = {m.name: {d.name: [] for d in DISTURBANCES} for m in panel.members}
    without = lost = 0
    source = pictures(arguments.folder) if arguments.folder else generated(store, arguments.faces, arguments.seed)
    for number, image in enumerate(source):
        faces = detector.detect(image)
        if not faces:
            without += 1
            continue
        own = panel.embed(image, faces[0])
        for name, embedding in own.items():
            embeddings[name].append(embedding)
        for disturbance in DISTURBANCES if number < arguments.disturbed else ():
            disturbed = disturbance.apply(image)
            found = detector.detect(disturbed)
            if not found:
                lost += 1
                continue
            for member in panel.members:
                there = member.embed(disturbed, found[0])
                genuine[member.name][disturbance.name].append(member.distance(own[member.name], there))
        if number % 100 == 99:
            print(f"{number + 1} faces", file=sys.stderr, flush=True)
    if arguments.embeddings:
        np.savez(arguments.embeddings, **{name: np.stack(rows) for name, rows in embeddings.items()})
    result: dict[str, Any] = {
        "population": f"pictures in {arguments.folder.name}, one person each"
        if arguments.folder
        else f"MobileStyleGAN-FFHQ, W without truncation, 1024², seed {arguments.seed}",
        "faces_without_detection": without,
        "disturbed_without_detection": lost,
        "verifiers": {},
    }
    for member in panel.members:
        ordered = distances(member.metric, np.stack(embeddings[member.name]))
        published = getattr(member, "published", None)
        table = {far: round(at_far(ordered, float(far)), 6) for far in FARS if float(far) * len(ordered) >= 1}
        forgiving = max([table["1e-3"], *([published.value] if published else [])])
        strict = table.get("1e-4")
        result["verifiers"][member.name] = {
            "metric": member.metric,
            "faces": len(embeddings[member.name]),
            "pairs": len(ordered),
            "impostor_mean": round(float(ordered.mean()), 4),
            "impostor_sd": round(float(ordered.std()), 4),
            "impostor_min": round(float(ordered[0]), 4),
            "distance_at_far": table,
            "published": published.value if published else None,
            "far_at_published": float(np.searchsorted(ordered, published.value, "right") / len(ordered))
            if published
            else None,
            "genuine": {
                name: {
                    "n": len(values),
                    "mean": round(float(np.mean(values)), 4),
                    "max": round(float(np.max(values)), 4),
                    "accepted_privacy": float(np.mean(np.array(values) <= forgiving)),
                    "accepted_identity": None if strict is None else float(np.mean(np.array(values) <= strict)),
                }
                for name, values in genuine[member.name].items()
                if values
            },
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--faces", type=int, default=1100, help="how many generated faces (at least 1000 for the table)"
    )
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--disturbed", type=int, default=100, help="how many of them are disturbed as well")
    parser.add_argument("--folder", type=Path, help="use these pictures, one person each, instead of generated faces")
    parser.add_argument("--embeddings", type=Path, help="also keep the embeddings, in this .npz")
    parser.add_argument("--threads", type=int, default=0, help="limit for OpenCV and PyTorch (0: theirs)")
    arguments = parser.parse_args()
    if arguments.threads:
        import torch

        torch.set_num_threads(arguments.threads)
        cv2.setNumThreads(arguments.threads)
    print(json.dumps(run(arguments), indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
