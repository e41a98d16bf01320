"""From an evaluation's folder to trials: one row for every avatar, verifier and view, with its distance and its rank.

All that the table says of recognisers is counted from these rows, and they are what is written as CSV and Parquet.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import load_file

from doppelganger.evaluation.bank import Bank
from doppelganger.evaluation.methods import Method
from doppelganger.evaluation.metrics import TIE, distance_blocks
from doppelganger.evaluation.run import STRANGERS, Case, EvaluationFolder
from doppelganger.evaluation.survival import VIEWS
from doppelganger.evaluation.work import BAD, PORTRAIT
from doppelganger.verifiers.panel import VERIFIERS
from doppelganger.verifiers.protocol import Verifier

TRACES = ("hash", "hash / person", "features", "features / person")


@dataclass(frozen=True)
class Population:
    """The portraits that could be used: who they are of, and what was measured on them."""

    cases: tuple[Case, ...]
    embeddings: dict[str, NDArray[np.float32]]
    """Verifier → [N, D] of the photos' faces: the gallery."""
    traces: dict[str, NDArray[Any]]
    """Of the aligned portraits, see `measuring.Measurer.traces`; [N, …]."""
    unusable: dict[str, str]
    """Person/file name → why."""
    distractors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """Verifier → [M, D] of generated faces."""

    @property
    def people(self) -> NDArray[np.str_]:
        """Whose each portrait is, [N]."""
        return np.array([case.person for case in self.cases])


@dataclass(frozen=True)
class Avatars:
    """What one method made of the population."""

    method: Method
    cases: NDArray[np.int64]
    """Which portraits it made an avatar of, indices [n]; the others it tried in vain."""
    tried: int
    embeddings: dict[tuple[str, str], NDArray[np.float32]]
    """(verifier, view) → [n, D]; NaN where no face was found."""
    likeness: list[dict[str, float]]
    traces: dict[str, NDArray[Any]]
    about: list[dict[str, Any]]
    """What the method said of each portrait it tried."""
    seconds: NDArray[np.float64]
    """That it took for each portrait it tried, without the shared projection."""


def population(folder: EvaluationFolder, only: Sequence[str] | None = None, bank_faces: int = 0) -> Population:
    """Read what is there of the portraits; ``only``: the folders of the cases that are meant. The distractors are the
    generated faces beyond the bank's, of which no avatar was made."""
    meant = None if only is None else set(only)
    cases, rows, unusable = [], [], {}
    for case in folder.known():
        at = folder.cases / case.folder
        if meant is not None and case.folder not in meant:
            continue
        if (bad := at / BAD).exists():
            unusable[f"{case.person}/{case.picture}"] = json.loads(bad.read_text("utf-8"))["error"]
        elif (measured := at / f"{PORTRAIT}.measured").exists():
            cases.append(case)
            rows.append(load_file(measured))
    names = sorted(k.removeprefix("embedding ") for k in rows[0] if k.startswith("embedding ")) if rows else []
    chunks = folder.bank(STRANGERS, bank_faces) if bank_faces else ()
    strangers: dict[str, NDArray[np.float32]] = {}
    if chunks:
        bank = Bank.of_chunks(list(chunks))
        strangers = {name: e[np.isfinite(e).all(1)] for name, e in bank.embeddings.items()}
    return Population(
        tuple(cases),
        {name: np.stack([row[f"embedding {name}"] for row in rows]) for name in names},
        {trace: np.stack([row[trace] for row in rows]) for trace in TRACES} if rows else {},
        unusable,
        strangers,
    )


def avatars(folder: EvaluationFolder, whole: Population, method: Method) -> Avatars | None:
    """What a method made; None where nothing of it is there."""
    cases, likeness, said = [], [], []
    found: list[Mapping[str, NDArray[Any]]] = []
    tried = 0
    for k, case in enumerate(whole.cases):
        at = folder.cases / case.folder
        if not (about := at / f"{method.name}.json").exists():
            continue
        tried += 1
        said.append(json.loads(about.read_text("utf-8")))
        if not (measured := at / f"{method.name}.measured").exists():
            continue
        cases.append(k)
        found.append(load_file(measured))
        with safe_open(measured, "numpy") as file:
            likeness.append(json.loads(file.metadata()["likeness"]))
    if not tried:
        return None
    width = {name: rows.shape[1] for name, rows in whole.embeddings.items()}
    return Avatars(
        method,
        np.array(cases, np.int64),
        tried,
        {
            (name, view.name): _rows([f.get(f"embedding {name} / {view.name}") for f in found], width[name])
            for name in width
            for view in VIEWS
        },
        likeness,
        {trace: np.stack([f[trace] for f in found]) for trace in TRACES} if found else {},
        said,
        np.array([float(one["seconds"]) for one in said]),
    )


def _rows(embeddings: list[NDArray[np.float32] | None], width: int) -> NDArray[np.float32]:
    return np.array([np.full(width, np.nan, np.float32) if e is None else e for e in embeddings], np.float32).reshape(
        -1, width
    )


@dataclass(frozen=True)
class Trial:
    """One avatar before one verifier under one view. Distances are infinite where no face was found."""

    row: str
    method: str
    person: str
    case: str
    verifier: str
    held_out: bool
    view: str
    distance: float
    """To the photo it was made from."""
    rank: int
    """Of the person among the gallery's people, 1 the nearest: all pictures of the person count as hits."""
    rank_among_distractors: int
    """The same with generated strangers in the gallery as well. They share the avatars' generator, so they stand nearer to
    them than photographs of strangers do: this flatters."""
    other_pictures: tuple[float, ...]
    """Distances to the person's other pictures."""
    nearest_other: float
    """Distance to the nearest picture of somebody else: the bystander."""


NEVER = 1 << 62
"""The rank of a person in whose avatar no face is found."""


def trials(made: Avatars, whole: Population, members: Sequence[Verifier]) -> Iterator[Trial]:
    """Every trial of one method, by the panel's ``members`` (in its order)."""
    people = whole.people
    order = np.argsort(people, kind="stable")
    names, starts = np.unique(people[order], return_index=True)
    code = np.searchsorted(names, people)
    for short, member in zip(VERIFIERS, members, strict=True):
        gallery = whole.embeddings[member.name]
        strangers = whole.distractors.get(member.name)
        for view in VIEWS:
            rows = made.embeddings[member.name, view.name]
            seen = np.flatnonzero(np.isfinite(rows).all(1))
            about = {"row": made.method.row, "method": made.method.name, "verifier": member.name, "view": view.name}
            found: dict[int, dict[str, Any]] = {}
            for part, table in distance_blocks(member.metric, rows[seen], gallery):
                by_person = np.minimum.reduceat(table[:, order], starts, axis=1)  # [p, people]
                for k, i in enumerate(seen[part]):
                    case = int(made.cases[i])
                    mine = by_person[k, code[case]]
                    others = np.delete(by_person[k], code[case])
                    same = np.flatnonzero((code == code[case]) & (np.arange(len(code)) != case))
                    found[int(i)] = {
                        "distance": float(table[k, case]),
                        "own": float(mine),
                        "rank": 1 + int((others < mine - TIE * max(1.0, mine)).sum()),
                        "other_pictures": tuple(float(x) for x in table[k, same]),
                        "nearest_other": float(others.min()) if len(others) else np.inf,
                    }
            if strangers is not None:
                for part, table in distance_blocks(member.metric, rows[seen], strangers):
                    for k, i in enumerate(seen[part]):
                        own = found[int(i)]["own"]
                        found[int(i)]["strangers"] = int((table[k] < own - TIE * max(1.0, own)).sum())
            for i, case in enumerate(made.cases):
                got = found.get(i)
                others_of = int((code == code[case]).sum()) - 1
                yield Trial(
                    **about,
                    person=str(people[case]),
                    case=whole.cases[case].folder,
                    held_out=short not in made.method.searched,
                    distance=np.inf if got is None else got["distance"],
                    rank=NEVER if got is None else got["rank"],
                    rank_among_distractors=NEVER if got is None else got["rank"] + got.get("strangers", 0),
                    other_pictures=(np.inf,) * others_of if got is None else got["other_pictures"],
                    nearest_other=np.inf if got is None else got["nearest_other"],
                )
