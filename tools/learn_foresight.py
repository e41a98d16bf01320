"""Learn to foresee what a w will look like, without rendering it: one linear guess an attribute (``sculpting/foresight.py``).

    python tools/learn_foresight.py WORK [--count 500] [--minutes 5] [--out FOLDER]

Faces are rendered and read as for the directions, but each from one w; ``--minutes`` stops the reading early and the next run
goes on. When all are read, ridge regression on the whitened w gives slopes, and the share of each attribute that they explain on
faces left out. The spans of the learnt directions, which were found on other faces, cost less than the rest of W: of 440 faces
that explained a mean of 0.54 of 14 attributes, where plain ridge regression explained 0.28.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save

from doppelganger.directions import load
from doppelganger.directions.learning import Whitening
from doppelganger.directions.measuring import NAMES, OpenVINOParser
from doppelganger.directions.reader import FaceReader
from doppelganger.errors import FaceError
from doppelganger.generators.mobile_stylegan_openvino import MEAN_SAMPLES, MEAN_SEED
from doppelganger.networks import Networks
from doppelganger.sculpting.mixing import GROUPS

PSI = 0.9
"""Wider than faces are made from, so that rare attributes are seen."""
COUNT = 500
DIRECTIONS, PARTS = 3.0, 1.5
"""How much longer than the rest of W the span of the directions is made, and that of their parts group by group."""
RIDGES = (100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0)
FOLDS = 6
SEED = 61


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(2)
    args.work.mkdir(parents=True, exist_ok=True)
    networks = Networks(device="cpu")
    w = latents(networks, args.count)
    values = read(networks, w, args.work / "foresight.npy", args.minutes)
    if len(values) == args.count:
        learn(networks, w, values, args.out or args.work)


def latents(networks: Networks, count: int) -> NDArray[np.float32]:
    """[count, 512]"""
    mean = networks.generator.w_mean
    return np.asarray(mean + PSI * (networks.generator.sample(count, SEED) - mean), np.float32)


def read(networks: Networks, w: NDArray[np.float32], file: Path, minutes: float) -> NDArray[np.float64]:
    """[n, A], as many as there was time for; NaN where no face could be read."""
    reader, begun = FaceReader(networks, OpenVINOParser(networks)), time.monotonic()
    rows = list(np.load(file)) if file.exists() else []
    while len(rows) < len(w) and time.monotonic() - begun < 60 * minutes:
        try:
            reading = reader.read(networks.generator.synthesise(w[len(rows)]))
            rows.append(np.array([reading[name] for name in NAMES]))
        except FaceError:
            rows.append(np.full(len(NAMES), np.nan))
        if len(rows) % 20 == 0 or len(rows) == len(w):
            np.save(file.with_suffix(".part.npy"), np.stack(rows))
            file.with_suffix(".part.npy").replace(file)
            print(json.dumps({"read": len(rows), "of": len(w)}), flush=True)
    return np.stack(rows)


def learn(networks: Networks, w: NDArray[np.float32], values: NDArray[np.float64], out: Path) -> None:
    """Writes the slopes in coordinates of w, and says what they explain."""
    space = Whitening.of(networks.generator.sample(MEAN_SAMPLES, MEAN_SEED))
    x = space.whiten(w)
    low, high = np.nanpercentile(values, (1, 99), axis=0)
    y = np.clip(values, low, high)
    mean, deviation = np.nanmean(y, 0), np.maximum(np.nanstd(y, 0), 1e-9)
    z = (y - mean) / deviation
    known_spans = spans(space)
    slopes, explained = np.zeros((len(NAMES), x.shape[1])), np.zeros(len(NAMES))
    for k in range(len(NAMES)):
        known = ~np.isnan(z[:, k])
        found, explained[k] = fitted(x[known] @ known_spans, z[known, k])
        slopes[k] = known_spans @ found
    vectors = slopes / space.deviations @ space.axes.T * deviation[:, None]
    data = {"slopes": vectors, "at": space.mean, "mean": mean, "explained": explained}
    out.mkdir(parents=True, exist_ok=True)
    (out / "foresight.safetensors").write_bytes(
        save({k: v.astype(np.float32) for k, v in data.items()}, {"names": ",".join(NAMES)})
    )
    print(
        json.dumps({"R²": {n: round(float(r), 2) for n, r in zip(NAMES, explained, strict=True)}}, ensure_ascii=False)
    )


def spans(space: Whitening) -> NDArray[np.float64]:
    """[D, D + …]: whitened w in its own coordinates and once more in those of what is known already, made longer."""
    rows = [first for first, _ in GROUPS]
    parts = np.stack([direction.vector.astype(np.float64)[rows] for direction in load().values()])  # [n, G, 512]
    spanning = [np.eye(len(space.deviations))]
    for vectors, length in ((parts.sum(1), DIRECTIONS), (parts.reshape(-1, parts.shape[-1]), PARTS)):
        whitened = vectors @ space.axes / space.deviations
        whitened /= np.maximum(np.linalg.norm(whitened, axis=1, keepdims=True), 1e-12)
        sizes, basis = np.linalg.svd(whitened, full_matrices=False)[1:]
        spanning.append(length * basis[sizes > 1e-3 * sizes[0]].T)
    return np.concatenate(spanning, 1)


def fitted(x: NDArray[np.float64], z: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """The slopes [D] of the best penalty, and the share that it explains on faces left out."""
    best = (-np.inf, np.zeros(x.shape[1]))
    fold = np.arange(len(z)) % FOLDS
    for ridge in RIDGES:
        left_out = np.zeros(len(z))
        for k in range(FOLDS):
            left_out[fold == k] = x[fold == k] @ solved(x[fold != k], z[fold != k], ridge)
        share = float(1 - np.square(left_out - z).mean() / np.square(z).mean())
        if share > best[0]:
            best = (share, solved(x, z, ridge))
    return best[1], best[0]


def solved(x: NDArray[np.float64], z: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    return np.asarray(np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ z), np.float64)


if __name__ == "__main__":
    main()
