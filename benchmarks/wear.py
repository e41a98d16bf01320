"""A persona on other people's portraits: does it become the persona, is nobody recognised, do pose and expression stay?

    python benchmarks/wear.py FOLDER --out benchmarks/results/wear.json [--personas 12 4] [--pictures DIR] [--minutes 6]

Every second file of the folder's sorted list is measured, beginning with the first, whoever is in it; the others were there for
development. The personas are the people of two seeds, grown-ups with a free forehead, chosen by eye from seeds 1–12 before
anything was measured. Judged on the finished photo: identity at the strict point beside the persona's reference picture, the
wearer at the privacy point beside the untouched photo; one recogniser is held out of the search. Pose and expression are measured
by MediaPipe, which steered them, and once more by two networks that had no part in it: yaw by WHENet, happiness by face-api.js'
network. What is finished is kept in the JSON and not repeated; ``--minutes`` stops in between.
"""

import argparse
import json
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from doppelganger.errors import DoppelgangerError
from doppelganger.faces.landmarks import Landmarks
from doppelganger.faces.second_opinion import SecondOpinion
from doppelganger.images import RGB, encode_jpeg, encode_png, read_image, resize, write_atomically
from doppelganger.inphoto import surroundings
from doppelganger.keeping import see_beside
from doppelganger.networks import Networks
from doppelganger.persona.making import from_seed
from doppelganger.persona.persona import Persona
from doppelganger.persona.wearing import Dresser, Worn
from doppelganger.subject import see
from doppelganger.verifiers.face_of import central_face
from doppelganger.verifiers.protocol import OperatingPoint

TILE = 340
"""Pixels of a picture on the sheet."""
PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".heic"}


def looked_at(image: RGB, networks: Networks, second: SecondOpinion) -> tuple[Landmarks, dict[str, float]]:
    """The landmarks of a picture's middle face, and what the networks say of it that had no part in the search."""
    marks = networks.landmarks.detect(image, central_face(networks.detector, image))
    return marks, {"yaw": second.yaw(image, marks), "happiness": second.happiness(image, marks)}


def one_photo(
    photo: RGB, name: str, persona: Persona, dresser: Dresser, networks: Networks, second: SecondOpinion
) -> tuple[dict[str, Any], Worn]:
    """Everything about one photo, ready for JSON; and the result."""
    begun = time.perf_counter()
    worn = dresser.wear(photo, name=name)
    seconds = time.perf_counter() - begun
    portrait = see(photo, networks, name=name).portrait
    original, finished = (surroundings(image, portrait) for image in (photo, worn.image))
    before, said_before = looked_at(original, networks, second)
    after, said_after = looked_at(finished, networks, second)
    untouched = see_beside(original, persona.front, networks)
    return {
        "same as the persona": worn.seen.distances,
        "same as the wearer": worn.seen.apart[0],
        "the untouched photo beside the persona": untouched.distances,
        "held out": worn.held_out,
        "pose error, degrees": worn.pose_error,
        "angles, before and after": [[m.yaw, m.pitch, m.roll] for m in (before, after)],
        "expression correlation": worn.expression,
        "yaw error by WHENet, degrees": abs(said_before["yaw"] - said_after["yaw"]),
        "happiness by face-api.js, before and after": [said_before["happiness"], said_after["happiness"]],
        "strengths": worn.strengths,
        "steps": worn.steps,
        "accepted": worn.accepted,
        "seconds": seconds,
        "embeddings": {name: " ".join(f"{x:.5g}" for x in e) for name, e in worn.seen.embeddings.items()},
    }, worn


def summary(results: list[dict[str, Any]], failed: int, networks: Networks) -> dict[str, Any]:
    """The figures that are asked for."""
    same = [[share <= 1 for share in r["same as the persona"].values()] for r in results]
    wearer = [[share <= 1 for share in r["same as the wearer"].values()] for r in results]
    held = [r["same as the persona"][name] <= 1 for r in results for name in r["held out"]]
    pose, expression = ([r[k] for r in results] for k in ("pose error, degrees", "expression correlation"))
    yaw = [r["yaw error by WHENet, degrees"] for r in results]
    happy = [abs(np.subtract(*r["happiness by face-api.js, before and after"])) for r in results]
    untouched = [min(r["the untouched photo beside the persona"].values()) <= 1 for r in results]
    return {
        "worn": len(results),
        "photos that could not be worn": failed,
        "the persona, by most recognisers": float(np.mean([2 * sum(s) > len(s) for s in same])),
        "the persona, by every recogniser": float(np.mean([all(s) for s in same])),
        "the persona, by the held-out recogniser": float(np.mean(held)),
        "the wearer, by any recogniser": float(np.mean([any(w) for w in wearer])),
        "untouched photos that any recogniser takes for the persona": float(np.mean(untouched)),
        "pairs of worn photos that every recogniser calls one person": pairs(results, networks),
        "pose error, degrees: median, largest, share within 5": spread(pose, lambda x: x <= 5, max),
        "expression correlation: median, least, share from 0.7": spread(expression, lambda x: x >= 0.7, min),
        "yaw error by WHENet, degrees: median, largest, share within 5": spread(yaw, lambda x: x <= 5, max),
        "change of happiness by face-api.js: median, largest, share within 0.5": spread(happy, lambda x: x <= 0.5, max),
        "seconds a photo: median": float(np.median([r["seconds"] for r in results])),
    }


def spread(values: list[float], good: Any, worst: Any) -> list[float]:
    """Median, the worst, and the share that is good."""
    return [float(np.median(values)), float(worst(values)), float(np.mean([good(v) for v in values]))]


def pairs(results: list[dict[str, Any]], networks: Networks) -> float:
    """Share of the pairs of worn photos that every recogniser calls the same person, at the identity point."""
    members = networks.panel.members
    said = [
        all(
            m.distance(*(np.array(r["embeddings"][m.name].split(), np.float32) for r in pair))
            <= m.thresholds[OperatingPoint.IDENTITY].value
            for m in members
        )
        for pair in combinations(results, 2)
    ]
    return float(np.mean(said)) if said else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--personas", type=int, nargs="+", default=[12, 4], help="seeds")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--sheet", type=Path, help="JPEG: photos beside what became of them; needs --pictures")
    args = parser.parse_args()
    begun = time.monotonic()
    networks = Networks()
    second = SecondOpinion(networks.store)
    kept = json.loads(args.out.read_text()) if args.out.exists() else {"personas": {}}
    photos = [f for f in sorted(args.folder.iterdir()) if f.suffix.lower() in PICTURES][::2]
    kept["photos"] = "every second file of the sorted list, beginning with the first"
    for seed in args.personas:
        of_seed = kept["personas"].setdefault(str(seed), {"results": {}, "failed": {}})
        missing = [p for p in photos if p.stem not in {**of_seed["results"], **of_seed["failed"]}]
        if not missing or time.monotonic() - begun > 60 * args.minutes:
            continue
        persona = from_seed(f"seed {seed}", seed, networks)
        start = time.perf_counter()
        dresser = Dresser(persona, networks)
        of_seed["seconds once a persona"] = time.perf_counter() - start
        show(args.pictures, f"{seed}", persona.reference)
        for photo in missing:
            if time.monotonic() - begun > 60 * args.minutes:
                break
            try:
                result, worn = one_photo(read_image(photo), photo.stem, persona, dresser, networks, second)
            except DoppelgangerError as error:
                of_seed["failed"][photo.stem] = str(error)
            else:
                of_seed["results"][photo.stem] = result
                show(args.pictures, f"{seed}-{photo.stem}", worn.image)
                print(photo.stem, json.dumps({k: v for k, v in result.items() if k != "embeddings"}), flush=True)
            of_seed["summary"] = summary([*of_seed["results"].values()], len(of_seed["failed"]), networks)
            args.out.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(args.out, json.dumps(kept, indent=1, ensure_ascii=False).encode())
    if args.sheet and args.pictures:
        write_atomically(args.sheet, encode_jpeg(sheet(photos, args.pictures, args.personas, networks), 88))
    print(
        json.dumps({seed: one.get("summary") for seed, one in kept["personas"].items()}, indent=1, ensure_ascii=False)
    )


def sheet(photos: list[Path], folder: Path, seeds: list[int], networks: Networks) -> RGB:
    """A row a photo and half of it a column: the photo, then as each persona; above them the personas' reference pictures."""
    blank = np.full((TILE, TILE, 3), 255, np.uint8)
    rows = [[blank, *(tile(read_image(folder / f"{seed}.png")) for seed in seeds)]]
    for photo in photos:
        image = read_image(photo)
        try:
            portrait = see(image, networks, name=photo.stem).portrait
        except DoppelgangerError:
            rows.append([tile(image), *([blank] * len(seeds))])
            continue
        files = [folder / f"{seed}-{photo.stem}.png" for seed in seeds]
        worn = [tile(surroundings(read_image(f), portrait)) if f.exists() else blank for f in files]
        rows.append([tile(surroundings(image, portrait)), *worn])
    head, *lines = [np.hstack(row) for row in rows]
    half = -(-len(lines) // 2)
    lines += [np.full_like(head, 255)] * (2 * half - len(lines))
    return np.hstack([np.vstack([head, *lines[:half]]), np.vstack([head, *lines[half:]])])


def tile(image: RGB) -> RGB:
    """A square of `TILE` pixels from the picture's middle."""
    side = min(image.shape[:2])
    top, left = ((n - side) // 2 for n in image.shape[:2])
    return resize(np.ascontiguousarray(image[top : top + side, left : left + side]), TILE, TILE)


def show(folder: Path | None, name: str, image: RGB) -> None:
    """Keep a picture, where pictures are wanted."""
    if folder is not None:
        write_atomically(folder / f"{name}.png", encode_png(image))


if __name__ == "__main__":
    main()
