"""A result as a run leaves it, with pictures drawn by NumPy: pages, pictures and folders are tested on it."""

from dataclasses import replace
from functools import cache

import numpy as np

from doppelganger.images import RGB
from doppelganger.result import Border, FaceRecord, Flip, PathRecord, Pictures, Provenance, Result, Verdict

THRESHOLDS = {"dlib": 0.6, "SFace": 0.637, "ArcFace-MBF": 0.721, "EdgeFace-S": 0.743}
DISTURBANCES = ("jpeg 75", "half and double", "crop 5 %", "rotate +3°", "blur")
STEPS = 40


def picture(seed: int, height: int, width: int) -> RGB:
    """Smooth waves, other ones for every seed, uint8 [height, width, 3]."""
    y, x = np.mgrid[0 : 2 : height * 1j, 0 : 2 : width * 1j]
    waves = [np.sin(x * (seed % 5 + 1 + c) + y * (seed % 3 + 1) + seed) for c in range(3)]
    return (np.stack(waves, -1) * 120 + 128).astype(np.uint8)


def verdicts(
    ratios: tuple[float, ...], disturbed: bool, held_out: tuple[str, ...] = ("EdgeFace-S",)
) -> tuple[Verdict, ...]:
    """One verdict a verifier, ``ratios`` × threshold away; each disturbance a little nearer, all by other amounts."""
    found = []
    for k, ((name, limit), ratio) in enumerate(zip(THRESHOLDS.items(), ratios, strict=True)):
        under = {d: limit * ratio * (0.99 - 0.004 * ((j + k) % 5)) for j, d in enumerate(DISTURBANCES)}
        found.append(Verdict(name, "privacy", limit * ratio, limit, name in held_out, under if disturbed else {}))
    return tuple(found)


@cache
def sample_result(side: int = 160) -> Result:
    """All is well: the doppelgänger is outside every border; all optional pictures are there. ``side`` is 1024 in a run."""
    borders = []
    for k, (name, limit) in enumerate(THRESHOLDS.items()):
        flip = Flip(inside=12 + 3 * k, outside=11 + 3 * k)
        scanned = tuple((s, limit * (1 - (s - flip.inside + 0.5) / 50)) for s in range(0, STEPS, 3))
        borders.append(Border(name, limit, (flip,), scanned))
    borders.append(Border("panel", None, (Flip(12, 11),), ()))
    faces = (
        FaceRecord("closest match", verdicts((0.51, 0.42, 0.55, 0.38), False), {"LPIPS (AlexNet, 256²)": 0.0412}),
        FaceRecord("path border", verdicts((1.01, 1.12, 1.2, 1.3), False), {"LPIPS (AlexNet, 256²)": 0.3071}),
        FaceRecord(
            "doppelgänger",
            verdicts((1.07, 1.08, 1.11, 1.16), True),
            {"LPIPS (AlexNet, 256²)": 0.0523, "age difference (years)": -1.25},
        ),
        FaceRecord("in photo", verdicts((1.06, 1.09, 1.1, 1.15), True), {}),
    )
    generator = np.random.default_rng(0)
    return Result(
        pictures=Pictures(*(picture(k, side, side) for k in range(5)), in_photo=picture(9, 150, 250)),
        path=PathRecord(
            tuple(0.5 * 0.93**s for s in range(STEPS)), {s: picture(s, 64, 64) for s in (0, 8, 16, 24, 32, STEPS - 1)}
        ),
        borders=tuple(borders),
        faces=faces,
        latents={
            "path": generator.normal(size=(STEPS, 4, 512)).astype(np.float32),
            "closest": generator.normal(size=(4, 512)).astype(np.float32),
            "doppelganger": generator.normal(size=(4, 512)).astype(np.float32),
        },
        provenance=Provenance(
            salted_digest="5a" * 32,
            salt="0f" * 16,
            seed=7,
            versions={"deepfake-doppelganger": "0.1.0", "torch": "2.13.0"},
            weights={"dlib/resnet": "c7" * 32},
            settings={"method": "nearest", "held_out": ["edgeface"], "nearest.margin": 0.05, "in_photo": True},
            created="2026-01-02T03:04:05+00:00",
        ),
        seconds={"read": 0.1, "projection": 31.4, "nearest": 27.2},
        warnings=(),
    )


@cache
def bare_result() -> Result:
    """Nothing optional is there, nothing flips but dlib, which flips three times; the search failed and warns."""
    whole = sample_result()
    scanned = tuple((s, 0.4) for s in range(0, STEPS, 3))
    flips = (Flip(6, 5), Flip(17, 18), Flip(31, 30))
    borders = (
        Border("dlib", 0.6, flips, whole.borders[0].scanned),
        Border("SFace", 0.637, (), scanned),
        Border("ArcFace-MBF", 0.3, (), scanned),
        Border("panel", None, (), ()),
    )
    return replace(
        whole,
        pictures=replace(whole.pictures, border_inside=None, border_outside=None, in_photo=None),
        borders=borders,
        faces=(FaceRecord("doppelgänger", verdicts((0.97, 1.1, 1.2, 1.3), True), {}),),
        warnings=("The search ended inside the border of dlib.",),
    )
