"""From an evaluation's folder to its report: everything that is there is gathered, counted, written and shown."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save

from doppelganger import __version__
from doppelganger.errors import FaceError
from doppelganger.evaluation.bank import Bank
from doppelganger.evaluation.export import (
    likeness_records,
    plain,
    trial_records,
    write_front,
    write_json,
    write_records,
)
from doppelganger.evaluation.front import points
from doppelganger.evaluation.gather import Avatars, Population, Trial, avatars, population, trials
from doppelganger.evaluation.inception import InceptionFeatures
from doppelganger.evaluation.methods import Method, rows_of
from doppelganger.evaluation.run import STRANGERS, EvaluationFolder
from doppelganger.evaluation.survival import CLEAN, REQUIRED, VIEWS
from doppelganger.evaluation.suspects import searched_back
from doppelganger.evaluation.table import limits, strangers, table
from doppelganger.evaluation.work import PROJECTION
from doppelganger.images import write_atomically
from doppelganger.report.templates import template
from doppelganger.verifiers.protocol import Verifier
from doppelganger.weights import Store

HERE = Path(__file__).parent


def strangers_features(folder: EvaluationFolder, faces: int, store: Store) -> NDArray[np.float32] | None:
    """Inception's features of the generated strangers, [M, 2048]; computed once and kept."""
    chunks = folder.bank(STRANGERS, faces)
    if not chunks:
        return None
    at = folder.root / "bank" / f"features-from-{faces}.safetensors"
    if at.exists() and len(kept := load_file(at)["features"]) == len(Bank.of_chunks(list(chunks))):
        return kept
    features = InceptionFeatures(store).features(Bank.of_chunks(list(chunks)).pictures)
    write_atomically(at, save({"features": features}))
    return features


def report(
    folder: EvaluationFolder,
    methods: Sequence[Method],
    members: Sequence[Verifier],
    bank_faces: int,
    attacked: str | None,
    store: Store,
    only: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Write everything into the evaluation's folder; returns what evaluation.json holds.

    Raises FaceError when not one picture of the folder could be used.
    """
    whole = population(folder, only, bank_faces)
    if not whole.cases:
        reasons = "; ".join(f"{name}: {why}" for name, why in whole.unusable.items())
        raise FaceError(f"No picture of the folder could be used. {reasons}")
    made = [one for method in methods if (one := avatars(folder, whole, method)) is not None]
    by_name = {one.method.name: one for one in made}
    kept: dict[str, list[Trial]] = {}

    def trials_of(of: Avatars) -> list[Trial]:
        if of.method.name not in kept:
            kept[of.method.name] = list(trials(of, whole, members))
        return kept[of.method.name]

    generated = strangers_features(folder, bank_faces, store) if bank_faces else None
    in_rows = {row: [by_name[m.name] for m in of] for row, of in rows_of([one.method for one in made]).items()}
    rows = table(in_rows, whole, members, trials_of, generated)
    projections = [_projection_seconds(folder, case.folder) for case in whole.cases]
    known = [s for s in projections if s is not None]
    out: dict[str, Any] = {
        "version": __version__,
        "portraits": len(whole.cases),
        "people": len(set(whole.people)),
        "unusable": whole.unusable,
        "distractors": {name: len(e) for name, e in whole.distractors.items()},
        "thresholds": limits(members),
        "strangers of this folder taken for one person": strangers(whole, members),
        "views": [view.name for view in VIEWS],
        "seconds of the shared projection, median": float(np.median(known)) if known else None,
        "searched back": searched_back(folder, whole, attacked) if attacked else {},
        "rows": rows,
    }
    write_json(folder.root / "evaluation.json", out)
    write_records(folder.root / "trials", trial_records(t for of in made for t in trials_of(of)))
    write_records(folder.root / "likeness", likeness_records(made, whole))
    caption = f"{out['portraits']} portraits of {out['people']} people; bars: 95 % intervals over people."
    write_front(folder.root, points(rows), caption)
    page = render(plain(out), whole, made)
    write_atomically(folder.root / "index.html", page.encode())
    return out


def _projection_seconds(folder: EvaluationFolder, case: str) -> float | None:
    at = folder.cases / case / PROJECTION
    return float(load_file(at)["seconds"]) if at.exists() else None


def render(result: dict[str, Any], whole: Population, made: Sequence[Avatars]) -> str:
    """The page: a single HTML file beside the pictures that it shows."""
    shown = [of for k, of in enumerate(made) if of.method.row not in {o.method.row for o in made[:k]}]
    return template(HERE / "page.html.j2").render(
        result=result,
        cases=whole.cases,
        shown=shown,
        made_of={of.method.name: {whole.cases[k].folder for k in of.cases} for of in shown},
        clean=CLEAN,
        required=REQUIRED,
    )
