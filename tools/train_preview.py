"""Trains the generator's early exit (``generators/preview.py``) on value and gradient; CPU, about 40 minutes; needs 8 GB.

    python tools/train_preview.py OUT.safetensors [--targets 30] [--population 250] [--steps 2400] [--seed 3]

Where a search goes is not where random latents lie, so most of the data comes from searches: targets are pictures that the
generator cannot make (two generated faces blended along a line, moved a little, gamma and colours changed, noise added), each is
projected by exact gradients, and every second step gives a sample: features, w+, the true picture at 256², a loss's gradient to
that picture and what the true network makes of it at the features. A second part is the population, one w at truncation 0.5–1.1.

Loss: squared error, a quarter of the absolute error of neighbouring pixels' differences, and for samples of searches 0.03 times
the relative squared error of the gradient at the features (Czarnecki et al., "Sobolev Training for Neural Networks", 2017). A
tenth of the searches' samples is held out.
"""

import argparse
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from doppelganger.adam import Adam
from doppelganger.generators.mobile_stylegan import W_ROWS, SynthesisNetwork
from doppelganger.generators.preview import BLOCKS_BEFORE, PreviewHead
from doppelganger.generators.sensitivity import SensitiveDirections
from doppelganger.images import RGB
from doppelganger.loss import Likeness, spread
from doppelganger.memory import keep_freed_pages
from doppelganger.networks import Networks

BATCH, PATCH = 6, 28
MARGIN = 4
"""Outermost features of a patch lack their neighbours and do not count."""
GRADIENT_WEIGHT = 0.03
POOL = 3000


@dataclass
class Samples:
    """Rows of the data; ``cotangents`` and ``gradients`` only for searches."""

    w: list[Tensor] = field(default_factory=list)
    features: list[Tensor] = field(default_factory=list)
    pictures: list[Tensor] = field(default_factory=list)
    cotangents: list[Tensor] = field(default_factory=list)
    gradients: list[Tensor] = field(default_factory=list)
    scales: list[float] = field(default_factory=list)
    """A gradient is its half-precision tensor times this."""


def target(networks: Networks, pool: NDArray[np.float32], rng: np.random.Generator) -> RGB:
    """A picture like a face that the generator cannot make."""
    mean, size = networks.generator.w_mean, networks.generator.resolution
    a, b = (
        networks.generator.synthesise(
            (mean + rng.uniform(0.7, 1.1) * (pool[rng.integers(POOL)] - mean)).astype(np.float32)
        )
        for _ in range(2)
    )
    if rng.random() < 0.5:
        a = np.ascontiguousarray(a[:, ::-1])
    rows, columns = np.mgrid[:size, :size]
    angle = rng.uniform(0, 2 * np.pi)
    across = (columns - size / 2) * np.cos(angle) + (rows - 0.55 * size) * np.sin(angle) + rng.normal(0, 120)
    mask = (1 / (1 + np.exp(-across / rng.uniform(30, 90))))[..., None]
    zoom, turn = np.exp(rng.normal(0, 0.03)), np.deg2rad(rng.normal(0, 2))
    linear = zoom * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    centre = np.full(2, size / 2)
    moved = np.column_stack([linear, centre - linear @ centre + rng.normal(0, 10, 2)])
    blend = cv2.warpAffine(
        (a * mask + b * (1 - mask)).astype(np.float32), moved, (size, size), borderMode=cv2.BORDER_REFLECT
    )
    curved = 255 * np.clip(blend / 255, 0, 1) ** rng.uniform(0.8, 1.25)
    return np.clip(curved * rng.uniform(0.9, 1.08, 3) + rng.normal(0, 6, 3), 0, 255).astype(np.uint8)


def search(
    networks: Networks, network: SynthesisNetwork, portrait: RGB, rng: np.random.Generator, out: Samples
) -> float:
    """Project by exact gradients: 8 steps of one w, then w+; returns the last LPIPS."""
    likeness = Likeness(portrait, networks.alex, 2.0, 0.5, networks.device, 10.0)
    directions = SensitiveDirections.of_mobile_stylegan(networks.device)
    v = torch.zeros(W_ROWS, 512)
    shared, rows = (Adam(torch.zeros(W_ROWS, n), torch.zeros(W_ROWS, n)) for n in (512, directions.split_size))
    first, steps, rate = 8, int(rng.integers(26, 34)), rng.uniform(0.3, 0.5)
    for step in range(steps):
        tracked = v.clone().requires_grad_()
        w = networks.space.to_w(tracked)[None]
        features = network.features(w, BLOCKS_BEFORE)
        x, late = features.detach().requires_grad_(), w.detach().requires_grad_()
        coefficients = network.wavelets_of(x, late, BLOCKS_BEFORE)
        if step % 2 == 0:
            picture = F.interpolate(coefficients[:, :3] / 2, (256, 256), mode="area")
            seen = picture.detach().requires_grad_()
            (cotangent,) = torch.autograd.grad(likeness(seen)[1], seen)
            (gradient,) = torch.autograd.grad(picture, x, cotangent, retain_graph=True)
            size, scale = cotangent.abs().max(), gradient.abs().max()
            out.w.append(w[0].detach())
            out.features.append(x[0].detach().half())
            out.pictures.append(seen[0].detach().half())
            out.cotangents.append((cotangent[0] / size).half())
            out.gradients.append((gradient[0] / scale).half())
            out.scales.append(float(scale / size))
        perceptual, loss = likeness.of_wavelets(coefficients)
        parts = torch.autograd.grad(loss, (x, late))
        (slope,) = torch.autograd.grad([features, w], tracked, list(parts), retain_graph=True)
        pulls = 0.002 * networks.space.prior(tracked) + 0.01 * spread(tracked)
        slope = slope + torch.autograd.grad(pulls, tracked)[0]
        if step < first:
            v = v - shared.update(slope.sum(0, keepdim=True).expand_as(slope), 0.8)
        else:
            falling = min(1.0, (step - first + 1) / 5, 1.6 * (1 - (step - first) / (steps - first)))
            v = v - directions.join(rows.update(directions.split(slope), rate * falling))
    return float(perceptual.detach())


def draw(
    networks: Networks, network: SynthesisNetwork, pool: NDArray[np.float32], rng: np.random.Generator, out: Samples
) -> None:
    """One face of the population."""
    mean = networks.generator.w_mean
    w = torch.from_numpy(
        np.tile(mean + rng.uniform(0.5, 1.1) * (pool[rng.integers(POOL)] - mean), (W_ROWS, 1)).astype(np.float32)
    )
    with torch.no_grad():
        features = network.features(w[None], BLOCKS_BEFORE)
        picture = F.interpolate(
            network.wavelets_of(features, w[None], BLOCKS_BEFORE)[:, :3] / 2, (256, 256), mode="area"
        )
    out.w.append(w)
    out.features.append(features[0].half())
    out.pictures.append(picture[0].half())


def patches(samples: Samples, name: str, chosen: NDArray[np.intp], corners: list[tuple[int, int]]) -> Tensor:
    """Patches of the features' size or, of pictures, four times that, [BATCH, C, S, S]."""
    maps = [getattr(samples, name)[k] for k in chosen]
    f = maps[0].shape[-1] // 64
    cut = [
        m[:, f * t : f * (t + PATCH), f * left : f * (left + PATCH)] for m, (t, left) in zip(maps, corners, strict=True)
    ]
    return torch.stack(cut).float()


def gradient_error(predicted: Tensor, features: Tensor, cotangents: Tensor, truth: Tensor) -> Tensor:
    """Relative squared error of the gradient at the features, within the margin."""
    (own,) = torch.autograd.grad(predicted, features, cotangents, create_graph=True)
    inner = slice(MARGIN, -MARGIN)
    error = (own - truth)[..., inner, inner].square().sum((1, 2, 3))
    return (error / truth[..., inner, inner].square().sum((1, 2, 3))).mean()


def scores(head: PreviewHead, samples: Samples, count: int) -> dict[str, float]:
    """On the first ``count`` samples: squared error of the picture, cosine of the gradient at the features."""
    errors, cosines = [], []
    for k in range(count):
        x = samples.features[k][None].float().requires_grad_()
        picture = head(x, samples.w[k][None])
        (own,) = torch.autograd.grad(picture, x, samples.cotangents[k][None].float())
        errors.append(F.mse_loss(picture, samples.pictures[k][None].float()).item())
        cosines.append(F.cosine_similarity(own.flatten(), samples.gradients[k].float().flatten(), 0).item())
    return {"held-out MSE": float(np.mean(errors)), "held-out cosine of the gradient": float(np.mean(cosines))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--targets", type=int, default=30)
    parser.add_argument("--population", type=int, default=250)
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--seed", type=int, default=3)
    args = parser.parse_args()
    keep_freed_pages()
    torch.manual_seed(args.seed)
    rng, begun = np.random.default_rng(args.seed), time.time()
    networks = Networks(device="cpu")
    network = SynthesisNetwork.of_store(networks.store).eval()
    pool = networks.generator.sample(POOL, args.seed + 1000)
    searched, population = Samples(), Samples()
    for i in range(args.targets):
        lpips = search(networks, network, target(networks, pool, rng), rng, searched)
        print(json.dumps({"target": i, "LPIPS": round(lpips, 3), "seconds": round(time.time() - begun)}), flush=True)
    with torch.no_grad():
        for _ in range(args.population):
            draw(networks, network, pool, rng, population)

    held_out = len(searched.w) // 10
    head = PreviewHead(network.block(BLOCKS_BEFORE))
    optimiser = torch.optim.Adam(head.parameters(), 2.5e-3, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2.5e-3, total_steps=args.steps, pct_start=0.1)
    for step in range(args.steps):
        of_search = step % 2 == 0
        samples, first = (searched, held_out) if of_search else (population, 0)
        chosen = rng.integers(first, len(samples.w), BATCH)
        corners = [(int(t), int(left)) for t, left in rng.integers(0, 64 - PATCH + 1, (BATCH, 2))]
        x = patches(samples, "features", chosen, corners).requires_grad_(of_search)
        predicted = head(x, torch.stack([samples.w[k] for k in chosen]), corners)
        inner = slice(3 * MARGIN, -3 * MARGIN)
        error = (predicted - patches(samples, "pictures", chosen, corners))[..., inner, inner]
        loss = error.square().mean() + 0.25 * (error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean())
        if of_search:
            scale = torch.tensor([samples.scales[k] for k in chosen])[:, None, None, None]
            truth = patches(samples, "gradients", chosen, corners) * scale
            cotangents = patches(samples, "cotangents", chosen, corners)
            loss = loss + GRADIENT_WEIGHT * gradient_error(predicted, x, cotangents, truth)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), 0.5)
        optimiser.step()
        schedule.step()
        if step % 200 == 199 or step == args.steps - 1:
            reached = scores(head, searched, held_out)
            print(json.dumps({"step": step + 1, **reached, "seconds": round(time.time() - begun)}), flush=True)
    tensors = {name: tensor.half().contiguous() for name, tensor in head.state_dict().items()}
    save_file(
        tensors, args.out, {"scores": json.dumps(reached), "script": "tools/train_preview.py", "seed": str(args.seed)}
    )


if __name__ == "__main__":
    main()
