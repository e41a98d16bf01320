"""Which portraits and avatars a folder holds: that of ``doppelganger evaluate``, or results of ``doppelganger make``."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from doppelganger.storage import ResultFolder
from doppelganger.study.errors import StudyError

PORTRAIT = "portrait"
DOPPELGANGER = "doppelganger"
"""What the avatar of a result of ``doppelganger make`` is called, whose method the folder's name does not tell."""


@dataclass(frozen=True)
class Case:
    """One portrait of one person, and its avatars. Pictures are square, aligned alike."""

    name: str
    person: str
    """Whom it shows: two cases of one person are never strangers to each other."""
    portrait: Path
    avatars: dict[str, Path]
    """Method → picture."""


def find_cases(folder: Path) -> tuple[Case, ...]:
    """Every case under ``folder`` that has an avatar, by name.

    Understood are ``folder/cases/<case>/portrait.png`` beside ``<method>.png`` (an evaluation), the same without
    ``cases/``, a result folder (``private/portrait.png``, ``share/doppelganger.png``), and several of them in one folder.
    ``case.json`` in a case's folder may say {"person": …}; without it every case is somebody else.
    Raises StudyError where nothing of that kind is there or a ``case.json`` is damaged.
    """
    if not folder.is_dir():
        raise StudyError(f"{folder} is not a folder; give the one that `doppelganger evaluate` made.")
    cases = tuple(case for place in _places(folder) if (case := _case(place)) is not None)
    if not cases:
        raise StudyError(
            f"{folder} holds no portrait with an avatar (cases/…/portrait.png beside other pictures, or results of "
            "`doppelganger make`); give a folder that `doppelganger evaluate` made."
        )
    return cases


def of_methods(cases: Sequence[Case], methods: Collection[str]) -> tuple[Case, ...]:
    """The cases with the avatars of ``methods`` alone; cases that have none of them are left out.

    Raises StudyError for a method that no case has.
    """
    found = methods_of(cases)
    for method in methods:
        if method not in found:
            raise StudyError(f"No avatar is called {method!r}; there are {', '.join(found)}.")
    chosen = (
        replace(case, avatars={method: path for method, path in case.avatars.items() if method in methods})
        for case in cases
    )
    return tuple(case for case in chosen if case.avatars)


def methods_of(cases: Sequence[Case]) -> tuple[str, ...]:
    """The names of all methods, sorted."""
    return tuple(sorted({method for case in cases for method in case.avatars}))


def _places(folder: Path) -> Iterator[Path]:
    """Folders that may be a case: ``folder`` itself, else the folders in ``folder/cases`` or in ``folder``."""
    if _case(folder) is not None:
        yield folder
        return
    inside = folder / "cases" if (folder / "cases").is_dir() else folder
    yield from sorted(place for place in inside.iterdir() if place.is_dir() and not place.name.startswith("."))


def _case(place: Path) -> Case | None:
    result = ResultFolder(place)
    if (portrait := place / f"{PORTRAIT}.png").is_file():
        pictures = sorted(place.glob("*.png"))
        avatars = {path.stem: path for path in pictures if path.stem != PORTRAIT and not path.name.startswith(".")}
    elif (portrait := result.picture(PORTRAIT)).is_file() and result.doppelganger.is_file():
        avatars = {DOPPELGANGER: result.doppelganger}
    else:
        return None
    name = place.resolve().name
    return Case(name, _person(place, name), portrait, avatars) if avatars else None


def _person(place: Path, name: str) -> str:
    about = place / "case.json"
    if not about.exists():
        return name
    try:
        person = json.loads(about.read_text(encoding="utf-8")).get("person", name)
    except (OSError, ValueError, AttributeError) as error:
        raise StudyError(f'{about} cannot be read; it should hold {{"person": "a name"}}, or not be there.') from error
    return str(person)
