"""The table: what every method costs in likeness and gives in protection, each figure with its interval and its n."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from doppelganger.evaluation.attacks import FEWEST_PEOPLE, feature_ranks, hash_ranks, linear_map_attack
from doppelganger.evaluation.gather import Avatars, Population, Trial
from doppelganger.evaluation.metrics import Interval, distances, median_interval, share_interval
from doppelganger.evaluation.realism import frechet_distance, kernel_distance
from doppelganger.evaluation.survival import CLEAN, VIEWS
from doppelganger.verifiers.protocol import OperatingPoint, Verifier
from doppelganger.verifiers.thresholds import calibration

FARS = ("1e-3", "1e-4")
SIGNED = ("age difference (years)", "skin smoothness (dB)", "symmetry (eye distances)")
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
    made: Sequence[Avatars], whole: Population, members: Sequence[Verifier], shorts: Sequence[str], held_out: bool
) -> Interval | None:
    """Share of avatar ↔ avatar pairs, of two pictures of one person, that are taken for one person at FAR 1e-3."""
    people, thresholds = whole.people, limits(members)
    hits, whose = [], []
    for of in made:
        for short, member in zip(shorts, members, strict=True):
            if (short not in of.method.searched) != held_out:
                continue
            rows = of.embeddings[member.name, CLEAN]
            for i, j in combinations(range(len(rows)), 2):
                if people[of.cases[i]] == people[of.cases[j]] and np.isfinite(rows[[i, j]]).all():
                    apart = distances(member.metric, rows[i : i + 1], rows[j : j + 1])[0, 0]
                    hits.append(apart <= thresholds[member.name]["FAR 1e-3"])
                    whose.append(people[of.cases[i]])
    return share_interval(hits, whose) if hits else None


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
            if name == "sex agrees":
                out[name] = {"share": asdict(share_interval(np.array(values) > 0.5, whose)), "lost": lost}
        else:
            out[name] = {"median": None, "lost": lost}
    return out


def realism(made: Sequence[Avatars], whole: Population, generated: NDArray[np.float32] | None) -> dict[str, Any]:
    """FID and KID of one avatar a portrait, against generated faces and against the portraits."""
    of = max(made, key=lambda one: len(one.cases))
    own = of.traces.get("features")
    if own is None or len(own) < 2:
        return {}
    against = {"portraits": whole.traces["features"]}
    if generated is not None:
        against["generated faces"] = generated
    return {
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
            member.metric, rows[seen], whole.embeddings[member.name][of.cases[seen]], people[seen]
        )
        learnt[member.name] = {
            "rank-1 without the map": float(np.mean(attack.without_map == 1)),
            "rank-1 with it": float(np.mean(attack.with_map == 1)),
            "by chance": float(np.mean(1 / attack.gallery)),
            "people": len(set(people[seen])),
        }
    out["linear map"] = learnt
    for trace, label in (("hash", "perceptual hash"), ("features", "deep features")):
        for suffix, where in (("", "whole picture"), (" / person", "without background")):
            if trace + suffix not in of.traces:
                continue
            rank = (hash_ranks if trace == "hash" else feature_ranks)(
                of.traces[trace + suffix], whole.traces[trace + suffix], of.cases
            )
            out[f"{label}, {where}"] = asdict(share_interval(rank == 1, people))
    return out


def table(
    rows: Mapping[str, Sequence[Avatars]],
    whole: Population,
    members: Sequence[Verifier],
    shorts: Sequence[str],
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
            linked = linkability(ofs, whole, members, shorts, held)
            by_split[split]["avatar ↔ avatar of two pictures at FAR 1e-3"] = asdict(linked) if linked else None
        clean = [t for t in found if t.view == CLEAN]
        out[row] = {
            "methods": [of.method.name for of in ofs],
            "found": {"of": sum(of.tried for of in ofs), "avatars": sum(len(of.cases) for of in ofs)},
            "seconds, median": float(np.median(np.concatenate([of.seconds for of in ofs]))),
            **by_split,
            "by verifier": {
                m.name: {
                    split: recognition([t for t in clean if t.verifier == m.name and t.held_out is held], thresholds)
                    for split, held in (("searched", False), ("held out", True))
                }
                for m in members
            },
            "likeness": likeness(ofs, whole),
            "realism": realism(ofs, whole, generated),
            "adaptive attackers": adaptive(ofs, whole, members) if len(whole.cases) > 1 else {},
        }
    return out
