"""How long one ``make`` takes, in syntheses of a 1024² face by OpenVINO measured in the same run; peak memory; the curve of steps.

    python benchmarks/speed.py [PHOTO] [--out FILE] [--curve]

Prints JSON: seconds and ratio of the whole and of each stage, the ratio of one step of each kind, peak memory, and from launch
to the first step. ``--curve`` adds LPIPS of the closest match against the number of w+ steps, each a whole projection with its own
schedule. Machines are noisy: quote ratios, not seconds.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

BEGUN = time.perf_counter()

import itertools  # noqa: E402

import numpy as np  # noqa: E402
from skimage import data  # noqa: E402

from doppelganger.doppelganger import make, project_subject  # noqa: E402
from doppelganger.images import RGB, read_image  # noqa: E402
from doppelganger.likeness import lpips_at  # noqa: E402
from doppelganger.networks import Networks  # noqa: E402
from doppelganger.progress import Event  # noqa: E402
from doppelganger.projection import ProjectionSettings  # noqa: E402
from doppelganger.settings import Settings  # noqa: E402
from doppelganger.storage import save  # noqa: E402
from doppelganger.subject import see  # noqa: E402

CURVE = (20, 32, 44, 60, 80, 100, 120, 140)


class Stopwatch:
    """A progress callback that notes when each step of each stage ended."""

    def __init__(self) -> None:
        self.ends: dict[str, list[float]] = {}

    def __call__(self, event: Event) -> None:
        self.ends.setdefault(event.stage, []).append(time.perf_counter())

    def steps(self, stage: str, first: int, last: int | None) -> dict[str, float]:
        """Seconds of the steps ``first`` to ``last`` of a stage: the median and the mean (some steps ask the whole network)."""
        ends = self.ends[stage][first:last]
        seconds = [b - a for a, b in itertools.pairwise(ends)]
        return {"median": statistics.median(seconds), "mean": statistics.mean(seconds)}


def one_synthesis(networks: Networks, times: int = 15) -> float:
    """Median seconds of one 1024² face."""
    networks.generator.synthesise_float(networks.generator.w_mean)
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        networks.generator.synthesise_float(networks.generator.w_mean)
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def peak_memory_mib() -> float | None:
    """The largest resident size of this process, MiB; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def curve(photo: RGB, networks: Networks) -> dict[int, float]:
    """w+ steps → LPIPS (AlexNet, 256²) of the closest match, rendered by the whole network."""
    subject = see(photo, networks)
    found = {}
    for steps in CURVE:
        settings = replace(ProjectionSettings(), w_plus_steps=steps)
        path = project_subject(subject, networks, settings)
        face = networks.generator.synthesise(path.closest)
        found[steps] = lpips_at(networks.alex, subject.portrait.image, face, 256, networks.device)
        print(json.dumps({"w+ steps": steps, "LPIPS": found[steps]}), file=sys.stderr, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path, nargs="?")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--curve", action="store_true")
    args = parser.parse_args()
    photo = read_image(args.photo) if args.photo else np.asarray(data.astronaut())
    networks, watch, settings = Networks(), Stopwatch(), Settings()
    with tempfile.TemporaryDirectory() as folder:
        result = make(photo, settings, networks, watch, Path(folder) / "checkpoint")
        made = time.perf_counter()
        save(result, Path(folder) / "result")
    total = time.perf_counter() - BEGUN
    unit = one_synthesis(networks)
    w_steps = settings.projection.w_steps
    steps = {
        "projection, one w": watch.steps("projection", 1, w_steps),
        "projection, w+": watch.steps("projection", w_steps - 1, None),
        "projection": watch.steps("projection", 1, None),
        "nearest": watch.steps("nearest", 0, settings.nearest.steps),
    }
    report: dict[str, Any] = {
        "one 1024² synthesis, seconds": unit,
        "whole make, seconds": total,
        "whole make, syntheses": total / unit,
        "launch to first step, seconds": watch.ends["projection"][0] - BEGUN,
        "stages, syntheses": {name: t / unit for name, t in {**result.seconds, "saving": BEGUN + total - made}.items()},
        "one step, syntheses": {name: {k: t / unit for k, t in found.items()} for name, found in steps.items()},
        "peak memory, MiB": peak_memory_mib(),
    }
    if args.curve:
        report["LPIPS of the closest match by w+ steps"] = curve(photo, networks)
    text = json.dumps(report, indent=1, ensure_ascii=False)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
