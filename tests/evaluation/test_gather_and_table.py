"""Trials and rates, counted by hand on an evaluation's folder made of numbers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from doppelganger.errors import OutputError
from doppelganger.evaluation.bank import CHUNK, Bank
from doppelganger.evaluation.export import plain, trial_records, write_front, write_records
from doppelganger.evaluation.front import points
from doppelganger.evaluation.gather import NEVER, avatars, population, trials
from doppelganger.evaluation.measuring import LPIPS_ALEX, SUMMARY
from doppelganger.evaluation.methods import MARGINS, BlackBar, Pixelation, all_methods, quick_methods, rows_of
from doppelganger.evaluation.run import Case, EvaluationFolder, k_same_averages
from doppelganger.evaluation.survival import CLEAN, VIEWS
from doppelganger.evaluation.table import limits, table
from doppelganger.evaluation.work import BAD, PROJECTION, BankTask, Blob, write_projection
from doppelganger.projection import Projection
from doppelganger.settings import Settings
from doppelganger.verifiers.panel import VERIFIERS, verifiers
from doppelganger.verifiers.protocol import Verifier
from doppelganger.weights import Store

ANGLES = {"ann": 0.0, "bob": 90.0, "cid": 180.0}
"""Embeddings lie on a circle: the photo of each person by its angle in degrees."""


def at(degrees: float, length: float = 1.0) -> np.ndarray:
    return length * np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], np.float32)


@dataclass
class Folder:
    """Writes what a worker would."""

    results: EvaluationFolder
    members: list[Verifier]

    def person(self, name: str, picture: str, degrees: float) -> Path:
        case = Case(name, picture, f"{name}-{picture}", "0" * 64)
        self.results.begin(case)
        folder = self.results.cases / case.folder
        self.measured(folder / "portrait.measured", {"": degrees})
        return folder

    def measured(self, path: Path, angles: dict[str, float | None], likeness: dict[str, float] | None = None) -> None:
        tensors: dict[str, np.ndarray] = {
            "hash": np.zeros(64, bool),
            "hash / person": np.zeros(64, bool),
            "features": np.random.default_rng(3).normal(size=8).astype(np.float32),
            "features / person": np.ones(8, np.float32),
        }
        for view, degrees in angles.items():
            for member in self.members:
                if degrees is not None:
                    tensors[f"embedding {member.name}{f' / {view}' if view else ''}"] = at(degrees)
        path.write_bytes(save(tensors, {"likeness": json.dumps(likeness or {})}))

    def avatar(self, folder: Path, method: str, angles: dict[str, float | None], lpips: float) -> None:
        self.measured(folder / f"{method}.measured", angles, {LPIPS_ALEX: lpips, SUMMARY: 1 - lpips, "sex agrees": 1.0})
        (folder / f"{method}.json").write_text(json.dumps({"seconds": 2.0, "found": True}))


@pytest.fixture
def folder(tmp_path: Path, store: Store) -> Iterator[Folder]:
    yield Folder(EvaluationFolder(tmp_path / "results", Settings()), verifiers(store))


def views(clean: float | None, worn: float | None) -> dict[str, float | None]:
    return {view.name: clean if view.name == CLEAN else worn for view in VIEWS}


def test_rates_and_ranks_by_hand(folder: Folder) -> None:
    bar = BlackBar()
    # Ann's avatar stays hers, Bob's is nearer to Cid, Cid's shows no face; worn, Ann's is nobody's any more
    for name, (clean, worn) in {"ann": (1.0, 75.0), "bob": (170.0, 170.0), "cid": (None, None)}.items():
        case = folder.person(name, "1.png", ANGLES[name])
        folder.avatar(case, bar.name, views(clean, worn), 0.2)
    whole = population(folder.results)
    made = avatars(folder.results, whole, bar)
    assert made is not None and made.tried == 3
    found = {(t.person, t.view): t for t in trials(made, whole, folder.members) if t.verifier == "SFace"}
    ann, bob, cid = (found[name, CLEAN] for name in ("ann", "bob", "cid"))
    assert ann.distance == pytest.approx(1 - np.cos(np.radians(1))) and ann.rank == 1
    assert bob.rank == 2 and bob.nearest_other == pytest.approx(1 - np.cos(np.radians(10)))
    assert cid.rank == NEVER and np.isinf(cid.distance)
    assert all(t.held_out for t in found.values())

    rows = table({bar.row: [made]}, whole, folder.members, lambda of: trials(of, whole, folder.members))
    held = rows[bar.row]["held out"][CLEAN]
    assert held["TAR at FAR 1e-3"]["value"] == pytest.approx(1 / 3) and held["TAR at FAR 1e-3"]["n"] == 12
    assert held["TAR at FAR 1e-3"]["people"] == 3
    assert held["rank-1"]["value"] == pytest.approx(1 / 3) and held["rank-5"]["value"] == pytest.approx(2 / 3)
    assert held["bystander at FAR 1e-3"]["value"] == pytest.approx(1 / 3)  # Bob's avatar passes for Cid
    assert rows[bar.row]["held out"]["blur"]["TAR at FAR 1e-3"]["value"] == 0
    assert rows[bar.row]["searched"][CLEAN] == {}
    assert rows[bar.row]["likeness"][LPIPS_ALEX]["median"]["value"] == pytest.approx(0.2)
    assert rows[bar.row]["likeness"]["sex agrees"]["share"]["value"] == 1


def test_other_pictures_and_links_between_avatars(folder: Folder) -> None:
    bar = BlackBar()
    angles = {"1.png": (0.0, 60.0), "2.png": (4.0, 61.0)}  # photo, avatar: apart from both photos, near each other
    for picture, (photo, avatar) in angles.items():
        case = folder.person("ann", picture, photo)
        folder.avatar(case, bar.name, views(avatar, avatar), 0.1)
    folder.avatar(folder.person("bob", "1.png", 180.0), bar.name, views(180.0, 180.0), 0.1)
    whole = population(folder.results)
    made = avatars(folder.results, whole, bar)
    assert made is not None
    rows = table({bar.row: [made]}, whole, folder.members, lambda of: trials(of, whole, folder.members))
    held = rows[bar.row]["held out"]
    assert held["avatar ↔ avatar of two pictures at FAR 1e-3"]["value"] == 1
    others = held[CLEAN]["TAR of other pictures at FAR 1e-3"]
    assert others["n"] == 8 and others["value"] == pytest.approx(
        np.mean(
            [
                1 - np.cos(np.radians(d)) <= limits(folder.members)[m.name]["FAR 1e-3"]
                for m in folder.members
                if m.metric == "cosine"
                for d in (56, 61)
            ]
            + [2 * np.sin(np.radians(d) / 2) <= 0.40933 for d in (56, 61)]
        )
    )
    # ranks count people: Ann's first avatar is nearest to her second photo, which is a hit as well
    assert all(t.rank == 1 for t in trials(made, whole, folder.members))


def test_distractors_are_faces_of_which_no_avatar_is_made(folder: Folder) -> None:
    bar = BlackBar()
    folder.avatar(folder.person("ann", "1.png", 0.0), bar.name, views(60.0, 60.0), 0.1)

    def chunk(number: int, degrees: float) -> None:
        rows = np.stack([at(degrees)] * 2)
        bank = Bank(rows, np.zeros((2, 4, 4, 3), np.uint8), {m.name: rows for m in folder.members})
        folder.results.keep(BankTask(number), Blob(f"{number:05}.safetensors", bank.to_bytes()))

    chunk(0, 61.0)  # the bank's own chunk, from which avatars are picked: it must not be among the strangers
    assert population(folder.results, None, CHUNK).distractors == {}
    chunk(1, 30.0)
    whole = population(folder.results, None, CHUNK)
    assert {name: len(rows) for name, rows in whole.distractors.items()} == {m.name: 2 for m in folder.members}
    made = avatars(folder.results, whole, bar)
    assert made is not None
    assert {(t.rank, t.rank_among_distractors) for t in trials(made, whole, folder.members)} == {(1, 3)}


def test_unusable_pictures_are_said_and_left_out(folder: Folder) -> None:
    folder.person("ann", "1.png", 0.0)
    bad = folder.results.cases / folder.person("bob", "1.png", 0.0).name
    (bad / BAD).write_text('{"error": "No face."}')
    whole = population(folder.results)
    assert [case.person for case in whole.cases] == ["ann"] and whole.unusable == {"bob/1.png": "No face."}


def test_front_marks_what_nothing_beats_and_is_written_in_every_form(folder: Folder, tmp_path: Path) -> None:
    bar, coarse = BlackBar(), Pixelation(8)
    for name in ANGLES:
        case = folder.person(name, "1.png", ANGLES[name])
        folder.avatar(case, bar.name, views(ANGLES[name], 0.0), 0.3)  # seen through, and less alike
        folder.avatar(case, coarse.name, views(ANGLES[name] + 45, 0.0), 0.2)
    whole = population(folder.results)
    made = [of for method in (bar, coarse) if (of := avatars(folder.results, whole, method))]
    rows = table(
        {of.method.row: [of] for of in made},
        whole,
        folder.members,
        lambda of: trials(of, whole, folder.members),
    )
    found = points(rows)
    assert {(p.row, p.on_front) for p in found if p.rate == "TAR at FAR 1e-3"} == {(bar.row, False), (coarse.row, True)}
    write_front(tmp_path, found, "three people")
    write_records(tmp_path / "trials", trial_records(t for of in made for t in trials(of, whole, folder.members)))
    from pyarrow import parquet

    assert parquet.read_table(tmp_path / "trials.parquet").num_rows == 2 * 3 * 4 * len(VIEWS)
    assert len(json.loads((tmp_path / "front.json").read_text())) == len(found) == 4
    assert (tmp_path / "front.png").read_bytes()[:4] == b"\x89PNG" and b"<svg" in (tmp_path / "front.svg").read_bytes()
    assert (tmp_path / "front.csv").read_text().startswith("row,kind,lpips")


def test_methods_have_names_of_their_own_and_say_what_they_search() -> None:
    methods = all_methods()
    assert len({m.name for m in methods}) == len(methods)
    assert {short for m in methods for short in m.searched} == set(VERIFIERS)
    left_out = [m for m in methods if m.row == quick_methods()[0].row]
    assert sorted(short for m in left_out for short in VERIFIERS if short not in m.searched) == sorted(VERIFIERS)


def test_the_default_margin_is_compared_with_its_like() -> None:
    rows = rows_of(all_methods())
    held = {
        row: sorted(short for m in of for short in m.held_out)
        for row, of in rows.items()
        if row.startswith("nearest, ")
    }  # type: ignore[attr-defined]
    assert held["nearest, margin 1.5"] == sorted(VERIFIERS)
    curve = [row for row in held if row.endswith("(dlib or edgeface held out)")]
    assert len(curve) == len(MARGINS) and all(held[row] == ["dlib", "edgeface"] for row in curve)
    assert held["nearest, margin 1.5 (dlib held out)"] == held["nearest, margin 1.5, undisturbed (dlib held out)"]
    assert next(iter(rows)).startswith("closest match") and {m.name for of in rows.values() for m in of} == {
        m.name for m in all_methods()
    }


def test_a_folder_of_other_settings_is_refused(tmp_path: Path) -> None:
    EvaluationFolder(tmp_path, Settings())
    EvaluationFolder(tmp_path, Settings(held_out=("dlib",)))  # a method's own business
    with pytest.raises(OutputError, match="other settings"):
        EvaluationFolder(tmp_path, Settings(seed=1))


def test_json_holds_no_nan() -> None:
    assert plain({"a": [float("nan"), (1.0, float("inf"))]}) == {"a": [None, [1.0, None]]}


def test_k_same_averages_people_and_not_pictures(folder: Folder) -> None:
    latents = {
        ("ann", "1.png"): 0.0,
        ("ann", "2.png"): 2.0,
        ("bob", "1.png"): 1.2,
        ("cid", "1.png"): 9.0,
        ("dan", "1.png"): 9.2,
    }
    cases = []
    for (person, picture), value in latents.items():
        case = Case(person, picture, f"{person}-{picture}", "0" * 64)
        folder.results.begin(case)
        path = [np.full((16, 512), v, np.float32) for v in (-5.0, value)]
        nothing = np.zeros(0, np.float32)
        projected = write_projection(Projection(nothing, (nothing, nothing), path, [0.0]), 1.0)
        (folder.results.cases / case.folder / PROJECTION).write_bytes(projected)
        cases.append(case)
    found = {name: float(w[0, 0]) for name, w in k_same_averages(folder.results, cases, 2).items()}
    ann_and_bob, cid_and_dan = (1.0 + 1.2) / 2, (9.0 + 9.2) / 2
    assert found == pytest.approx(
        {"ann-1.png": ann_and_bob, "ann-2.png": ann_and_bob, "bob-1.png": ann_and_bob}
        | {"cid-1.png": cid_and_dan, "dan-1.png": cid_and_dan}
    )
