"""Folders of small drawings in place of portraits and avatars: all that is tested is which is shown where."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from doppelganger.images import RGB, encode_png
from doppelganger.provenance import synthetic_png
from doppelganger.study.design import Among, Design, Form, Picture, Role, Shown, Trial
from doppelganger.study.stimuli import Case

METHODS = ("qqpath", "qqpixelation", "qqnearest")
"""Names that cannot stand in a page by chance."""


def drawing(seed: int, side: int = 64) -> RGB:
    """Waves in another colour for every seed, uint8 [side, side, 3]."""
    y, x = np.mgrid[0 : 2 : side * 1j, 0 : 2 : side * 1j]
    waves = [np.sin(x * (seed % 5 + 1 + c) + y * (seed % 3 + 1) + seed) for c in range(3)]
    return (np.stack(waves, -1) * 120 + 128).astype(np.uint8)


def evaluation(root: Path, people: int, methods: Sequence[str] = METHODS) -> Path:
    """What ``doppelganger evaluate`` leaves: a case a person, an avatar a method."""
    for person in range(people):
        case = root / "cases" / f"qqcase{person}"
        case.mkdir(parents=True)
        (case / "portrait.png").write_bytes(encode_png(drawing(person)))
        for k, method in enumerate(methods):
            (case / f"{method}.png").write_bytes(synthetic_png(drawing(1000 * (k + 1) + person)))
    return root


def name_person(case: Path, person: str) -> None:
    (case / "case.json").write_text(json.dumps({"person": person}))


def unread(people: int, methods: Sequence[str] = METHODS, per_person: int = 1) -> list[Case]:
    """Cases whose pictures nobody opens."""
    return [
        Case(f"case{p}-{k}", f"person{p}", Path("portrait.png"), {method: Path(f"{method}.png") for method in methods})
        for p in range(people)
        for k in range(per_person)
    ]


def by_hand() -> Design:
    """Two portraits, one method; one trial of every role about each portrait, one form."""
    pictures, trials = {}, {}
    for case in ("a", "b"):
        pictures[f"p{case}"] = Picture(Shown.PORTRAIT, case)
        pictures[f"r{case}"] = Picture(Shown.AGAIN, case)
        pictures[f"v{case}"] = Picture(Shown.AVATAR, case, "m")
    for case, other in (("a", "b"), ("b", "a")):
        trials[f"t-avatar-{case}"] = Trial(Role.AVATAR, f"p{case}", (f"v{case}",), "m")
        trials[f"t-same-{case}"] = Trial(Role.CATCH_SAME, f"p{case}", (f"r{case}",))
        trials[f"t-different-{case}"] = Trial(Role.CATCH_DIFFERENT, f"p{case}", (f"p{other}",))
        trials[f"t-closest-{case}"] = Trial(Role.CLOSEST, f"p{case}", ("va", "vb"), "m")
    pairs = tuple(sorted(t for t in trials if "closest" not in t))
    return Design(0, Among.PEOPLE, 2, pictures, trials, (Form(pairs, ("t-closest-a", "t-closest-b")),))
