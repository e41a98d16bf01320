"""The heart, measured: closest match, path border and nearest face of every portrait in a folder, leave-one-out over the panel.

    python benchmarks/heart.py FOLDER --out benchmarks/results/heart.json [--limit 12] [--pictures DIR]

One projection a portrait, then one nearest search for each held-out verifier, so that every verifier is once the one the
search never saw. A case is a portrait with a verifier; it fails when the verifier says *same* on the clean face or under any one
disturbance. Finished portraits are kept in the JSON and not repeated, unless the settings have changed since. NASA's portrait
from scikit-image is measured first and left out of the summary: it was looked at during development. ``--seen`` names files
that were, too; they are not measured. A picture without a usable face is noted and passed over.
"""

import argparse
import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skimage import data

from doppelganger.border import CachedJudge, find_borders
from doppelganger.doppelganger import Clock, project_subject, search_nearest
from doppelganger.errors import FaceError, ImageError
from doppelganger.images import RGB, read_image, write_atomically
from doppelganger.judging import SCAN_STRIDE, PathJudge, judge_face, thresholds
from doppelganger.networks import Networks
from doppelganger.progress import silent
from doppelganger.settings import Settings
from doppelganger.subject import Subject, see
from doppelganger.verifiers.panel import VERIFIERS
from doppelganger.verifiers.views import Views

VGG_SIZE = 1024
"""The full picture. It takes ten seconds a face, so only the closest match and the default's face are compared like this."""


def measured(
    name: str,
    views: Views,
    subject: Subject,
    networks: Networks,
    held_out: list[str],
    portrait: Any,
    vgg_size: int | None = None,
) -> dict[str, Any]:
    """Verdicts (clean and under every disturbance) and likeness of one face, ready for JSON."""
    record = judge_face(name, views, subject, networks, held_out, disturbed=True)
    likeness = networks.judge.compare(portrait, networks.judge.measure(views.image, name), vgg_size)
    verdicts = {v.verifier: {**asdict(v), "different": v.different} for v in record.verdicts}
    return {"verdicts": verdicts, "likeness": likeness}


ONE_MAKE = ("seeing", "projection", "border", "nearest, edgeface held out")
"""Stages that one ``make`` has as well."""
STATED_GAPS = {
    "LPIPS (VGG16, 1024²)": 0.05,
    "landmark shape (eye distances)": 0.03,
    "age difference (years)": 8.0,
    "skin texture (mean |dB|)": 1.5,
}
"""How much further from the portrait than the closest match a doppelgänger may be, by measures outside the loss."""


def one_portrait(
    photo: RGB, networks: Networks, settings: Settings, pictures: Path | None, name: str
) -> dict[str, Any]:
    """Everything about one portrait."""
    clock = Clock()
    with clock.stage("seeing"):
        subject = see(photo, networks, name=name)
    with clock.stage("projection"):
        projected = project_subject(subject, networks, settings.projection)
    with clock.stage("border"):
        judge = PathJudge(projected, subject, networks)
        borders = find_borders(len(projected.path), CachedJudge(judge), thresholds(networks), SCAN_STRIDE)
    portrait = networks.judge.measure(subject.portrait.image, name)
    closest = networks.generator.synthesise(projected.closest)
    out: dict[str, Any] = {
        "closest": measured(
            "closest match", Views(closest, networks.detector), subject, networks, [], portrait, VGG_SIZE
        )
    }
    flips = {b.verifier: [asdict(f) for f in b.flips] for b in borders}
    out["flips"] = flips
    sheet = [subject.portrait.image, closest]
    if flips["panel"]:
        face = networks.generator.synthesise(projected.path[flips["panel"][-1]["outside"]])
        out["path border"] = measured("path border", Views(face, networks.detector), subject, networks, [], portrait)
        sheet.append(face)
    for short in VERIFIERS:
        with clock.stage(f"nearest, {short} held out"):
            chosen = replace(settings, held_out=(short,))
            found, views = search_nearest(subject, projected.closest, networks, chosen, silent)
        held_out = [m.name for m in networks.members([short])]
        out[f"nearest, {held_out[0]} held out"] = measured(
            "doppelgänger",
            views,
            subject,
            networks,
            held_out,
            portrait,
            VGG_SIZE if (short,) == Settings().held_out else None,
        ) | {
            "accepted": found.accepted,
            "steps": found.steps,
        }
        sheet.append(views.image)
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.concatenate(sheet, 1)).save(pictures / f"{name}.jpg", quality=92)
    with clock.stage("one synthesis"):
        begun = time.perf_counter()
        for _ in range(5):
            networks.generator.synthesise_float(projected.closest)
        out["synthesis seconds"] = (time.perf_counter() - begun) / 5
    out["seconds"] = clock.seconds
    return out


def summary(portraits: dict[str, Any]) -> dict[str, Any]:
    """The figures that are asked for, over all measured portraits."""
    searched = held = searched_different = held_different = 0
    lpips: list[float] = []
    worse: list[float] = []
    gaps: dict[str, list[float]] = {}
    by_held: set[str] = set()
    alex = "LPIPS (AlexNet, 256²)"
    closest = [entry["closest"]["likeness"][alex] for entry in portraits.values()]
    border = [entry["path border"]["likeness"][alex] for entry in portraits.values() if "path border" in entry]
    seconds = [sum(entry["seconds"][s] for s in ONE_MAKE) for entry in portraits.values()]
    for entry in portraits.values():
        for key, face in entry.items():
            if not key.startswith("nearest, "):
                continue
            for verdict in face["verdicts"].values():
                if verdict["held_out"]:
                    held += 1
                    held_different += verdict["different"]
                    by_held.add(verdict["verifier"])
                else:
                    searched += 1
                    searched_different += verdict["different"]
            lpips.append(face["likeness"][alex])
            worse.append(face["likeness"][alex] - entry["closest"]["likeness"][alex])
            for measure, value in face["likeness"].items():
                gap = abs(value) - abs(entry["closest"]["likeness"][measure])
                gaps.setdefault(measure, []).append(gap)
    return {
        "portraits": len(portraits),
        "searched cases": searched,
        "searched different": searched_different / searched,
        "held-out cases": held,
        "held-out different": held_different / held,
        "by verifier, when it was held out": {name: of_verifier(portraits, name) for name in sorted(by_held)},
        "LPIPS of closest match, median": float(np.median(closest)),
        "LPIPS of path border, median": float(np.median(border)),
        "LPIPS of nearest, median": float(np.median(lpips)),
        "LPIPS of nearest above the closest match's, largest": max(worse),
        "gap to the closest match, median and largest": {
            k: [float(np.median(v)), float(np.max(v))] for k, v in gaps.items()
        },
        "within the stated gap": {
            k: {"gap": limit, "share": float(np.mean([g <= limit for g in gaps[k]]))}
            for k, limit in STATED_GAPS.items()
        },
        "seconds of seeing, projection, border and one nearest search, median": float(np.median(seconds)),
    }


def of_verifier(portraits: dict[str, Any], name: str) -> dict[str, float]:
    """One verifier's distances: to the closest match, and to the doppelgängers whose search did not see it."""
    entries = [(e["closest"], e[f"nearest, {name} held out"]) for e in portraits.values()]
    verdicts = [(closest["verdicts"][name], nearest["verdicts"][name]) for closest, nearest in entries]
    worst = [min(near["distance"], *near["under_disturbances"].values()) for _, near in verdicts]
    return {
        "threshold": verdicts[0][0]["threshold"],
        "closest match, median distance": float(np.median([closest["distance"] for closest, _ in verdicts])),
        "doppelgänger, median distance": float(np.median([near["distance"] for _, near in verdicts])),
        "doppelgänger, median distance after the worst disturbance": float(np.median(worst)),
        "doppelgängers that are different": sum(near["different"] for _, near in verdicts),
        "doppelgängers": len(verdicts),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--seen", nargs="*", default=[], help="names that were looked at in development: left out")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--without-astronaut", action="store_true")
    args = parser.parse_args()
    networks, settings = Networks(), Settings()
    kept = json.loads(args.out.read_text()) if args.out.exists() else {"portraits": {}}
    used = {"projection": asdict(settings.projection), "nearest": asdict(settings.nearest)}
    if kept.get("settings", used) != used:
        kept = {"portraits": {}}
    kept["settings"] = used
    files = [
        f for f in sorted(args.folder.iterdir()) if f.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp", ".heic"}
    ]
    files = [f for f in files if f.stem not in args.seen][: args.limit]
    queue: list[tuple[str, RGB | Path]] = (
        [] if args.without_astronaut else [("astronaut", np.asarray(data.astronaut()))]
    )
    queue += [(f.stem, f) for f in files]
    for name, source in queue:
        if name in kept["portraits"]:
            continue
        try:
            photo = source if isinstance(source, np.ndarray) else read_image(source)
            kept["portraits"][name] = one_portrait(photo, networks, settings, args.pictures, name)
        except (ImageError, FaceError) as error:
            kept.setdefault("passed over", {})[name] = str(error)
            continue
        keep(kept, args.out)
        print(json.dumps({name: kept["portraits"][name]["seconds"]}), flush=True)
    keep(kept, args.out)
    print(json.dumps(kept.get("summary", {}), indent=1, ensure_ascii=False))


def keep(kept: dict[str, Any], out: Path) -> None:
    """Write what is measured so far, with its summary."""
    unseen = {k: v for k, v in kept["portraits"].items() if k != "astronaut"}
    if unseen:
        kept["summary"] = summary(unseen)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(out, json.dumps(kept, indent=1, ensure_ascii=False).encode())


if __name__ == "__main__":
    main()
