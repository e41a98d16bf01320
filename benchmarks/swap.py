"""Training a swap: how good it is, how fast, and what a kill does to it. Prints JSON.

    python benchmarks/swap.py quality WORK --out benchmarks/results/swap.json [--preset standard --start-from quick] [--video FILE]
    python benchmarks/swap.py speed WORK --out benchmarks/results/swap_speed.json [--presets quick standard high:2]
    python benchmarks/swap.py kill WORK --out benchmarks/results/swap_kill.json [--times 20]

All with two invented grown-ups, made by the generator over yaw, pitch, smile and mouth; WORK keeps pictures and sets.

`quality`: does a swap, trained on pictures of two people, show the other person and do what the scene does? The held-out
pictures come after the training ones and are in no set. WORK keeps the run, too, so that a second call goes on training:
for `standard`, call it as often as needed; --processor-minutes boxes what all calls together use of the processor, instead
of the clock. Each held-out picture of A is converted to B. It counts as the target (or the source) when more than half of
the panel say *same* at their privacy thresholds beside the mean of B's (or A's) set. Yaw and mouth opening are read from
the converted picture by the landmark network and correlated with the scene's (Pearson). Reconstruction is the mean absolute
difference inside the mask, in 0–1, of A's held-out faces by A's decoder, and of the mean picture of A's set. With --video A is
who is seen there: of twenty pieces of it every third is held out, the rest make the set, as `swap extract` makes it.

`speed`: steps a second of each preset with its own batch, or with the one behind its colon where memory or time is short;
the share of each part of a step, the same in float32 where it trains in bfloat16, and how long a checkpoint takes with its
two pictures. "load" is what the machine did besides: processes running over the last minute, before and after.

`kill`: a trainer of `quick` that writes a checkpoint every step is killed (−9) at random moments and begun again, each time; then
it must be the unbroken run to the bit: weights, Adam's moments, every loss.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch

from doppelganger import directions
from doppelganger.errors import NoFaceError
from doppelganger.images import RGB, encode_jpeg, read_image, resize_area, write_atomically
from doppelganger.invented import invented
from doppelganger.keeping import whole_latent
from doppelganger.networks import Networks, pick_device
from doppelganger.persona.making import facing_camera
from doppelganger.provenance import synthetic_jpeg
from doppelganger.report.sheets import grid
from doppelganger.training.swap import trainer as training
from doppelganger.training.swap.cropping import cut, face_mask, part_probabilities
from doppelganger.training.swap.extracting import extract
from doppelganger.training.swap.faceset import FaceSet, load
from doppelganger.training.swap.network import parameters_of
from doppelganger.training.swap.presets import PRESETS, Preset
from doppelganger.training.swap.run_folder import RunFolder
from doppelganger.training.swap.swapping import FaceSwapper
from doppelganger.training.swap.trainer import Ending, Told, Trainer, trained_network
from doppelganger.verifiers.protocol import OperatingPoint
from doppelganger.video.reading import VideoFile

SEEDS = {"a": 5, "b": 14}
"""Of people of one sex and about one age, without headgear, who stay themselves where the directions turn them."""
REACH = {"yaw": (-18, 18), "pitch": (-8, 8), "smile": (-1.5, 1.5), "mouth_open": (-1, 3)}
"""Strengths of the directions, from the face that looks at the camera: beyond, they change the person as well."""
SPEAKING = {**REACH, "mouth_open": (-3, 3)}
"""For somebody's film: who speaks has the lips closed half of the time, as they are below −1."""
SIDE = 512
SHOWN = 8
PIECES, HELD_OUT_EVERY = 20, 3
"""A video is cut into so many pieces of equal length, every third is held out: what a person does is seldom spread evenly."""
APART = 0.2
"""Seconds between a held-out picture and the nearest one that may be learnt from."""
FEW = 16
"""Pictures of a person where only time and kills are measured."""
KILLED_BATCH = 2
LATEST = 2.5
"""Seconds after its first checkpoint at which a trainer is killed at the latest: some steps, pictures and checkpoints later."""


def pictures(
    folder: Path,
    seed: int,
    first: int,
    count: int,
    networks: Networks,
    reach: Mapping[str, tuple[float, float]] = REACH,
) -> list[Path]:
    """Files of one person's pictures, those that are missing made."""
    folder.mkdir(parents=True, exist_ok=True)
    latent = facing_camera(whole_latent(invented(seed, networks.generator), networks), networks)
    files = [folder / f"{k:04d}.jpg" for k in range(first, first + count)]
    for k, file in enumerate(files, first):
        if not file.exists():
            random = np.random.default_rng([seed, k])
            strengths = {name: float(random.uniform(*ends)) for name, ends in reach.items()}
            image = networks.generator.synthesise(directions.apply(latent, strengths))
            write_atomically(file, encode_jpeg(resize_area(image, SIDE, SIDE), 95))
    return files


def face_set(
    work: Path,
    who: str,
    count: int,
    networks: Networks,
    seed: int | None = None,
    reach: Mapping[str, tuple[float, float]] = REACH,
) -> FaceSet:
    folder = work / f"{who}-set"
    if not folder.exists():
        pictures(work / who, SEEDS[who] if seed is None else seed, 0, count, networks, reach)
        extract([work / who], folder, "An invented face, which belongs to nobody.", networks)
    return load(folder)


def set_of_video(work: Path, video: Path, networks: Networks) -> FaceSet:
    """Of the person in those pieces of a video that are not held out."""
    folder = work / "a-set"
    if not folder.exists():
        work.mkdir(parents=True, exist_ok=True)
        part = work / "a.mkv"
        with av.open(str(video)) as source, av.open(str(part), "w") as target:
            seen = source.streams.video[0]
            assert seen.duration is not None
            assert seen.time_base is not None
            kept = target.add_stream("ffv1", rate=seen.average_rate)  # without loss
            kept.width, kept.height, kept.pix_fmt = seen.width, seen.height, seen.pix_fmt or "yuv420p"
            for frame in source.decode(seen):
                piece = int(PIECES * frame.time / float(seen.duration * seen.time_base))
                if piece % HELD_OUT_EVERY != HELD_OUT_EVERY - 1:
                    target.mux(kept.encode(frame))
            target.mux(kept.encode(None))
        extract([part], folder, "Measured in private, of a video that its maker has published.", networks)
    return load(folder)


def scenes_held_out(work: Path, video: Path, count: int) -> list[Path]:
    """Pictures of the other pieces, evenly, but not of their ends."""
    folder = work / "a-held-out"
    folder.mkdir(parents=True, exist_ok=True)
    with VideoFile(video) as film:
        length = float(film.duration or 0) / PIECES
    pieces = np.arange(HELD_OUT_EVERY - 1, PIECES, HELD_OUT_EVERY)
    places = (np.arange(count) + 0.5) / count * len(pieces)
    inside = APART + places % 1 * (length - 2 * APART)
    times = pieces[places.astype(int)] * length + inside
    files = [folder / f"{k:04d}.jpg" for k in range(count)]
    if not all(file.exists() for file in files):
        with VideoFile(video) as film:
            waiting = list(zip(times, files, strict=True))
            for frame in film.frames():
                if waiting and frame.time >= waiting[0][0]:
                    write_atomically(waiting.pop(0)[1], encode_jpeg(frame.image, 95))
    return [file for file in files if file.exists()]


def votes(embeddings: dict[str, Any], centre: dict[str, Any], networks: Networks) -> bool:
    members = networks.panel.members
    limits = [m.thresholds[OperatingPoint.PRIVACY].value for m in members]
    same = sum(
        m.distance(embeddings[m.name], centre[m.name]) <= limit for m, limit in zip(members, limits, strict=True)
    )
    return 2 * same > len(members)


def measured(image: RGB, networks: Networks) -> tuple[float, float, dict[str, Any]] | None:
    """Yaw, mouth opening, embeddings of the largest face; None without one."""
    faces = networks.detector.detect(image)
    if not faces:
        return None
    try:
        landmarks = networks.landmarks.detect(image, faces[0])
    except NoFaceError:
        return None
    mouth = float(np.linalg.norm(landmarks.points3d[13] - landmarks.points3d[14]))
    eyes = float(np.linalg.norm(landmarks.points3d[33] - landmarks.points3d[263]))
    return landmarks.yaw, mouth / eyes, dict(networks.panel.embed(image, faces[0]))


def judge(
    work: Path, run: RunFolder, a: FaceSet, b: FaceSet, scenes_of_a: list[Path], networks: Networks
) -> dict[str, Any]:
    """Converts the held-out pictures of A, and writes a sheet of some."""
    count = len(scenes_of_a)
    to_show = scenes_of_a[:: -(-count // SHOWN)]
    device = torch.device("cpu")
    network, about, step = trained_network(run, device)
    swapper = FaceSwapper(network, "b", about.preset.side, networks.parser, device)
    back = FaceSwapper(network, "a", about.preset.side, networks.parser, device)
    mean = np.mean([face.image for face in a.faces], axis=0) / 255
    shown: list[tuple[RGB, RGB]] = []
    target, source, pairs, reconstructed, mean_off, lost = 0, 0, [], [], [], 0
    for file in scenes_of_a:
        scene = read_image(file)
        before = measured(scene, networks)
        if before is None:
            raise SystemExit(f"{file} shows no face, and says nothing about the swap; take another video.")
        points = networks.landmarks.detect(scene, networks.detector.detect(scene)[0]).points
        made = swapper.swap(scene, points)
        after = measured(made, networks)
        if after is None:
            lost += 1
            continue
        target += votes(after[2], b.centre, networks)
        source += votes(after[2], a.centre, networks)
        pairs.append((before[:2], after[:2]))
        crop, mask = cut(scene, points), face_mask(part_probabilities(scene, points, networks.parser))[..., None]
        weight = mask / max(float(mask.sum()) * 3, 1e-6)
        reconstructed.append(float((np.abs(back.draw(crop)[0] / 255 - crop / 255) * weight).sum()))
        mean_off.append(float((np.abs(mean - crop / 255) * weight).sum()))
        if file in to_show:
            shown.append((scene, made))
    if shown:
        sheet = [[("scene", scene) for scene, _ in shown], [("with the face of b", made) for _, made in shown]]
        write_atomically(work / "converted.jpg", synthetic_jpeg(grid(sheet, 192)))
    scenes, results = (np.array([pair[k] for pair in pairs]).reshape(-1, 2) for k in range(2))
    enough = len(pairs) > 2
    return {
        "step": step,
        "held_out": count,
        "without_a_face": lost,
        "target": target / count,
        "source": source / count,
        "yaw_correlation": float(np.corrcoef(scenes[:, 0], results[:, 0])[0, 1]) if enough else None,
        "mouth_correlation": float(np.corrcoef(scenes[:, 1], results[:, 1])[0, 1]) if enough else None,
        "reconstruction": float(np.mean(reconstructed)) if pairs else None,
        "mean_picture": float(np.mean(mean_off)) if pairs else None,
    }


def quality(asked: argparse.Namespace, networks: Networks) -> dict[str, Any]:
    b = face_set(asked.work, "b", asked.pictures, networks, asked.target, SPEAKING if asked.video else REACH)
    if asked.video:
        a = set_of_video(asked.work, asked.video, networks)
        scenes = scenes_held_out(asked.work, asked.video, asked.held_out)
    else:
        a = face_set(asked.work, "a", asked.pictures, networks)
        scenes = pictures(asked.work / "a-held-out", SEEDS["a"], asked.pictures, asked.held_out, networks)
    preset = preset_of(asked.preset)
    run = RunFolder(asked.work / f"run-{preset.name}")
    trainer = Trainer(run, a, b, preset, pick_device(asked.device))
    if asked.start_from and not trainer.step:
        trainer.start_from(RunFolder(asked.work / f"run-{asked.start_from}"))
    minutes = asked.minutes if asked.processor_minutes is None else None
    spent = train_within(trainer, minutes, asked.processor_minutes, run.root.with_suffix(".cpu"))
    return {
        "preset": trainer.preset.name,
        "seed of the target": asked.target,
        "faces a step, of each person": trainer.preset.batch,
        "device": trainer.device.type,
        "threads": torch.get_num_threads(),
        "bfloat16": trainer.mixed,
        "parameters": parameters_of(trainer.network),
        "faces": [len(a.faces), len(b.faces)],
        "minutes_in_all": trainer.seconds / 60,
        "processor_minutes_in_all": spent / 60,
        "begun_from": learnt_before(asked.work, asked.start_from) if asked.start_from else None,
        "steps_a_second": trainer.step / trainer.seconds,
        **judge(asked.work, run, a, b, scenes, networks),
    }


def learnt_before(work: Path, preset: str) -> dict[str, Any]:
    """What the run that another one began from had taken."""
    run = RunFolder(work / f"run-{preset}")
    kept = run.latest()
    assert kept is not None
    return {
        "preset": preset,
        "step": kept.step,
        "processor_minutes": float(run.root.with_suffix(".cpu").read_text()) / 60,
    }


def preset_of(asked: str) -> Preset:
    """NAME, or NAME:BATCH with a batch of one's own."""
    name, _, batch = asked.partition(":")
    return replace(PRESETS[name], batch=int(batch)) if batch else PRESETS[name]


class Spent(Exception):
    """The processor's minutes are over."""


def train_within(trainer: Trainer, minutes: float | None, processor_minutes: float | None, record: Path) -> float:
    """Until so many minutes have gone by, or until this and earlier calls have used so many of the processor: what a busy machine
    does not stretch. Returns the seconds of the processor in all, which ``record`` keeps."""
    before = float(record.read_text()) if record.exists() else 0.0
    base = time.process_time()

    def told(_: Told | None) -> None:
        if processor_minutes is not None and before + time.process_time() - base >= processor_minutes * 60:
            raise Spent

    with contextlib.suppress(Spent):
        told(None)  # an earlier call may have used them all
        trainer.train(Ending(minutes=minutes), told=told)
    spent = before + time.process_time() - base
    write_atomically(record, str(spent).encode())
    return spent


def speed(asked: argparse.Namespace, networks: Networks) -> dict[str, Any]:
    a, b = (face_set(asked.work, who, FEW, networks) for who in SEEDS)
    before, device = os.getloadavg()[0], pick_device(asked.device)
    presets = {}
    for wanted in asked.presets:
        preset = preset_of(wanted)
        folder = RunFolder(asked.work / f"speed-{preset.name}-{time.time_ns()}")
        trainer = Trainer(folder, a, b, preset, device)
        presets[preset.name] = {"bfloat16": trainer.mixed, **one_speed(trainer, asked.seconds)}
        if trainer.mixed:
            plain = RunFolder(folder.root.with_name(f"{folder.root.name}-float32"))
            by_float32 = one_speed(Trainer(plain, a, b, replace(preset, mixed=False), device), asked.seconds)
            presets[preset.name]["steps a second in float32"] = by_float32["steps a second"]
        print(json.dumps({preset.name: presets[preset.name]}), file=sys.stderr)
    return {
        "device": device.type,
        "threads": torch.get_num_threads(),
        "load": [before, os.getloadavg()[0]],
        "presets": presets,
    }


def one_speed(trainer: Trainer, seconds: float) -> dict[str, Any]:
    """Of the steps of so many seconds after the first, which is not counted; one at least."""
    trainer.train(Ending(steps=1), save_every=np.inf)
    spent: dict[str, float] = {}

    def timed(owner: Any, name: str, part: str) -> Callable[[], None]:
        inner = getattr(owner, name)

        def outer(*arguments: Any, **named: Any) -> Any:
            begun = moment(trainer.device)
            made = inner(*arguments, **named)
            spent[part] = spent.get(part, 0.0) + moment(trainer.device) - begun
            return made

        setattr(owner, name, outer)
        return lambda: setattr(owner, name, inner)

    undo = [
        timed(training, "batch_of", "making batches"),
        timed(trainer.network, "forward", "forward"),
        timed(training, "loss_of", "loss"),
        timed(torch.autograd, "backward", "backward"),
        timed(trainer._adam, "step", "optimiser"),
    ]
    begun = moment(trainer.device)
    steps = 0
    while not steps or moment(trainer.device) - begun < seconds:
        trainer._losses.append(trainer._one_step())
        trainer.step, steps = trainer.step + 1, steps + 1
    whole = moment(trainer.device) - begun
    for one in undo:
        one()
    begun = moment(trainer.device)
    trainer.save()
    saving = moment(trainer.device) - begun
    return {
        "side": trainer.preset.side,
        "faces a step, of each person": trainer.preset.batch,
        "parameters": parameters_of(trainer.network),
        "steps": steps,
        "steps a second": round(steps / whole, 4),
        "share of a step": {part: round(s / whole, 3) for part, s in spent.items()},
        "seconds to save": round(saving, 2),
        "share of the time, saving once a minute": round(saving / (60 + saving), 3),
    }


def moment(device: torch.device) -> float:
    """Seconds, when all that was asked of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def kill(asked: argparse.Namespace, networks: Networks) -> dict[str, Any]:
    for who in SEEDS:
        face_set(asked.work, who, FEW, networks)
    before, begun = os.getloadavg()[0], time.monotonic()
    folder = asked.work / f"kill-{time.time_ns()}"
    killed, unbroken = RunFolder(folder / "killed"), RunFolder(folder / "unbroken")
    chance, parts = random.Random(0), 0
    steps: list[int] = []
    for _ in range(asked.times):
        process = life(asked.work, killed, None)
        last = steps[-1] if steps else 0
        while step_of(killed) <= last:
            if process.poll() is not None:
                raise SystemExit("The trainer ended by itself.")
            time.sleep(0.01)
        time.sleep(chance.uniform(0, LATEST))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        parts += len(list(killed.checkpoints.glob(".*.part")))  # it was killed while it wrote
        kept = killed.latest()
        steps.append(kept.step if kept is not None else 0)
        if steps[-1] != step_of(killed):
            raise SystemExit("The newest checkpoint is damaged.")
    end = steps[-1] + 2
    for run in (killed, unbroken):
        if life(asked.work, run, end).wait():
            raise SystemExit("The trainer failed.")
    ours, theirs = killed.latest(), unbroken.latest()
    assert ours is not None
    assert theirs is not None
    same = set(ours.tensors) == set(theirs.tensors) and ours.step == theirs.step == end
    return {
        "killed": asked.times,
        "at steps": steps,
        "killed while a checkpoint was being written": parts,
        "steps in all": end,
        "tensors compared": len(ours.tensors),
        "the same to the bit": same and all(torch.equal(ours.tensors[n], theirs.tensors[n]) for n in ours.tensors),
        "load": [before, os.getloadavg()[0]],
        "seconds": round(time.monotonic() - begun, 1),
    }


def step_of(run: RunFolder) -> int:
    """Of the newest checkpoint's name; 0 without one."""
    return max((int(file.name[:8]) for file in run.checkpoints.glob("????????-*.safetensors")), default=0)


def life(work: Path, run: RunFolder, end: int | None) -> "subprocess.Popen[bytes]":
    """A trainer in a process of its own. With an ``end`` it saves there alone, without one at every step."""
    order = [sys.executable, __file__, "life", str(work), str(run.root), *(["--steps", str(end)] if end else [])]
    return subprocess.Popen(order)


def live(work: Path, run: Path, end: int | None) -> None:
    a, b = (load(work / f"{who}-set") for who in SEEDS)
    trainer = Trainer(RunFolder(run), a, b, replace(PRESETS["quick"], batch=KILLED_BATCH), torch.device("cpu"))
    trainer.train(Ending(steps=end), save_every=0.0 if end is None else np.inf)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    measures = {"quality": quality, "speed": speed, "kill": kill}
    of_quality, of_speed, of_kill = (verbs.add_parser(verb) for verb in measures)
    of_life = verbs.add_parser("life")
    for verb in (of_quality, of_speed, of_kill, of_life):
        verb.add_argument("work", type=Path)
    for verb in (of_quality, of_speed, of_kill):
        verb.add_argument("--out", type=Path, required=True)
    for verb in (of_quality, of_speed):
        verb.add_argument("--device", default="auto")
    of_quality.add_argument("--preset", default="quick", metavar="NAME[:BATCH]")
    of_quality.add_argument("--start-from", metavar="NAME", help="A preset whose run in WORK a new run goes on from.")
    of_quality.add_argument("--minutes", type=float, default=30.0)
    of_quality.add_argument("--processor-minutes", type=float)
    of_quality.add_argument("--video", type=Path)
    of_quality.add_argument("--target", type=int, default=SEEDS["b"], metavar="SEED", help="Of B.")
    of_quality.add_argument("--pictures", type=int, default=400)
    of_quality.add_argument("--held-out", type=int, default=40)
    of_speed.add_argument("--presets", nargs="+", default=list(PRESETS), metavar="NAME[:BATCH]")
    of_speed.add_argument("--seconds", type=float, default=20.0)
    of_kill.add_argument("--times", type=int, default=20)
    of_life.add_argument("run", type=Path)
    of_life.add_argument("--steps", type=int)
    asked = parser.parse_args()
    if asked.verb == "life":
        return live(asked.work, asked.run, asked.steps)
    record = measures[asked.verb](asked, Networks(device="cpu"))
    write_atomically(asked.out, json.dumps(record, indent=2).encode())
    print(json.dumps(record, indent=2))
    return None


if __name__ == "__main__":
    main()
