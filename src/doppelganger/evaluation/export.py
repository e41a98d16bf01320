"""The results as files: JSON for programs, CSV and Parquet for statisticians, the front as a picture, a page for people."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from doppelganger.evaluation.front import Point, draw, records
from doppelganger.evaluation.gather import NEVER, Avatars, Population, Trial
from doppelganger.images import write_atomically

TRIAL_COLUMNS = tuple(f.name for f in fields(Trial))


def plain(value: Any) -> Any:
    """For JSON, which knows no NaN and no infinity: those become null."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def write_json(path: Path, value: Any) -> None:
    """Readable, with the letters as they are."""
    write_atomically(path, (json.dumps(plain(value), indent=1, ensure_ascii=False) + "\n").encode())


def write_records(stem: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """The same rows as ``stem``.csv and ``stem``.parquet."""
    import pyarrow
    from pyarrow import parquet

    if not rows:
        return
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(stem.with_suffix(".csv"), text.getvalue().encode())
    buffer = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist([dict(row) for row in rows]), buffer)
    write_atomically(stem.with_suffix(".parquet"), buffer.getvalue())


def trial_records(trials: Iterable[Trial]) -> list[dict[str, Any]]:
    """One row a trial; other pictures' distances are joined by spaces, a face that was never found has no rank."""
    out = []
    for trial in trials:
        row = asdict(trial)
        row["other_pictures"] = " ".join(f"{d:.4f}" for d in trial.other_pictures)
        for rank in ("rank", "rank_among_distractors"):
            row[rank] = None if row[rank] >= NEVER else row[rank]
        out.append(row)
    return out


def likeness_records(made: Iterable[Avatars], whole: Population) -> list[dict[str, Any]]:
    """One row for every avatar and measure."""
    return [
        {
            "row": of.method.row,
            "method": of.method.name,
            "person": whole.cases[case].person,
            "case": whole.cases[case].folder,
            "measure": measure,
            "value": value,
        }
        for of in made
        for case, measures in zip(of.cases, of.likeness, strict=True)
        for measure, value in measures.items()
    ]


def write_front(folder: Path, found: Sequence[Point], caption: str) -> None:
    """front.svg, .png, .json, .csv and .parquet."""
    for form, data in draw(found, caption).items():
        write_atomically(folder / f"front.{form}", data)
    write_json(folder / "front.json", records(found))
    write_records(folder / "front", records(found))
