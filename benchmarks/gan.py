"""Training a generator: how fast, how good, and what a kill does to it. Prints JSON.

    python benchmarks/gan.py speed [--presets small:32 auto:128 auto:256:8 --device cuda --out FILE.json]
    python benchmarks/gan.py quality SET RUN --marks 10000 50000 200000 [--count 2000] [--neighbours FILE.png] [--out FILE.json]
    python benchmarks/gan.py kill SET RUN [--times 20]

`speed`: of each NETWORK:SIDE[:BATCH], in float32 and mixed with bfloat16: real images a second, the share of each part of a step,
and the ratio of a step's time to the bare matrix work: how often the device could do the step's multiplications in that time if
they were products of large square matrices, in bfloat16 for mixed training. One step in sixteen has both penalties, three more have
that of the path length if the network takes it; each kind is timed alone and counts by its share. "load" is what the machine did
besides: processes running over the last minute, before and after.

`quality` trains RUN on SET (of `gan prepare`, of twice --count pictures) to each mark, or goes on with it, and measures there by
Inception-v3's features, FID and KID of --count pictures each: generated ones against one half of the set; beside it a Gaussian with
the set's own mean and covariance, and the other half of the set, which is what cannot be beaten. Coverage: the share of real
pictures that have a generated one within the distance of their own fifth neighbour (Naeem et al. 2020). Recall: that of real ones
within the distance of some generated one to its own third neighbour (Kynkäänniemi et al. 2019). --out is written at each mark, and
keeps what it holds of the same set and run from before.

`kill`: a trainer that writes a checkpoint every four steps is killed (−9) at random moments and begun again, each time; then its
generator must be that of the unbroken run to the bit.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from doppelganger.evaluation.inception import InceptionFeatures
from doppelganger.evaluation.realism import frechet_distance, kernel_distance
from doppelganger.images import write_atomically
from doppelganger.provenance import synthetic_png
from doppelganger.training.gan.checkpoints import Checkpoints
from doppelganger.training.gan.picture_set import PictureSet
from doppelganger.training.gan.realism import generated
from doppelganger.training.gan.run import Run, settings_of
from doppelganger.training.gan.settings import NETWORKS, TrainingSettings, Wishes, shape_named
from doppelganger.training.gan.sheet import sheet
from doppelganger.training.gan.trainer import Trainer
from doppelganger.weights import Store

Pictures = NDArray[np.uint8]
NEIGHBOUR = 5
"""Of a real picture, for coverage."""
GENERATED_NEIGHBOUR = 3
"""Of a generated one, for recall."""
KINDS = {0: 1 / 16, 4: 3 / 16, 1: 12 / 16}
"""A step's number that stands for its kind, and the share of such steps: with both penalties, with the path length's, with none."""
SOME_P = 0.2
"""Of the adaptive augmentation: it augments, as in most of a run."""
MATRICES = 8
"""Products that are timed."""
TICK = 4
"""Steps from one checkpoint of a run that is killed to the next."""
LATEST = 2.5
"""Seconds after its first checkpoint at which a trainer is killed at the latest: some steps, pictures and checkpoints later."""
ENDLESS = 10**6
"""Ticks: more than a trainer comes to before it is killed."""


def speed(presets: list[str], repeats: int, device: torch.device) -> dict[str, Any]:
    """Of all presets, in both precisions."""
    before = os.getloadavg()[0]
    made: dict[str, Any] = {}
    for preset in presets:
        network, side, batch = (*preset.split(":"), None)[:3]
        wishes = Wishes(network, int(batch) if batch else None)
        for mixed in (False, True):
            settings = replace(wishes, mixed=mixed).settings(int(side or 0), 1, None)
            precision = "bfloat16 where sides are large" if mixed else "float32"
            made.setdefault(preset, {})[precision] = speed_of(settings, repeats, device)
            print(preset, precision, json.dumps(made[preset][precision]), file=sys.stderr)
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "load": [before, os.getloadavg()[0]],
        "presets": made,
    }


def speed_of(settings: TrainingSettings, repeats: int, device: torch.device) -> dict[str, Any]:
    """Of a trainer on noise."""
    side = settings.shape.resolution
    pictures = np.random.default_rng(0).integers(0, 256, (256, side, side, 3), np.uint8)
    trainer = Trainer(settings, pictures, device)
    matrix_rate = operations_a_second(torch.bfloat16 if settings.mixed else torch.float32, device)
    parts: dict[str, float] = {}
    weight = 0.0

    def timed(name: str) -> None:
        inner = getattr(trainer, name)

        def outer(*arguments: Any) -> Any:
            begun = moment(device)
            made = inner(*arguments)
            parts[name.strip("_")] = parts.get(name.strip("_"), 0.0) + weight * (moment(device) - begun)
            return made

        setattr(trainer, name, outer)

    def step_like(number: int) -> None:
        trainer.steps, trainer.p = number, SOME_P
        trainer.step()

    counted = 0.0
    for number, share in KINDS.items():
        with Counter() as counter:  # type: ignore[no-untyped-call]  # it warms up, too
            step_like(number)
        counted += share * counter.operations
    for name in ("_real", "_teach_detective", "_teach_generator", "_even_out", "_follow"):
        timed(name)
    seconds = 0.0
    for number, share in KINDS.items():
        weight = share / repeats
        for _ in range(repeats):
            begun = moment(device)
            step_like(number)
            seconds += weight * (moment(device) - begun)
    about = {
        "batch": settings.batch,
        "parameters": {
            "generator": sum(p.numel() for p in trainer.generator.parameters()),
            "detective": sum(p.numel() for p in trainer.detective.parameters()),
        },
        "images a second": float(f"{settings.batch / seconds:.3g}"),
        "billion floating-point operations an image": round(counted / settings.batch / 1e9, 2),
        "time, to that of the bare matrix work": round(seconds / (counted / matrix_rate), 2),
    }
    if device.type == "cuda":
        about["GiB at the peak"] = round(torch.cuda.max_memory_allocated(device) / 2**30, 2)
        torch.cuda.reset_peak_memory_stats(device)
    return {**about, "share of the time": {name: round(spent / seconds, 3) for name, spent in parts.items()}}


class Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Floating-point operations of all products and convolutions, backward ones too. (PyTorch's own FlopCounterMode follows modules
    besides, and stumbles over those whose weights are frozen.)"""

    operations = 0

    def __torch_dispatch__(self, called: Any, _: Any, arguments: Any = (), named: Any = None) -> Any:
        made = called(*arguments, **(named or {}))
        if count := flop_registry.get(called._overloadpacket):
            self.operations += count(*arguments, **(named or {}), out_val=made)
        return made


def operations_a_second(kind: torch.dtype, device: torch.device) -> float:
    """Floating-point operations a second of products of square matrices (2 n³ each)."""
    side = 8192 if device.type == "cuda" else 2048
    a, b = (torch.randn(side, side, device=device).to(kind) for _ in range(2))
    a @ b
    begun = moment(device)
    for _ in range(MATRICES):
        a @ b
    return MATRICES * 2 * side**3 / (moment(device) - begun)


def moment(device: torch.device) -> float:
    """Seconds, when all that was asked of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def quality(
    pictures: PictureSet, run: Run, marks: list[int], count: int, neighbours: Path | None, out: Path | None
) -> dict[str, Any]:
    """Measures at each mark."""
    if len(pictures.pictures) < 2 * count:
        raise SystemExit(f"The set has {len(pictures.pictures)} pictures; --count {count} needs twice as many.")
    inception = InceptionFeatures(Store())
    shuffled = np.random.default_rng(0).permutation(len(pictures.pictures))
    real, other = (np.asarray(pictures.pictures[np.sort(shuffled[i * count : (i + 1) * count])]) for i in (0, 1))
    of_real = inception.features(real)

    def against(fakes: Pictures) -> dict[str, float]:
        of_fakes = inception.features(fakes)
        kid = kernel_distance(of_fakes, of_real)
        shares = {"coverage": coverage(of_fakes, of_real), "recall": recall(of_fakes, of_real)}
        return {"FID": frechet_distance(of_fakes, of_real), "KID": kid, **shares}

    about = {
        "set": pictures.digest,
        "pictures": len(pictures.pictures),
        "side": pictures.side,
        "settings": run.trainer.settings.to_json(),
        "count": count,
    }
    result: dict[str, Any] = json.loads(out.read_text()) if out and out.exists() else {}
    if any(result.get(key) != value for key, value in about.items()):
        result = {**about, "PCA-Gaussian": against(gaussian(real, count)), "real": against(other), "at": {}}
    for mark in marks:
        run.train(mark)
        fakes = np.stack(list(generated(run.trainer.average, count)))
        result["at"][str(run.trainer.seen)] = against(fakes)
        print(json.dumps(result["at"][str(run.trainer.seen)]), file=sys.stderr, flush=True)
        if out:
            write_atomically(out, (json.dumps(result, indent=1) + "\n").encode())
    if neighbours is not None:
        write_atomically(neighbours, synthetic_png(sheet(beside_nearest(fakes[:12], pictures.pictures), columns=4)))
    return result


def gaussian(pictures: Pictures, count: int) -> Pictures:
    """Pictures drawn from the Gaussian with the mean and the covariance of a set's pixels."""
    flat = pictures.reshape(len(pictures), -1).astype(np.float64)
    centred = flat - flat.mean(0)
    mixing = np.random.default_rng(2).standard_normal((count, len(flat))) / np.sqrt(len(flat) - 1)
    drawn = flat.mean(0) + mixing @ centred  # of that covariance exactly, without its components being taken
    made: Pictures = np.clip(drawn.round(), 0, 255).astype(np.uint8).reshape(count, *pictures.shape[1:])
    return made


def coverage(fakes: NDArray[np.float32], real: NDArray[np.float32]) -> float:
    """Share of the real ones with a fake nearer than their fifth neighbour."""
    reach = np.sort(squared(real, real), 1)[:, NEIGHBOUR]  # the first is the picture itself
    return float((squared(real, fakes).min(1) < reach).mean())


def recall(fakes: NDArray[np.float32], real: NDArray[np.float32]) -> float:
    """Share of the real ones that are no further from some fake than its third neighbour among the fakes
    (Kynkäänniemi et al. 2019, arXiv:1904.06991, equation 2)."""
    reach = np.sort(squared(fakes, fakes), 1)[:, GENERATED_NEIGHBOUR]  # the first is the fake itself
    return float((squared(real, fakes) <= reach).any(1).mean())


def squared(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """[N, M] squared distances."""
    p, q = a.astype(np.float64), b.astype(np.float64)
    return np.asarray((p**2).sum(1)[:, None] + (q**2).sum(1) - 2 * p @ q.T)


def beside_nearest(fakes: Pictures, pictures: Pictures) -> Pictures:
    """Each fake, then the three nearest of the whole set by pixels, mirrored ones too."""
    both = np.concatenate([pictures, pictures[:, :, ::-1]])
    flat = both.reshape(len(both), -1).astype(np.float32)
    rows = []
    for fake in fakes:
        order = np.square(flat - fake.reshape(-1).astype(np.float32)).sum(1).argsort()
        rows += [fake, *both[order[:3]]]
    return np.stack(rows)


def kill(pictures: PictureSet, folder: Path, times: int) -> dict[str, Any]:
    """Killed at random moments; then compared to a run that nobody killed."""
    chance, parts = random.Random(0), 0
    folder = folder / f"kill-{time.time_ns()}"
    killed, unbroken = folder / "killed", folder / "unbroken"
    order = [sys.executable, __file__, "short", str(pictures.folder), str(killed), "--ticks", str(ENDLESS)]
    steps = [0]
    for _ in range(times):
        process = subprocess.Popen(order)
        dies = None
        while dies is None or time.monotonic() < dies:
            if process.poll() is not None:
                raise SystemExit("The trainer ended by itself.")
            if dies is None and step_of(killed) > steps[-1]:
                dies = time.monotonic() + chance.uniform(0, LATEST)
            time.sleep(0.001)
        process.kill()
        process.wait()
        parts += len(list(killed.rglob(".*.part")))  # it was killed while it wrote
        kept = Checkpoints(killed / "checkpoints").newest()
        steps.append(kept["trainer"]["steps"] if kept is not None else 0)
        if steps[-1] != step_of(killed):
            raise SystemExit("The newest checkpoint is damaged.")
    ticks = steps[-1] // TICK + 2
    for run in (killed, unbroken):
        short(pictures, run, ticks)
    generators = [(run / "generator.safetensors").read_bytes() for run in (killed, unbroken)]
    return {
        "killed": times,
        "at steps": steps[1:],
        "killed while a file was being written": parts,
        "steps in all": ticks * TICK,
        "the same generator to the bit": generators[0] == generators[1],
    }


def step_of(run: Path) -> int:
    """Of the newest checkpoint's name; 0 without one."""
    return max((int(file.stem) for file in run.glob("checkpoints/[0-9]*.pt")), default=0)


def short(pictures: PictureSet, folder: Path, ticks: int) -> None:
    """A run with a checkpoint every four steps."""
    settings = TrainingSettings(shape_named("small", pictures.side), batch=4, tick=TICK)
    Run(folder, pictures, settings, torch.device("cpu")).train(settings.batch * TICK * ticks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    of_speed = verbs.add_parser("speed")
    of_speed.add_argument("--presets", nargs="+", default=["small:32", "small:64"], metavar="NETWORK:SIDE[:BATCH]")
    of_speed.add_argument("--repeats", type=int, default=3)
    of_quality, of_kill, of_short = (verbs.add_parser(verb) for verb in ("quality", "kill", "short"))
    for verb in (of_quality, of_kill, of_short):
        verb.add_argument("set", type=Path)
        verb.add_argument("run", type=Path)
    of_quality.add_argument("--marks", type=int, nargs="+", required=True)
    of_quality.add_argument("--count", type=int, default=2000)
    of_quality.add_argument("--neighbours", type=Path)
    of_quality.add_argument("--network", choices=NETWORKS, default="small")
    of_quality.add_argument("--batch", type=int, default=16)
    for verb in (of_speed, of_quality):
        verb.add_argument("--out", type=Path)
        verb.add_argument("--device", default="cpu")
    of_kill.add_argument("--times", type=int, default=20)
    of_short.add_argument("--ticks", type=int, required=True)
    chosen = parser.parse_args()
    if chosen.verb == "speed":
        result = speed(chosen.presets, chosen.repeats, torch.device(chosen.device))
        if chosen.out:
            write_atomically(chosen.out, json.dumps(result, indent=1).encode())
    else:
        pictures = PictureSet.load(chosen.set)
        if chosen.verb == "short":
            return short(pictures, chosen.run, chosen.ticks)
        if chosen.verb == "kill":
            result = kill(pictures, chosen.run, chosen.times)
        else:
            settings = Wishes(chosen.network, chosen.batch).settings(pictures.side, 1, settings_of(chosen.run))
            run = Run(chosen.run, pictures, settings, torch.device(chosen.device))
            result = quality(pictures, run, sorted(chosen.marks), chosen.count, chosen.neighbours, chosen.out)
    print(json.dumps(result, indent=1))
    return None


if __name__ == "__main__":
    main()
