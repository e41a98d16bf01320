"""Attacker (a) on a whole folder: one portrait of each person is a suspect, and every avatar of a method is searched back."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from doppelganger.evaluation.engine import Engine
from doppelganger.evaluation.gather import Population, population
from doppelganger.evaluation.inversion import SearchedBack, rank_of
from doppelganger.evaluation.metrics import share_interval
from doppelganger.evaluation.run import EvaluationFolder, do
from doppelganger.evaluation.work import SEARCHED_BACK, Plan
from doppelganger.progress import Progress
from doppelganger.settings import Settings


def attack_back(
    folder: EvaluationFolder,
    method: str,
    cases: Sequence[str],
    engine: Engine,
    settings: Settings,
    progress: Progress,
    device: str = "auto",
) -> None:
    """Attacker (a) on every avatar of a method among the ``cases`` (folders' names) that was not attacked yet."""
    whole = population(folder, cases)
    suspects = first_of_each(whole)
    plan = Plan(settings, (), {name: rows[suspects] for name, rows in whole.embeddings.items()}, device)
    tasks = folder.attacks(method, whole.cases, [whole.cases[k].folder for k in suspects])
    do(engine, plan, tasks, folder, progress, "attack", len(whole.cases))


def searched_back(folder: EvaluationFolder, whole: Population, method: str) -> dict[str, Any]:
    """What attacker (a) found on one method's avatars: rank-1 before and after searching back."""
    suspects = first_of_each(whole)
    number = {whole.cases[k].person: place for place, k in enumerate(suspects)}
    before, after, people = [], [], []
    for case in whole.cases:
        at = folder.cases / case.folder / f"{method}{SEARCHED_BACK}"
        if not at.exists():
            continue
        found = json.loads(at.read_text("utf-8"))
        if "error" in found or found["gallery"] != [whole.cases[k].folder for k in suspects]:
            continue
        ranks = rank_of(number[case.person], SearchedBack(found["suspects"], found["before"], found["after"]))
        before.append(ranks[0])
        after.append(ranks[1])
        people.append(case.person)
    if not people:
        return {}
    return {
        "method": method,
        "rank-1, all verifiers together": asdict(share_interval(np.array(before) == 1, people)),
        "rank-1 after searching back": asdict(share_interval(np.array(after) == 1, people)),
        "gallery": len(suspects),
    }


def first_of_each(whole: Population) -> list[int]:
    """The index of one portrait of each person: the suspects of attacker (a)."""
    seen: dict[str, int] = {}
    for k, case in enumerate(whole.cases):
        seen.setdefault(case.person, k)
    return list(seen.values())
