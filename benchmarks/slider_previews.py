"""What may a slider show while it is dragged? The early exit, with and without the whole network's picture as its anchor, against
the whole network: how far each is from the true picture, and how long it takes.

    python benchmarks/slider_previews.py [--out FILE]

Prints JSON. Seven directions at a quarter of their range and at its end, on four invented faces. LPIPS (AlexNet, 256²); "moved" is
how far the slider moved the true picture. Seconds are PyTorch's for the early exit and OpenVINO's for the whole network.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from doppelganger import directions
from doppelganger.generators.protocol import Latent
from doppelganger.invented import invented
from doppelganger.networks import Networks

DIRECTIONS = ("yaw", "age", "female", "smile", "hair_blond", "glasses", "fringe")
SEEDS = (1, 2, 3, 4)
PARTS = (0.25, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    text = json.dumps(measure(Networks(device="cpu")), indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", "utf-8")


@torch.inference_mode()
def measure(networks: Networks) -> dict[str, Any]:
    """By part of the range: mean LPIPS of each to the true picture; and seconds a face."""
    seconds: dict[str, list[float]] = {"whole": [], "early exit": []}

    def timed(name: str, picture: Callable[[], Tensor]) -> Tensor:
        begun = time.perf_counter()
        made = picture()
        seconds[name].append(time.perf_counter() - begun)
        return made

    def whole(latent: Latent) -> Tensor:
        picture = timed("whole", lambda: torch.from_numpy(networks.generator.synthesise_float(latent))[None])
        return F.interpolate(picture, (256, 256), mode="area")

    def early(latent: Latent) -> Tensor:
        return timed("early exit", lambda: networks.differentiable.preview(torch.from_numpy(latent)[None]))

    known, rows = directions.load(), []
    for seed in SEEDS:
        base = known.apply(invented(seed, networks.generator), {})
        true = whole(base)
        anchor = true - early(base)
        for name in DIRECTIONS:
            for part in PARTS:
                latent = known.apply(base, {name: part * known[name].valid_range[1]})
                picture, quick = whole(latent), early(latent)
                apart = [float(networks.alex(one, picture)) for one in (true, quick, quick + anchor)]
                rows.append((part, dict(zip(("moved", "early exit", "anchored"), apart, strict=True))))
    return {
        "lpips_to_the_whole": {
            f"{part:.0%} of the range": {
                key: round(float(np.mean([apart[key] for one, apart in rows if one == part])), 3)
                for key in ("moved", "early exit", "anchored")
            }
            for part in PARTS
        },
        "faces": len(rows),
        "seconds": {name: round(statistics.median(values), 3) for name, values in seconds.items()},
    }


if __name__ == "__main__":
    main()
