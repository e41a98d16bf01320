"""The table: what every method costs in likeness and gives in protection, each figure with its interval and its n."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from doppelganger.evaluation.appearance import AGE, AGE_SECOND, SEX, SEX_SECOND, SMOOTHNESS, SYMMETRY
from doppelganger.evaluation.attacks import FEWEST_PEOPLE, feature_ranks, hash_ranks, linear_map_attack
from doppelganger.evaluation.gather import Avatars, Population, Trial
from doppelganger.evaluation.metrics import (
    Interval,
    genuine_distances,
    impostor_distances,
    median_interval,
    share_interval,
)
from doppelganger.evaluation.realism import frechet_distance, kernel_distance
from doppelganger.evaluation.survival import CLEAN, VIEWS
from doppelganger.verifiers.panel import VERIFIERS
from doppelganger.verifiers.protocol import OperatingPoint, Verifier
from doppelganger.verifiers.thresholds import calibration

FARS = ("1e-3", "1e-4")
SPLITS = 5
"""Ways to halve the people for attacker (b)."""
WORST = ("TAR at FAR 1e-3", "TAR at privacy", "rank-1")
SIGNED = (AGE, AGE_SECOND, SMOOTHNESS, SYMMETRY)
"""Measures whose sign means something: the mean says where avatars drift to, the median absolute value how far they are off."""


def limits(members: Sequence[Verifier]) -> dict[str, dict[str, float]]:
    """Verifier → operating point → threshold: the calibrated FARs, and the privacy point (harder for us at each)."""
    table = calibration()["verifiers"]
    return {
        m.name: {
            **{f"FAR {far}": float(table[m.name]["distance_at_far"][far]) for far in FARS},
            "privacy": m.thresholds[OperatingPoint.PRIVACY].value,
        }
        for m in members
    }


def recognition(found: Sequence[Trial], thresholds: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, Any]]:
    """Rates over a set of trials of one view: TAR at every operating point, identification, bystanders."""
    if not found:
        return {}
    people = [trial.person for trial in found]
    points = next(iter(thresholds.values()))
    out: dict[str, Interval] = {}
    for point in points:
        hits = [trial.distance <= thresholds[trial.verifier][point] for trial in found]
        out[f"TAR at {point}"] = share_interval(hits, people)
    for rank in (1, 5):
        out[f"rank-{rank}"] = share_interval([trial.rank <= rank for trial in found], people)
    out["rank-1 among distractors"] = share_interval([t.rank_among_distractors <= 1 for t in found], people)
    for point in points:
        hits = [trial.nearest_other <= thresholds[trial.verifier][point] for trial in found]
        out[f"bystander at {point}"] = share_interval(hits, people)
    others = [(d <= thresholds[t.verifier]["FAR 1e-3"], t.person) for t in found for d in t.other_pictures]
    if others:
        out["TAR of other pictures at FAR 1e-3"] = share_interval([hit for hit, _ in others], [p for _, p in others])
    return {name: asdict(interval) for name, interval in out.items()}


def linkability(
    made: Sequence[Avatars], whole: Population, members: Sequence[Verifier], held_out: bool
) -> Interval | None:
    """Share of avatar ↔ avatar pairs, of two pictures of one person, that are taken for one person at FAR 1e-3."""
    people, thresholds = whole.people, limits(members)
    hits: list[bool] = []
    whose: list[str] = []
    for of in made:
        own: dict[str, list[int]] = {}
        for row, case in enumerate(of.cases):
            own.setdefault(str(people[case]), []).append(row)
        for short, member in zip(VERIFIERS, members, strict=True):
            if (short not in of.method.searched) != held_out:
                continue
            for person, places in own.items():
                rows = of.embeddings[member.name, CLEAN][places]
                rows = rows[np.isfinite(rows).all(1)]
                found = genuine_distances(member.metric, rows, [person] * len(rows))
                hits += list(found <= thresholds[member.name]["FAR 1e-3"])
                whose += [person] * len(found)
    return share_interval(hits, whose) if hits else None


def strangers(whole: Population, members: Sequence[Verifier]) -> dict[str, Any]:
    """How often each verifier takes two people of this folder for one: what the stated FARs come to here."""
    out: dict[str, Any] = {}
    for member in members:
        found = impostor_distances(member.metric, whole.embeddings[member.name], list(whole.people))
        points = limits([member])[member.name]
        out[member.name] = {"pairs": len(found)} | {
            point: float(np.mean(found <= limit)) for point, limit in points.items() if len(found)
        }
    return out


def worst(by_verifier: Mapping[str, Any], rate: str) -> dict[str, Any] | None:
    """Of the verifiers that were held out, the one with the highest rate."""
    found = [(of["held out"][rate]["value"], name) for name, of in by_verifier.items() if rate in of["held out"]]
    return {"verifier": max(found)[1], "value": max(found)[0]} if found else None


def likeness(made: Sequence[Avatars], whole: Population) -> dict[str, Any]:
    """Measure → the median (of the absolute value where it is signed, with the mean beside it), and how often it was lost."""
    people = whole.people
    out: dict[str, Any] = {}
    names = dict.fromkeys(name for of in made for one in of.likeness for name in one)
    for name in names:
        values, whose, lost = [], [], 0
        for of in made:
            for case, one in zip(of.cases, of.likeness, strict=True):
                if name in one and np.isfinite(one[name]):
                    values.append(one[name])
                    whose.append(people[case])
                else:
                    lost += name in one
        if values:
            signed = name in SIGNED
            out[name] = {"median": asdict(median_interval(np.abs(values) if signed else values, whose)), "lost": lost}
            if signed:
                out[name]["mean, signed"] = float(np.mean(values))
            if name in (SEX, SEX_SECOND):
                out[name] = {"share": asdict(share_interval(np.array(values) > 0.5, whose)), "lost": lost}
        else:
            out[name] = {"median": None, "lost": lost}
    return out


def realism(made: Sequence[Avatars], whole: Population, generated: NDArray[np.float32] | None) -> dict[str, Any]:
    """FID and KID of one avatar a portrait (the row's last method), against generated strangers and against the portraits."""
    of = made[-1]
    own = of.traces.get("features")
    if own is None or len(own) < 2:
        return {}
    against = {"portraits": whole.traces["features"]}
    if generated is not None:
        against["generated faces"] = generated
    return {"method": of.method.name} | {
        f"against {name}": {
            "FID": frechet_distance(own, other),
            "KID": kernel_distance(own, other),
            "n": [len(own), len(other)],
        }
        for name, other in against.items()
        if len(other) > 1
    }


def adaptive(made: Sequence[Avatars], whole: Population, members: Sequence[Verifier]) -> dict[str, Any]:
    """Attackers (b), who learns how avatars differ from originals, and (c), who looks for the photo and not for the person."""
    of = made[-1]
    people = whole.people[of.cases]
    out: dict[str, Any] = {"method": of.method.name}
    learnt: dict[str, Any] = {}
    for member in members:
        rows = of.embeddings[member.name, CLEAN]
        seen = np.isfinite(rows).all(1)
        if len(set(people[seen])) < FEWEST_PEOPLE:
            continue
        attack = linear_map_attack(
            member.metric, rows[seen], whole.embeddings[member.name][of.cases[seen]], people[seen], SPLITS
        )
        splits = len(attack.with_map)
        whose = np.tile(people[seen], splits)
        learnt[member.name] = {
            "rank-1 without the map": asdict(share_interval((attack.without_map == 1).ravel(), whose)),
            "rank-1 with it": asdict(share_interval((attack.with_map == 1).ravel(), whose)),
            "by chance": float(np.mean(1 / attack.gallery)),
            "people": len(set(people[seen])),
        }
    out["linear map"] = learnt
    out["photos to find"] = len(whole.cases)
    for trace, label in (("hash", "perceptual hash"), ("features", "deep features")):
        for suffix, where in (("", "whole picture"), (" / person", "without background")):
            if trace + suffix not in of.traces:
                continue
            rank = (hash_ranks if trace == "hash" else feature_ranks)(
                of.traces[trace + suffix], whole.traces[trace + suffix], of.cases
            )
            out[f"{label}, {where}"] = asdict(share_interval(rank == 1, people))
    return out


def borders(made: Sequence[Avatars]) -> dict[str, int] | None:
    """Of the methods that walk a path: how often its end was taken for the person at all, and a border was there."""
    about = [one for of in made for one in of.about if "reached" in one]
    if not about:
        return None
    return {
        "of": len(about),
        "the end is the person": sum(one["reached"] for one in about),
        "border": sum(one["border"] is not None for one in about),
    }


def table(
    rows: Mapping[str, Sequence[Avatars]],
    whole: Population,
    members: Sequence[Verifier],
    trials_of: Callable[[Avatars], Iterable[Trial]],
    generated: NDArray[np.float32] | None = None,
) -> dict[str, Any]:
    """Row → everything that was measured of it."""
    thresholds = limits(members)
    out: dict[str, Any] = {}
    for row, ofs in rows.items():
        found = [trial for of in ofs for trial in trials_of(of)]
        by_split: dict[str, Any] = {}
        for split, held in (("searched", False), ("held out", True)):
            chosen = [t for t in found if t.held_out is held]
            by_split[split] = {v.name: recognition([t for t in chosen if t.view == v.name], thresholds) for v in VIEWS}
            linked = linkability(ofs, whole, members, held)
            by_split[split]["avatar ↔ avatar of two pictures at FAR 1e-3"] = asdict(linked) if linked else None
        clean = [t for t in found if t.view == CLEAN]
        by_verifier = {
            m.name: {
                split: recognition([t for t in clean if t.verifier == m.name and t.held_out is held], thresholds)
                for split, held in (("searched", False), ("held out", True))
            }
            for m in members
        }
        out[row] = {
            "methods": [of.method.name for of in ofs],
            "found": {"of": sum(of.tried for of in ofs), "avatars": sum(len(of.cases) for of in ofs)},
            "seconds, median": float(np.median(np.concatenate([of.seconds for of in ofs]))),
            "needs the shared projection": ofs[0].method.projects,
            "borders": borders(ofs),
            **by_split,
            "by verifier": by_verifier,
            "worst held-out verifier": {rate: worst(by_verifier, rate) for rate in WORST},
            "likeness": likeness(ofs, whole),
            "realism": realism(ofs, whole, generated),
            "adaptive attackers": adaptive(ofs, whole, members) if len(whole.cases) > 1 else {},
        }
    return out
