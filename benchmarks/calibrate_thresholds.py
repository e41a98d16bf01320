"""Distances between strangers, and of faces to themselves after disturbances: where the thresholds come from.

``python benchmarks/calibrate_thresholds.py --faces 1100 > src/doppelganger/verifiers/thresholds.json`` makes the table
that the package loads. Every face is of another "person": drawn from the generator's W without truncation. With ``--folder``
a sub-folder holds the pictures of one person, and a picture beside the sub-folders is a person of its own. Pairs of two people are
impostor pairs (they share faces, so they are not independent: the smallest rates are less certain than their count
suggests); pairs of one person are genuine and must be accepted. A rate below one in the number of impostor pairs
is left out, and what needs it is judged at the package's own point.
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
from doppelganger.evaluation.metrics import at_far, genuine_distances, impostor_distances, share_interval
from doppelganger.faces.detector import FaceDetector
from doppelganger.generators.mobile_stylegan_openvino import MobileStyleGAN
from doppelganger.images import RGB, read_image
from doppelganger.verifiers.disturbances import DISTURBANCES
from doppelganger.verifiers.panel import Panel, verifiers
from doppelganger.verifiers.protocol import Metric, OperatingPoint, Verifier
from doppelganger.verifiers.thresholds import IDENTITY_FAR, PRIVACY_FAR
from doppelganger.weights import Store

FARS = ("1e-2", "1e-3", "1e-4", "1e-5")


def generated(store: Store, count: int, seed: int) -> Iterator[tuple[str, RGB]]:
    """Faces of 1024² from W at truncation 1.0, each another person's."""
    generator = MobileStyleGAN(store)
    for number, w in enumerate(generator.sample(count, seed)):
        yield str(number), generator.synthesise(w)


def pictures(folder: Path) -> Iterator[tuple[str, RGB]]:
    """Whose it is, and every picture in a folder; what is no picture is named and left out."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        person = path.relative_to(folder).parts[0]  # the sub-folder, or the picture itself
        try:
            yield person, read_image(path)
        except DoppelgangerError as error:
            print(error, file=sys.stderr)


def operating_points(member: Verifier, table: dict[str, float]) -> dict[OperatingPoint, float]:
    """As ``thresholds_of`` sets them, from this run; the package's own where this run has too few pairs."""
    published = getattr(member, "published", None)
    stated = [published.value] if published else []
    points = {point: member.thresholds[point].value for point in OperatingPoint}
    if PRIVACY_FAR in table:
        points[OperatingPoint.PRIVACY] = max([table[PRIVACY_FAR], *stated])
    if IDENTITY_FAR in table:
        points[OperatingPoint.IDENTITY] = min([table[IDENTITY_FAR], *stated])
    return points


def genuine_pairs(
    metric: Metric, rows: NDArray[np.float32], people: list[str], points: dict[OperatingPoint, float]
) -> dict[str, Any] | None:
    """Pairs of pictures of one person: how far apart, and the share accepted with its interval over people."""
    labels = np.array(people)
    distances, whose = [], []
    for person in sorted(set(people)):
        own = genuine_distances(metric, rows[labels == person], [person] * people.count(person))
        distances.append(own)
        whose += [person] * len(own)
    values = np.concatenate(distances)
    if len(values) == 0:
        return None
    accepted = {point: share_interval(values <= value, whose) for point, value in points.items()}
    return {
        "n": len(values),
        "people": len(set(whose)),
        "mean": round(float(values.mean()), 4),
        "max": round(float(values.max()), 4),
    } | {f"accepted_{p}": {"value": i.value, "low": i.low, "high": i.high} for p, i in accepted.items()}


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    store = Store()
    detector = FaceDetector(store)
    panel = Panel(verifiers(store, detector))
    embeddings: dict[str, list[NDArray[np.float32]]] = {member.name: [] for member in panel.members}
    genuine: dict[str, dict[str, list[float]]] = {m.name: {d.name: [] for d in DISTURBANCES} for m in panel.members}
    people: list[str] = []
    without = lost = 0
    source = pictures(arguments.folder) if arguments.folder else generated(store, arguments.faces, arguments.seed)
    for number, (person, image) in enumerate(source):
        faces = detector.detect(image)
        if not faces:
            without += 1
            continue
        own = panel.embed(image, faces[0])
        people.append(person)
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
    if len(set(people)) < 2:
        raise SystemExit("Impostor pairs need faces of at least two people.")
    result: dict[str, Any] = {
        "population": f"{len(people)} pictures of {len(set(people))} people in {arguments.folder.name}"
        if arguments.folder
        else f"MobileStyleGAN-FFHQ, W without truncation, 1024², seed {arguments.seed}",
        "faces_without_detection": without,
        "disturbed_without_detection": lost,
        "verifiers": {},
    }
    for member in panel.members:
        rows = np.stack(embeddings[member.name])
        ordered = impostor_distances(member.metric, rows, people)
        published = getattr(member, "published", None)
        table = {far: round(at_far(ordered, float(far)), 6) for far in FARS if float(far) * len(ordered) >= 1}
        points = operating_points(member, table)
        pairs = genuine_pairs(member.metric, rows, people, points)
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
            "operating_points": points,
            **({"genuine_pairs": pairs} if pairs else {}),
            "genuine": {
                name: {
                    "n": len(values),
                    "mean": round(float(np.mean(values)), 4),
                    "max": round(float(np.max(values)), 4),
                    **{f"accepted_{point}": float(np.mean(np.array(values) <= points[point])) for point in points},
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
    parser.add_argument("--folder", type=Path, help="pictures instead of generated faces, a sub-folder a person")
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
