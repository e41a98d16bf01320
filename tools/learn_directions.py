"""Learns the directions of w+ (``src/doppelganger/directions``) from faces of the generator: read, regressed, polished, scored.

    python tools/learn_directions.py WORK [--count 2000] [--seeds 20] [--seed 51] [--stage all] [--out DIR]

Each stage leaves its file in the folder WORK and goes on where it was stopped. The last writes ``directions.safetensors`` and
``directions.json`` to DIR (default: WORK). On one core a face takes half a second: 2,000, about 1,500 and about 1,900 of them.

population  faces at psi 0.8; every second one takes some groups of rows from another face, so that the groups can be told apart
learn       gradients of all attributes and of identity; per attribute the change that costs the others least (`learning`)
polish      small steps along each group's part of each direction, measured on other faces; of plain directions, single groups,
and
            the best sum of all parts the one is kept that is most selective on faces left out
score       strengths on faces that no stage has seen
"""

import argparse
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save

from doppelganger.directions.learning import Responses, Whitening, certain, cheapest, gradients, price
from doppelganger.directions.measuring import NAMES, Measured, Measurer
from doppelganger.directions.plan import PLANS, Plan, weights
from doppelganger.directions.scoring import LEVELS, score_sheet, strongest
from doppelganger.generators.mobile_stylegan import W_ROWS
from doppelganger.generators.mobile_stylegan_openvino import MEAN_SAMPLES, MEAN_SEED
from doppelganger.networks import Networks

GROUPS = ((0, 3), (3, 5), (5, 7), (7, W_ROWS))
"""Rows that move together: 4²–8², 16², 32², and 64² and finer."""
PSI = 0.8
POOL = 2400
"""The same faces come first however many are asked for, up to this many."""
IDENTITY = 3.0
"""Price of a squared change of the two verifiers' unit embeddings (strangers: 3.6), in squared deviations of an attribute."""
DISTANCE = 0.3
"""Price of a squared deviation of W: keeps to changes that the population has, and the regression's noise out."""
STEP = 1.2
"""Length of a measured step, in deviations of its own attribute as the regression foresees them."""
LEAST_PART = 0.2
"""Share of the foreseen effect below which a group's part is not measured on its own."""
SHRINKS = (0.3, 1.0, 3.0, 10.0)
"""Prices of a squared coefficient among which the polish chooses."""
CLEARLY = 1.05
"""How many times more selective than the plain direction an answer must be to replace it."""
LONGEST = 1.5
"""Length of a polished direction, in lengths of the learnt one: small steps say too little of attributes that end at none."""
FOLDS = 5
RIDGES = (100.0, 300.0, 1000.0)
COMPONENTS = 48
"""Of the verifiers' embeddings, whose gradients are taken."""
PLAIN = "all groups"
Latents = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=51)
    parser.add_argument("--stage", choices=["population", "learn", "polish", "score", "all"], default="all")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    # one core: OpenVINO is told here, for the project's own networks take what there is
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    args.work.mkdir(parents=True, exist_ok=True)
    out: Path = args.out or args.work
    networks = Networks(device="cpu")
    stages: dict[str, Callable[[], None]] = {
        "population": lambda: population(networks, args.work, args.count, args.seed),
        "learn": lambda: learn(networks, args.work),
        "polish": lambda: polish(networks, args.work, args.seeds, args.seed + 2),
        "score": lambda: score(networks, args.work, args.seeds, args.seed + 3, out, args.count, args.seed),
    }
    for name in stages if args.stage == "all" else [args.stage]:
        print(json.dumps({"stage": name}), flush=True)
        stages[name]()


def truncated(networks: Networks, count: int, seed: int) -> Latents:
    """[count, 512] draws from W at `PSI`."""
    mean = networks.generator.w_mean
    return (mean + PSI * (networks.generator.sample(count, seed) - mean)).astype(np.float32)


def population_latents(networks: Networks, count: int, seed: int) -> Latents:
    """[count, 16, 512]; of the odd ones some groups of rows, neither none nor all, come from a second face."""
    w = truncated(networks, 2 * max(count, POOL), seed)
    rng = np.random.default_rng(seed + 1)
    rows = np.repeat(w[:count, None], W_ROWS, 1)
    for i in range(1, count, 2):
        chosen = rng.integers(1, 2 ** len(GROUPS) - 1)
        for g, (first, end) in enumerate(GROUPS):
            if chosen >> g & 1:
                rows[i, first:end] = w[max(count, POOL) + i]
    return rows


def measured_all(measurer: Measurer, latents: Latents, file: Path, every: int = 25) -> dict[str, NDArray[Any]]:
    """Measure [N, 16, 512] one after the other, saving now and then. Values are NaN where no face could be read."""
    kept: dict[str, list[NDArray[Any]]] = {"values": [], "identity": [], "all": []}
    if file.exists():
        with np.load(file) as stored:
            kept = {name: list(stored[name]) for name in kept}
    for i in range(len(kept["values"]), len(latents)):
        one: Measured | None = measurer.measure(latents[i])
        kept["values"].append(np.full(len(NAMES), np.nan) if one is None else one.values)
        kept["identity"].append(np.full(640, np.nan, np.float32) if one is None else one.identity)
        kept["all"].append(
            np.full(1280, np.nan, np.float32)
            if one is None
            else np.concatenate([one.embeddings[m] for m in sorted(one.embeddings)])
        )
        if (i + 1) % every == 0 or i + 1 == len(latents):
            part = file.with_name(f"part-{file.name}")
            np.savez(part, **{name: np.stack(rows) for name, rows in kept.items()})
            part.replace(file)
            print(json.dumps({"measured": i + 1, "of": len(latents)}), flush=True)
    return {name: np.stack(rows) for name, rows in kept.items()}


def population(networks: Networks, work: Path, count: int, seed: int) -> None:
    latents = population_latents(networks, count, seed)
    np.save(work / "population_w.npy", latents)
    measured_all(Measurer(networks), latents, work / "population.npz")


def standardised(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Values with their outer per cent drawn in, in deviations; and the means and deviations."""
    low, high = np.nanpercentile(values, (1, 99), axis=0)
    clipped = np.clip(values, low, high)
    mean, deviation = np.nanmean(clipped, 0), np.nanstd(clipped, 0)
    return (clipped - mean) / np.maximum(deviation, 1e-9), mean, deviation


def learn(networks: Networks, work: Path) -> None:
    latents = np.load(work / "population_w.npy")
    with np.load(work / "population.npz") as stored:
        values, identity = stored["values"], stored["identity"].astype(np.float64)
    latents = latents[: len(values)]
    seen = np.isfinite(identity).all(1)
    latents, values, identity = latents[seen], values[seen], identity[seen]
    z, mean, deviation = standardised(values)
    space = Whitening.of(networks.generator.sample(MEAN_SAMPLES, MEAN_SEED))
    x = space.whiten(latents[:, [first for first, _ in GROUPS]])
    fits = {ridge: gradients(x, z, ridge) for ridge in RIDGES}
    ridge = max(fits, key=lambda r: float(fits[r][1].mean()))
    slopes, explained = fits[ridge]
    # the verifiers' embeddings by their leading components, times the loadings: squared lengths stay what they were
    centred = identity - identity.mean(0)
    loadings = np.linalg.svd(centred, full_matrices=False)[2][:COMPONENTS]
    recognised, _ = gradients(x, centred @ loadings.T, ridge)
    flat, recognised = slopes.reshape(len(NAMES), -1), recognised.reshape(COMPONENTS, -1)
    always = IDENTITY * price(recognised, np.ones(len(recognised)))
    always += DISTANCE / len(GROUPS) * np.eye(flat.shape[1])
    directions, shares = [], []
    for plan in PLANS.values():
        own = NAMES.index(plan.attribute)
        cost = always + price(flat, np.array(weights(plan, NAMES)))
        direction = cheapest(plan.sign * flat[own], cost).reshape(x.shape[1:])
        directions.append(direction)
        shares.append(plan.sign * (direction * slopes[own]).sum(1))
    np.savez(
        work / "learnt.npz",
        directions=space.change(np.stack(directions)),  # [n, G, 512] changes of w, one deviation each
        shares=np.stack(shares),  # [n, G] of the foreseen effect
        deviation=deviation,
        mean=mean,
        explained=explained,
        settings=np.array([ridge, len(z)]),
    )
    print(json.dumps({"faces": len(z), "ridge": ridge}))
    print(
        json.dumps({"R²": {n: round(float(r), 2) for n, r in zip(NAMES, explained, strict=True)}}, ensure_ascii=False)
    )


def candidates(work: Path) -> tuple[NDArray[np.float64], list[tuple[int, int]]]:
    """Steps [C, G, 512] along one group's part of one direction, and which (direction, group) each is."""
    with np.load(work / "learnt.npz") as stored:
        directions, shares = stored["directions"], stored["shares"]
    steps, which = [], []
    for d, (direction, share) in enumerate(zip(directions, shares, strict=True)):
        for g in range(len(GROUPS)):
            if share[g] >= LEAST_PART or g == int(share.argmax()):
                step = np.zeros_like(direction)
                # a part alone is taken longer, so that its effect stands out, but never twice as long
                step[g] = direction[g] * STEP * min(2.0, 1 / max(share[g], 1e-3))
                steps.append(step)
                which.append((d, g))
    return np.stack(steps), which


def as_rows(change: NDArray[np.floating]) -> NDArray[np.floating]:
    """[..., G, 512] → [..., 16, 512]."""
    return np.repeat(change, [end - first for first, end in GROUPS], axis=-2)


def polish(networks: Networks, work: Path, seeds: int, seed: int) -> None:
    steps, which = candidates(work)
    base = truncated(networks, seeds, seed)
    # forward on one face and back on the next: a curved response does not pass for a slope
    signs = np.array([[1.0 if (s + c) % 2 == 0 else -1.0 for c in range(len(steps))] for s in range(seeds)])
    rows = as_rows(steps).astype(np.float32)
    latents = [
        np.concatenate([np.repeat(w[None], W_ROWS, 0)[None], w + signs[s][:, None, None].astype(np.float32) * rows])
        for s, w in enumerate(base)
    ]
    found = measured_all(Measurer(networks), np.concatenate(latents), work / "polish.npz")
    with np.load(work / "learnt.npz") as stored:
        deviation, directions = stored["deviation"], stored["directions"]
    values = found["values"].reshape(seeds, len(steps) + 1, -1) / deviation
    identity = found["identity"].reshape(seeds, len(steps) + 1, -1).astype(np.float64)
    change = np.nan_to_num(np.clip(values[:, 1:] - values[:, :1], -4, 4)) * signs[:, :, None]
    turned = np.nan_to_num(identity[:, 1:] - identity[:, :1]) * signs[:, :, None]
    responses = Responses(change, turned)
    vectors, notes = [], {}
    for d, (name, plan) in enumerate(PLANS.items()):
        best, notes[name] = polished(plan, d, which, responses)
        vector = np.einsum("c,cgd->gd", best, steps)
        longer = float(np.linalg.norm(vector) / np.linalg.norm(directions[d]))
        notes[name]["length"] = round(longer, 2)
        vectors.append(vector * min(1.0, LONGEST / longer))
        print(json.dumps({name: notes[name]}), flush=True)
    np.savez(work / "polished.npz", directions=np.stack(vectors), learnt=directions)
    (work / "polish.json").write_text(json.dumps(notes, indent=1))


def polished(
    plan: Plan, d: int, which: list[tuple[int, int]], responses: Responses
) -> tuple[NDArray[np.float64], dict[str, Any]]:
    """The coefficients [C] that are most selective on faces left out, scaled to one deviation; and what was compared."""
    own, price_of = NAMES.index(plan.attribute), np.array(weights(plan, NAMES))
    seeds = np.arange(len(responses.attributes))
    judged: dict[str, list[float]] = {}
    for k in range(FOLDS):
        train, test = responses.of(seeds[seeds % FOLDS != k]), responses.of(seeds[seeds % FOLDS == k])
        for label, change in attempts(plan, d, which, train, own, price_of):
            judged.setdefault(label, []).append(test.selectivity(plan.sign * change, own, price_of, IDENTITY))
    means = {label: float(np.mean(values)) for label, values in judged.items()}
    best = max(means, key=lambda label: means[label])
    if means[best] < CLEARLY * means[PLAIN]:
        best = PLAIN
    change = dict(attempts(plan, d, which, responses, own, price_of))[best]
    effect = plan.sign * responses.attributes[:, :, own].mean(0) @ change
    return change / effect, {"chosen": best, "selectivity": {k: round(v, 3) for k, v in means.items()}}


def attempts(
    plan: Plan, d: int, which: list[tuple[int, int]], responses: Responses, own: int, price_of: NDArray[np.float64]
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Named coefficients [C], each with a positive effect on its attribute: all groups, single ones, best sums."""
    parts = [c for c, (direction, _) in enumerate(which) if direction == d]
    plain = np.zeros(len(which))
    for c in parts:
        plain[c] = 1.0
    yield PLAIN, plain
    if len(parts) > 1:
        for c in parts:
            yield f"group {which[c][1]}", np.eye(len(which))[c]
    slopes = plan.sign * certain(responses.attributes[:, :, own])
    if not (slopes > 0).any():
        return
    for shrink in SHRINKS:
        cost = responses.cost(price_of, IDENTITY) + shrink * np.eye(len(which))
        yield f"best sum, {shrink:g}", cheapest(slopes, cost)
        mine = np.ix_(parts, parts)
        if (slopes[parts] > 0).any():
            few = np.zeros(len(which))
            few[parts] = cheapest(slopes[parts], cost[mine])
            yield f"best sum of its groups, {shrink:g}", few


def score(networks: Networks, work: Path, seeds: int, seed: int, out: Path, count: int, learnt_seed: int) -> None:
    source = work / "polished.npz" if (work / "polished.npz").exists() else work / "learnt.npz"
    with np.load(source) as stored:
        directions = stored["directions"]
    with np.load(work / "learnt.npz") as stored:
        deviation, explained, settings = stored["deviation"], stored["explained"], stored["settings"]
    natural = [
        deviation[NAMES.index(p.attribute)] if p.unit != "population deviations" else 1.0 for p in PLANS.values()
    ]
    vectors = as_rows(directions / np.array(natural)[:, None, None]).astype(np.float32)
    base = np.repeat(truncated(networks, seeds, seed)[:, None], W_ROWS, 1)
    latents = [base]
    for name, vector in zip(PLANS, vectors, strict=True):
        latents.extend(
            base[: level.faces(seeds)] + np.float32(level.share * strongest(name)) * vector for level in LEVELS
        )
    found = measured_all(Measurer(networks), np.concatenate(latents), work / f"score-{source.stem}.npz")
    sheet, scale = score_sheet(found, deviation, networks.panel.members, seeds)
    polish_notes = json.loads((work / "polish.json").read_text()) if source.stem == "polished" else {}
    for row in sheet["directions"]:
        row["scores"]["rows"] = polish_notes.get(row["name"], {}).get("chosen", PLAIN)
        row["scores"]["explained"] = round(float(explained[NAMES.index(row["attribute"])]), 3)
    # the unit is what was measured, not what the regression foresaw
    data = save({"vectors": (vectors * scale[:, None, None]).astype(np.float16)})
    about = {
        "script": "tools/learn_directions.py",
        "seed": learnt_seed,
        "sha256": hashlib.sha256(data).hexdigest(),
        "psi": PSI,
        "population": int(settings[1]),
        "faces read": count,
        "ridge": float(settings[0]),
        "row groups": [list(group) for group in GROUPS],
        "seeds": {"population": learnt_seed, "polish": learnt_seed + 2, "score": seed},
        **sheet,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "directions.safetensors").write_bytes(data)
    (out / "directions.json").write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
