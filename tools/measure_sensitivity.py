"""Measures the directions of w+ that a picture feels most (``generators/sensitivity.py``); CPU, about ten minutes.

    python tools/measure_sensitivity.py OUT.safetensors [--targets 200] [--seed 5]

For random generated faces as targets, and for each a w+ far from it and one nearer, the gradient of projection's loss through the
whole network is taken in the coordinates of ``LatentSpace``. Per row, the directions are the leading eigenvectors of the
gradients' second moments, each gradient scaled to length one so that no target outweighs another.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from doppelganger.generators.mobile_stylegan import W_ROWS
from doppelganger.networks import Networks
from doppelganger.projection import Likeness, ProjectionSettings

KEPT = 32
"""Directions a row: they hold 98 % of the gradients' energy."""
POOL, POOL_SEED = 4000, 77
FAR, NEAR = 0.6, 0.25
"""How far a start lies from its target, as a share of the way to other faces of the population."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--targets", type=int, default=200)
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    networks, settings, rng = Networks(device="cpu"), ProjectionSettings(), np.random.default_rng(args.seed)
    pool, mean = networks.generator.sample(POOL, POOL_SEED), networks.generator.w_mean
    gradients = []
    for i in range(args.targets):
        psi = rng.uniform(0.5, 0.9)
        target = mean + psi * (pool[rng.integers(POOL)] - mean)
        others = mean + psi * (pool[rng.integers(0, POOL, W_ROWS)] - mean)
        target = (target + rng.uniform(0, 0.5, (W_ROWS, 1)) * (others - target)).astype(np.float32)
        likeness = Likeness(
            networks.generator.synthesise(target),
            networks.alex,
            settings.pixel_weight,
            settings.face_weight,
            networks.device,
            settings.detail_weight,
        )
        for distance in (FAR, NEAR):
            one = mean + psi * (pool[rng.integers(POOL)] - mean)
            rows = mean + psi * (pool[rng.integers(0, POOL, W_ROWS)] - mean)
            start = (target + distance * (0.6 * one + 0.4 * rows - target)).astype(np.float32)
            v = networks.space.from_w(torch.from_numpy(start)).requires_grad_()
            wavelets = networks.differentiable.wavelets(networks.space.to_w(v)[None])
            (gradient,) = torch.autograd.grad(likeness.of_wavelets(wavelets)[1], v)
            gradients.append(gradient / gradient.norm())
        if i % 20 == 0:
            print(json.dumps({"targets": i}), flush=True)
    moments = torch.einsum("nri,nrj->rij", torch.stack(gradients), torch.stack(gradients)) / len(gradients)
    energy, vectors = torch.linalg.eigh(moments)
    held = (energy[:, -KEPT:].sum(1) / energy.sum(1)).tolist()
    print(json.dumps({"share of energy held, by row": [round(share, 3) for share in held]}))
    basis = vectors[:, :, -KEPT:].half().contiguous()
    note = {"script": "tools/measure_sensitivity.py", "seed": str(args.seed), "targets": str(args.targets)}
    save_file({"basis": basis}, args.out, note)


if __name__ == "__main__":
    main()
