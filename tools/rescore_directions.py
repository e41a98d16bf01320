"""Measure some of the package's directions again, at other strengths and on more faces, and write their rows and vectors anew.

    python tools/rescore_directions.py WORK glasses hair_length [--shorter 0.38] [--seeds 20] [--minutes 5]

``--shorter``: the strongest that is tried becomes so much weaker; for directions that were found to overshoot. A row that was
scored again says on how many faces. Everything else about the directions stays as `learn_directions.py` left it.
"""

import argparse
import hashlib
import json
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save

import doppelganger.directions
from doppelganger.directions.measuring import NAMES, Measurer
from doppelganger.directions.plan import PLANS
from doppelganger.directions.scoring import (
    LEVELS,
    embedding_spans,
    score_row,
    sorted_members,
    strongest,
    verifier_distances,
)
from doppelganger.directions.vectors import SCORES, VECTORS, load
from doppelganger.networks import Networks

HERE = Path(doppelganger.directions.__file__).parent
PSI = 0.8
SEED = 57


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--shorter", type=float, default=1.0)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument(
        "--out", type=Path, default=HERE, help="where rows and vectors are written; default: the package"
    )
    args = parser.parse_args()
    torch.set_num_threads(2)
    args.work.mkdir(parents=True, exist_ok=True)
    networks = Networks(device="cpu")
    measured = measured_all(networks, args.names, args.shorter, args.seeds, args.work, args.minutes)
    if measured is not None:
        rewrite(networks, measured, args.names, args.shorter, args.seeds, args.out)


Arrays = dict[str, np.ndarray]


def measured_all(
    networks: Networks, names: list[str], shorter: float, seeds: int, work: Path, minutes: float
) -> Arrays | None:
    """Values [N, A] and embeddings [N, E]: the plain faces first, then direction by direction, level by level; None until all
    is there."""
    mean, begun = networks.generator.w_mean, time.monotonic()
    base = np.asarray(mean + PSI * (networks.generator.sample(seeds, SEED) - mean), np.float32)
    tried = [{}] + [{name: lever(name, shorter) * level.share} for name in names for level in LEVELS]
    file = work / f"rescore-{'-'.join(names)}-{shorter}.npz"
    rows: dict[str, list[np.ndarray]] = {"values": [], "all": []}
    if file.exists():
        with np.load(file) as stored:
            rows = {key: list(stored[key]) for key in rows}
    measurer = Measurer(networks)
    for strengths, w in [(s, w) for s in tried for w in base][len(rows["values"]) :]:
        if time.monotonic() - begun > 60 * minutes:
            return None
        one = measurer.measure(load().apply(w, strengths))
        rows["values"].append(np.full(len(NAMES), np.nan) if one is None else one.values)
        seen = (
            None
            if one is None
            else np.concatenate([one.embeddings[m.name] for m in sorted_members(networks.panel.members)])
        )
        rows["all"].append(np.full(1280, np.nan, np.float32) if seen is None else seen)
        np.savez(work / "part.npz", **{key: np.stack(values) for key, values in rows.items()})
        (work / "part.npz").replace(file)
    return {key: np.stack(values) for key, values in rows.items()}


def lever(name: str, shorter: float) -> float:
    """The strongest tried, in the strengths of the package's vector: what the first scoring tried, times ``shorter``."""
    return float(load()[name].scores["strengths"][-1]) * shorter


def rewrite(networks: Networks, measured: Arrays, names: list[str], shorter: float, seeds: int, out: Path) -> None:
    """The rows and vectors of these directions, beside the package's others."""
    about = json.loads((HERE / SCORES).read_text("utf-8"))
    vectors = load_tensors((HERE / VECTORS).read_bytes())["vectors"].astype(np.float32)
    deviation = np.array([about["deviations"][name] for name in NAMES])
    values, embeddings, members = measured["values"] / deviation, measured["all"], networks.panel.members
    spans = list(zip(sorted_members(members), embedding_spans(embeddings.shape[1], members), strict=True))
    for d, name in enumerate(names):
        parts = [slice(seeds * (1 + 4 * d + k), seeds * (2 + 4 * d + k)) for k in range(4)]
        row, scale = score_row(
            name,
            PLANS[name],
            deviation,
            [values[part] - values[:seeds] for part in parts],
            [
                {m.name: verifier_distances(m, embeddings[:seeds, s], embeddings[part, s]) for m, s in spans}
                for part in parts
            ],
            [float(np.isfinite(embeddings[part, 0]).mean()) for part in parts],
            members,
        )
        k = [one["name"] for one in about["directions"]].index(name)
        old = about["directions"][k]["scores"]
        row["scores"] |= {key: old[key] for key in ("rows", "explained")} | {"score faces": seeds}
        about["directions"][k] = row
        # what score_row calls a foreseen unit is the strongest tried over `strongest`
        vectors[k] *= lever(name, shorter) / strongest(name) * scale
        print(json.dumps({name: row["scores"], "valid": row["valid_range"], "identity": row["identity_range"]}))
    data = save({"vectors": vectors.astype(np.float16)})
    (out / VECTORS).write_bytes(data)
    about["sha256"] = hashlib.sha256(data).hexdigest()
    (out / SCORES).write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
