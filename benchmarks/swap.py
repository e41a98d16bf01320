"""Does a swap, trained on pictures of two people, show the other person and do what the scene does?

    python benchmarks/swap.py WORK --out benchmarks/results/swap.json [--preset quick] [--minutes 30]

Two invented grown-ups, made by the generator over yaw, pitch, smile and mouth; the held-out pictures come after the training
ones and are in no set. WORK keeps pictures, sets and the run, so that a second call goes on training: for `standard`, call it
as often as needed. Each held-out picture of A is converted to B. It counts as the target (or the source) when more than half of
the panel say *same* at their privacy thresholds beside the mean of B's (or A's) set. Yaw and mouth opening are read from the
converted picture by the landmark network and correlated with the scene's (Pearson). Reconstruction is the mean absolute
difference inside the mask, in 0–1, of A's held-out faces by A's decoder, and of the mean picture of A's set.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from doppelganger import directions
from doppelganger.errors import NoFaceError
from doppelganger.images import RGB, encode_jpeg, read_image, resize_area, write_atomically
from doppelganger.invented import invented
from doppelganger.keeping import whole_latent
from doppelganger.networks import Networks, pick_device
from doppelganger.persona.making import facing_camera
from doppelganger.report.sheets import grid
from doppelganger.training.swap.extracting import extract
from doppelganger.training.swap.faceset import FaceSet, load
from doppelganger.training.swap.network import parameters_of
from doppelganger.training.swap.presets import PRESETS
from doppelganger.training.swap.run_folder import RunFolder
from doppelganger.training.swap.swapping import FaceSwapper
from doppelganger.training.swap.trainer import Ending, Trainer, trained_network
from doppelganger.verifiers.protocol import OperatingPoint

SEEDS = {"a": 5, "b": 14}
"""Of people of one sex and about one age, without headgear, who stay themselves where the directions turn them."""
REACH = {"yaw": (-18, 18), "pitch": (-8, 8), "smile": (-1.5, 1.5), "mouth_open": (-1, 3)}
"""Strengths of the directions, from the face that looks at the camera: beyond, they change the person as well."""
SIDE = 512
SHOWN = 8


def pictures(folder: Path, seed: int, first: int, count: int, networks: Networks) -> list[Path]:
    """Files of one person's pictures, those that are missing made."""
    folder.mkdir(parents=True, exist_ok=True)
    latent = facing_camera(whole_latent(invented(seed, networks.generator), networks), networks)
    files = [folder / f"{k:04d}.jpg" for k in range(first, first + count)]
    for k, file in enumerate(files, first):
        if not file.exists():
            random = np.random.default_rng([seed, k])
            strengths = {name: float(random.uniform(*reach)) for name, reach in REACH.items()}
            image = networks.generator.synthesise(directions.apply(latent, strengths))
            write_atomically(file, encode_jpeg(resize_area(image, SIDE, SIDE), 95))
    return files


def face_set(work: Path, who: str, count: int, networks: Networks) -> FaceSet:
    folder = work / f"{who}-set"
    if not folder.exists():
        pictures(work / who, SEEDS[who], 0, count, networks)
        extract([work / who], folder, "An invented face, which belongs to nobody.", networks)
    return load(folder)


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


def judge(work: Path, a: FaceSet, b: FaceSet, first: int, count: int, networks: Networks) -> dict[str, Any]:
    """Converts the held-out pictures of A, and writes a sheet of some."""
    device = torch.device("cpu")
    network, about, step = trained_network(RunFolder(work / "run"), device)
    swapper = FaceSwapper(network, "b", about.preset.side, networks.parser, device)
    back = FaceSwapper(network, "a", about.preset.side, networks.parser, device)
    mean = np.mean([face.image for face in a.faces], axis=0) / 255
    rows, target, source, pairs, reconstructed, mean_off, lost = [], 0, 0, [], [], [], 0
    from doppelganger.training.swap.cropping import cut, face_mask, part_probabilities

    for file in pictures(work / "a-held-out", SEEDS["a"], first, count, networks):
        scene = read_image(file)
        points = networks.landmarks.detect(scene, networks.detector.detect(scene)[0]).points
        made = swapper.swap(scene, points)
        before, after = measured(scene, networks), measured(made, networks)
        if before is None or after is None:
            lost += 1
            continue
        target += votes(after[2], b.centre, networks)
        source += votes(after[2], a.centre, networks)
        pairs.append((before[:2], after[:2]))
        crop, mask = cut(scene, points), face_mask(part_probabilities(scene, points, networks.parser))[..., None]
        weight = mask / max(float(mask.sum()) * 3, 1e-6)
        reconstructed.append(float((np.abs(back.draw(crop)[0] / 255 - crop / 255) * weight).sum()))
        mean_off.append(float((np.abs(mean - crop / 255) * weight).sum()))
        if len(rows) < SHOWN:
            rows.append([("scene", scene), ("with the face of b", made)])
    if rows:
        write_atomically(work / "converted.jpg", encode_jpeg(grid(rows, 256)))
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--preset", choices=PRESETS, default="quick")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--held-out", type=int, default=40)
    parser.add_argument("--device", default="auto")
    asked = parser.parse_args()
    networks = Networks(device="cpu")
    a, b = (face_set(asked.work, who, asked.pictures, networks) for who in SEEDS)
    trainer = Trainer(RunFolder(asked.work / "run"), a, b, PRESETS[asked.preset], pick_device(asked.device))
    begun, first = time.monotonic(), trainer.step
    made = trainer.train(Ending(minutes=asked.minutes))
    record = {
        "preset": trainer.preset.name,
        "device": trainer.device.type,
        "parameters": parameters_of(trainer.network),
        "faces": [len(a.faces), len(b.faces)],
        "minutes_in_all": made.seconds / 60,
        "steps_a_second": (made.step - first) / (time.monotonic() - begun),
        "losses": made.losses,
        **judge(asked.work, a, b, asked.pictures, asked.held_out, networks),
    }
    write_atomically(asked.out, json.dumps(record, indent=2).encode())
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
