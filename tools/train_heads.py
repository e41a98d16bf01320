"""Trains the early colour heads of the generator (256² and 128²) on the generator's own faces; CPU, about half an hour.

    python tools/train_heads.py OUT.safetensors [--samples 400] [--steps 2500] [--seed 0]

Data: w+ of three kinds in equal parts (one w at truncation 0.5–1; two or three w's crossed over at random rows; a w with an
independent w mixed into every row by up to 0.5), each with the full network's 1024² picture reduced to 256² and 128² by area.
Loss: mean squared error plus a quarter of the absolute error of horizontal and vertical differences. A tenth is held out.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from doppelganger.generators.heads import new_heads
from doppelganger.generators.ir_constants import read_constants
from doppelganger.generators.mobile_stylegan import W_ROWS, SynthesisNetwork
from doppelganger.generators.mobile_stylegan_openvino import MobileStyleGAN
from doppelganger.weights import Store

BATCH, PATCH = 12, 24


def draw_latents(generator: MobileStyleGAN, count: int, seed: int) -> np.ndarray:
    """w+ of the three kinds, float32 [count, 16, 512]."""
    rng = np.random.default_rng(seed)
    pool = generator.sample(4 * count, seed + 1)
    mean = generator.w_mean
    latents = []
    for i in range(count):
        psi = rng.uniform(0.5, 1.0)
        a, b, c = (mean + psi * (pool[k] - mean) for k in rng.integers(0, len(pool), 3))
        rows = np.broadcast_to(a, (W_ROWS, 512)).copy()
        if i % 3 == 1:
            cut, end = sorted(rng.integers(1, W_ROWS, 2))
            rows[cut:end], rows[end:] = b, c
        elif i % 3 == 2:
            others = mean + psi * (pool[rng.integers(0, len(pool), W_ROWS)] - mean)
            rows += rng.uniform(0, 0.5, (W_ROWS, 1)) * (others - rows)
        latents.append(rows.astype(np.float32))
    return np.stack(latents)


def difference_loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Mean squared error, plus a quarter of the mean absolute error of neighbouring pixels' differences."""
    e = x - y
    return e.square().mean() + 0.25 * (e.diff(dim=2).abs().mean() + e.diff(dim=3).abs().mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    store = Store()
    generator = MobileStyleGAN(store)
    paths = (store.path("mobilestylegan-synthesis-xml"), store.path("mobilestylegan-synthesis-bin"))
    network = SynthesisNetwork({k: torch.from_numpy(v.copy()) for k, v in read_constants(*paths).items()})

    latents = torch.from_numpy(draw_latents(generator, args.samples, args.seed))
    pictures, wide, narrow = [], [], []
    begun = time.time()
    for i, w in enumerate(latents):
        full = torch.from_numpy(generator.synthesise_float(w.numpy()))[None]
        pictures.append(F.avg_pool2d(full, 4)[0].half())
        with torch.no_grad():
            x = network.features(w[None], 4)
            narrow.append(x[0].half())
            wide.append(network.blocks[4](x, w[None, 9], w[None, 10])[0].half())
        if i % 50 == 0:
            print(json.dumps({"made": i, "seconds": round(time.time() - begun)}), flush=True)
    held_out = args.samples // 10
    heads = new_heads()
    scores: dict[str, float] = {}
    for name, features in (("256", wide), ("128", narrow)):
        head = heads[name]
        targets = pictures if name == "256" else [F.avg_pool2d(p.float(), 2).half() for p in pictures]
        optimiser = torch.optim.Adam(head.parameters(), 1.5e-3, betas=(0.9, 0.99))
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, args.steps)
        order = np.random.default_rng(args.seed)
        for step in range(args.steps):
            chosen = order.integers(held_out, args.samples, BATCH)
            # The head is local, so patches teach it as much as whole faces for a fraction of the work.
            tops, lefts = order.integers(0, features[0].shape[-1] - PATCH + 1, (2, BATCH))
            places = list(zip(chosen, tops, lefts, strict=True))
            x = torch.stack([features[k][:, a : a + PATCH, b : b + PATCH] for k, a, b in places]).float()
            y = torch.stack(
                [targets[k][:, 2 * a : 2 * (a + PATCH), 2 * b : 2 * (b + PATCH)] for k, a, b in places]
            ).float()
            inner = slice(2, -2)  # the outermost features lack their neighbours
            loss = difference_loss(head(x, latents[chosen])[..., inner, inner], y[..., inner, inner])
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(head.parameters(), 0.5)
            optimiser.step()
            schedule.step()
            if step % 500 == 499 or step == args.steps - 1:
                with torch.no_grad():
                    error = [
                        F.mse_loss(head(features[k][None].float(), latents[k][None])[0], targets[k].float()).item()
                        for k in range(held_out)
                    ]
                scores[name] = float(np.mean(error))
                print(json.dumps({"head": name, "step": step + 1, "held-out MSE": scores[name]}), flush=True)
        tensors = {k: v.half().contiguous() for k, v in heads.state_dict().items()}
        save_file(
            tensors, args.out, {"scores": json.dumps(scores), "script": "tools/train_heads.py", "seed": str(args.seed)}
        )


if __name__ == "__main__":
    main()
