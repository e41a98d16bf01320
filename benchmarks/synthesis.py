"""Faces a second at 1024², 512² and 256² by batch size, the ratio to the untouched graph, and memory.

    python benchmarks/synthesis.py [--times 8] [--out FILE]

*untouched*: the published OpenVINO IR, one w for all layers, 1024². *ours*: the same with a row of w+ and of scales for each
modulation, as every command uses it; its 512² and 256² are that picture reduced by area. *many*: as sets of pictures are
made, 512² without the last wavelet transform, a batch beside one another. *preview*: the early exit, an approximation at
256², in PyTorch. Batches of the other OpenVINO forms are one face after the other, which already keeps every core of a quiet
machine busy. All forms take turns in one run, on other latents each turn, since faces that are kept cost nothing. To uint8
pictures, all of them.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import torch
from numpy.typing import NDArray

from doppelganger.generators.many_faces import ManyFaces
from doppelganger.generators.mobile_stylegan import W_ROWS
from doppelganger.images import RGB, resize_area
from doppelganger.networks import Networks
from speed import peak_memory_mib

BATCHES = (1, 2, 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=8)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    networks = Networks(device="cpu")
    forms = {
        "untouched, 1024²": untouched(networks),
        "ours, 1024²": ours(networks, 1024),
        "ours, 512²": ours(networks, 512),
        "ours, 256²": ours(networks, 256),
        "many, 512²": many(networks),
        "preview, 256²": preview(networks),
    }
    latents, rng = networks.generator.sample(max(BATCHES), 91), np.random.default_rng(91)
    seconds: dict[tuple[str, int], list[float]] = {(form, size): [] for form in forms for size in BATCHES}
    for turn in range(args.times + 1):
        for (form, size), taken in seconds.items():
            # a latent that no other form or turn has: faces that are kept would cost nothing
            others = latents[:size] + rng.normal(0, 1e-3, (size, 512)).astype(np.float32)
            begun = time.perf_counter()
            forms[form](others)
            if turn:  # the first turn is the networks' own beginning
                taken.append(time.perf_counter() - begun)
    rates = {key: key[1] / statistics.median(taken) for key, taken in seconds.items()}
    best = max(rates["untouched, 1024²", size] for size in BATCHES)
    report: dict[str, Any] = {
        "threads": torch.get_num_threads(),
        "faces a second": {form: {str(size): round(rates[form, size], 2) for size in BATCHES} for form in forms},
        "ratio to the untouched graph, same batch": {
            form: {str(size): round(rates[form, size] / rates["untouched, 1024²", size], 3) for size in BATCHES}
            for form in forms
        },
        "ratio of the best batches": {form: round(max(rates[form, s] for s in BATCHES) / best, 3) for form in forms},
        "peak memory, MiB": peak_memory_mib(),
    }
    text = json.dumps(report, indent=1, ensure_ascii=False)
    if args.out:
        args.out.write_text(text + "\n")
    print(text)


def untouched(networks: Networks) -> Callable[[NDArray[np.float32]], object]:
    """w [B, 512] → pictures, by the IR as it was published."""
    core = ov.Core()
    paths = [str(networks.store.path(f"mobilestylegan-synthesis-{kind}")) for kind in ("xml", "bin")]
    compiled = core.compile_model(
        core.read_model(*paths), "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    )

    def pictures(w: NDArray[np.float32]) -> list[RGB]:
        return [as_picture(np.array(compiled(one[None])[0][0])) for one in w]

    return pictures


def ours(networks: Networks, side: int) -> Callable[[NDArray[np.float32]], object]:
    """w [B, 512] → pictures of this side, as commands make them."""

    def pictures(w: NDArray[np.float32]) -> list[RGB]:
        return [resize_area(networks.generator.synthesise(one), side, side) for one in w]

    return pictures


def many(networks: Networks) -> Callable[[NDArray[np.float32]], object]:
    """w [B, 512] → pictures at 512², made beside one another without the last wavelet transform."""
    faces = ManyFaces(networks.store)
    return lambda w: list(faces.faces(w))


def preview(networks: Networks) -> Callable[[NDArray[np.float32]], object]:
    """w [B, 512] → pictures at 256² by the early exit."""

    def pictures(w: NDArray[np.float32]) -> list[RGB]:
        with torch.inference_mode():
            rows = torch.from_numpy(np.repeat(w[:, None], W_ROWS, 1))
            return [as_picture(one.numpy()) for one in networks.differentiable.preview(rows)]

    return pictures


def as_picture(values: NDArray[np.float32]) -> RGB:
    """[3, H, W] in [−1, 1] → uint8 [H, W, 3], as the generator's own pictures are made."""
    return np.ascontiguousarray(np.clip(values * 127.5 + 128, 0, 255).astype(np.uint8).transpose(1, 2, 0))


if __name__ == "__main__":
    main()
