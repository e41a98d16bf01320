"""An evaluation's folder: what is there already, what is missing, and the engine that makes it.

    OUT/bank/00000.safetensors …            generated faces
    OUT/cases/<case>/case.json              whose portrait this is
    OUT/cases/<case>/portrait.png, <method>.png, .json, .measured

Each file is written whole, and a method is done when its ``.json`` is there and holds no failure that may pass: a run that was
killed anywhere goes on.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from doppelganger.errors import ImageError, OutputError
from doppelganger.evaluation.bank import CHUNK
from doppelganger.evaluation.baselines import k_same_groups
from doppelganger.evaluation.engine import Engine
from doppelganger.evaluation.methods import ClosestMatch, KSame, Method, digest_of
from doppelganger.evaluation.people import Portrait
from doppelganger.evaluation.work import (
    AGAIN,
    BAD,
    PORTRAIT,
    PROJECTION,
    SEARCHED_BACK,
    AttackTask,
    BankTask,
    Blob,
    CaseTask,
    Plan,
    Task,
)
from doppelganger.images import MAX_BYTES, write_atomically
from doppelganger.progress import Event, Progress
from doppelganger.settings import Settings

STRANGERS = 200
"""Generated faces beyond the bank's, of which no avatar is made: distractors, and the measure of realism."""
K_SAME_BLOCK = 1000
"""People among whom k-same looks for a group: its search is quadratic."""


@dataclass(frozen=True)
class Case:
    """One portrait's folder."""

    person: str
    picture: str
    """File name of the portrait."""
    folder: str
    digest: str


def cases_of(portraits: Sequence[Portrait]) -> dict[Path, Case]:
    """File → case. Raises ImageError for a file that is too large to be a picture."""
    out = {}
    for portrait in portraits:
        if portrait.path.stat().st_size > MAX_BYTES:
            raise ImageError(f"{portrait.path} is larger than {MAX_BYTES // 1_000_000} MB; save a smaller copy.")
        with portrait.path.open("rb") as file:
            out[portrait.path] = case_of(portrait, hashlib.file_digest(file, "sha256").hexdigest())
    return out


def case_of(portrait: Portrait, digest: str) -> Case:
    """The case of a picture: named after the file, and after its SHA-256, so that another picture never takes its place."""
    parts = [portrait.person] if portrait.person == portrait.path.stem else [portrait.person, portrait.path.stem]
    name = re.sub(r"[^\w.-]+", "-", "-".join(parts)).strip("-.")[:60]
    return Case(portrait.person, portrait.path.name, f"{name}-{digest[:8]}", digest)


class EvaluationFolder:
    """The folder of a run. Raises OutputError where it was made for other settings."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.cases = root / "cases"
        described = repr((settings.seed, settings.projection, settings.nearest))
        at = root / "settings.json"
        if at.exists() and json.loads(at.read_text("utf-8"))["settings"] != described:
            raise OutputError(f"{root} holds an evaluation with other settings; give another folder with --out.")
        if not at.exists():
            write_atomically(at, json.dumps({"settings": described}).encode())

    def of(self, task: Task) -> Path:
        """Where a task's files lie."""
        return self.root / "bank" if isinstance(task, BankTask) else self.cases / task.folder

    def keep(self, task: Task, blob: Blob) -> None:
        """Write one file."""
        write_atomically(self.of(task) / blob.name, blob.data)

    def known(self) -> list[Case]:
        """The cases that were begun, in the order of their folders."""
        return [Case(**json.loads(at.read_text("utf-8"))) for at in sorted(self.cases.glob("*/case.json"))]

    def begin(self, case: Case) -> None:
        """Make the case's folder."""
        at = self.cases / case.folder / "case.json"
        if not at.exists():
            write_atomically(at, json.dumps(asdict(case), ensure_ascii=False).encode())

    def bank(self, faces: int, first: int = 0) -> tuple[bytes, ...]:
        """Chunks that hold ``faces`` of the bank from the ``first`` on, as far as they are there."""
        numbers = range(-(-first // CHUNK), -(-(first + faces) // CHUNK))
        at = [self.root / "bank" / f"{k:05}.safetensors" for k in numbers]
        return tuple(path.read_bytes() for path in at if path.exists())

    def missing_bank(self, faces: int) -> list[BankTask]:
        """Tasks for the chunks that are not there."""
        numbers = range(-(-faces // CHUNK))
        return [BankTask(k) for k in numbers if not (self.root / "bank" / f"{k:05}.safetensors").exists()]

    def task(
        self, case: Case, path: Path, methods: Sequence[Method], average: NDArray[np.float32] | None = None
    ) -> CaseTask | None:
        """What this case still wants; None when it wants nothing, or its picture is of no use."""
        at = self.cases / case.folder
        names = {p.name for p in at.iterdir()} if at.is_dir() else set()
        if BAD in names:
            return None
        wanted = [m for m in methods if not self._done(m, names, at, average)]
        if not wanted and f"{PORTRAIT}.measured" in names:
            return None
        for method in wanted:
            if not self._made(method, names, at, average):  # what is left of an earlier try is made anew
                names -= {f"{method.name}{end}" for end in (".json", ".png", ".measured")}
        needed = [PROJECTION, *(f"{m.name}.png" for m in wanted)]
        have = dict.fromkeys(names, b"") | {n: (at / n).read_bytes() for n in needed if n in names}
        return CaseTask(case.folder, case.picture, path.read_bytes(), tuple(wanted), have, average)

    @classmethod
    def _done(cls, method: Method, names: set[str], at: Path, average: NDArray[np.float32] | None) -> bool:
        measured = f"{method.name}.measured" in names or f"{method.name}.png" not in names
        return measured and cls._made(method, names, at, average)

    @staticmethod
    def _made(method: Method, names: set[str], at: Path, average: NDArray[np.float32] | None) -> bool:
        """There, of this average if of any, and no failure that may pass."""
        if f"{method.name}.json" not in names:
            return False
        about = json.loads((at / f"{method.name}.json").read_text("utf-8"))
        return not about.get(AGAIN, False) and (average is None or about.get("average") == digest_of(average))

    def attacks(self, method: str, cases: Sequence[Case], suspects: Sequence[str]) -> Iterator[AttackTask]:
        """Tasks for the avatars of a method that were not searched back toward these ``suspects`` (their folders) yet."""
        for case in cases:
            at = self.cases / case.folder
            done = at / f"{method}{SEARCHED_BACK}"
            if done.exists() and json.loads(done.read_text("utf-8")).get("gallery") == list(suspects):
                continue
            if (picture := at / f"{method}.png").exists():
                yield AttackTask(case.folder, method, picture.read_bytes(), tuple(suspects))

    def closest(self, case: Case) -> NDArray[np.float32] | None:
        """The closest match's w+ [rows, 512], once it was projected."""
        at = self.cases / case.folder / PROJECTION
        if not at.exists():
            return None
        with safe_open(at, "numpy") as file:
            path = file.get_slice("path")
            last = path.get_shape()[0] - 1
            rows: NDArray[np.float32] = path[last : last + 1][0]
        return rows


def run(
    portraits: Mapping[Path, Case],
    folder: EvaluationFolder,
    methods: Sequence[Method],
    engine: Engine,
    settings: Settings,
    bank_faces: int,
    progress: Progress,
    device: str = "auto",
) -> None:
    """Make and measure everything that is not there yet."""
    missing = folder.missing_bank(bank_faces + STRANGERS if bank_faces else 0)
    do(engine, Plan(settings, device=device), missing, folder, progress, "bank", len(missing))
    plan = Plan(settings, folder.bank(bank_faces), device=device)
    alone = [m for m in methods if not isinstance(m, KSame)]
    if len(alone) < len(methods) and not any(m.projects for m in alone):
        alone.append(ClosestMatch())  # the averages are of projections
    do(engine, plan, _tasks(portraits, folder, alone), folder, progress, "cases", len(portraits))
    for method in methods:
        if isinstance(method, KSame):
            averages = k_same_averages(folder, list(portraits.values()), method.k)
            do(engine, plan, _tasks(portraits, folder, [method], averages), folder, progress, "k-same", len(portraits))


def _tasks(
    portraits: Mapping[Path, Case],
    folder: EvaluationFolder,
    methods: Sequence[Method],
    averages: Mapping[str, NDArray[np.float32]] | None = None,
) -> Iterator[Task]:
    """One task a portrait that wants something; its file is read when its turn comes. ``averages``: by case's folder; a
    case without one is passed over."""
    for path, case in portraits.items():
        folder.begin(case)
        average = None if averages is None else averages.get(case.folder)
        if averages is not None and average is None:
            continue  # the picture was of no use
        if (task := folder.task(case, path, methods, average)) is not None:
            yield task


def do(
    engine: Engine,
    plan: Plan,
    tasks: Iterable[Task],
    folder: EvaluationFolder,
    progress: Progress,
    stage: str,
    total: int,
) -> None:
    """Have the engine do the tasks, and keep what comes back."""
    done = 0
    for task, blob in engine.run(plan, tasks):
        if blob is not None:
            folder.keep(task, blob)
        else:
            done += 1
            progress(Event(stage, done, total))
    progress(Event(stage, total, total))


def k_same_averages(folder: EvaluationFolder, cases: Sequence[Case], k: int) -> dict[str, NDArray[np.float32]]:
    """Case's folder → the average of its group of people, each of whom counts by the mean of their pictures.

    Groups are made among a thousand neighbours in the cases' order.
    """
    people: dict[str, list[Case]] = {}
    for case in cases:
        people.setdefault(case.person, []).append(case)
    latents = {
        person: np.mean(found, 0)
        for person, own in people.items()
        if (found := [w for case in own if (w := folder.closest(case)) is not None])
    }
    names = list(latents)
    out: dict[str, NDArray[np.float32]] = {}
    for start in range(0, len(names), K_SAME_BLOCK):
        block = names[start : start + K_SAME_BLOCK]
        rows = np.stack([latents[person] for person in block])
        for group in k_same_groups(rows, k):
            average = rows[group].mean(0)
            out |= {case.folder: average for i in group for case in people[block[i]]}
    return out
