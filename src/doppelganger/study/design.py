"""Which trials a study has, and who is asked which: blinded, counterbalanced, with catch trials.

Every participant answers one *form*. Forms are a Latin square: over all forms each portrait meets each method equally
often, while within a form it meets as few of them as possible (Winer, Statistical Principles in Experimental Design,
1962, ch. 10). A form lists opaque identifiers alone, sorted, so that neither it nor its order says what a trial is.
The order, the sides and the form are drawn for each participant from their own seed (``randomise.py``).
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from doppelganger.study.errors import StudyError
from doppelganger.study.stimuli import Case, methods_of


class Shown(StrEnum):
    """What a picture is."""

    PORTRAIT = "portrait"
    AGAIN = "portrait again"
    """The portrait, cropped and compressed anew: certainly the same person."""
    AVATAR = "avatar"


class Role(StrEnum):
    """What a trial is for."""

    AVATAR = "avatar"
    """Portrait beside its avatar: same person or not?"""
    CATCH_SAME = "catch same"
    """Portrait beside itself: whoever looks says *same*."""
    CATCH_DIFFERENT = "catch different"
    """Portraits of two people: whoever looks says *different*."""
    CLOSEST = "closest"
    """A portrait and several faces: which is closest to it?"""


class Among(StrEnum):
    """What the faces of a closest-of-N trial are."""

    PEOPLE = "people"
    """One avatar of the portrait among avatars of other people, all of one method."""
    METHODS = "methods"
    """Avatars of the portrait, each of another method."""


@dataclass(frozen=True)
class Picture:
    """A picture of the page; its identifier means nothing."""

    shown: Shown
    case: str
    method: str | None = None


@dataclass(frozen=True)
class Trial:
    """One question. ``reference`` is the portrait's identifier; ``others`` has one for a pair, N for closest-of-N."""

    role: Role
    reference: str
    others: tuple[str, ...]
    method: str | None = None
    """Of the avatar asked about; None for catch trials and among methods."""


@dataclass(frozen=True)
class Form:
    """The trials of one participant, as identifiers."""

    pairs: tuple[str, ...]
    closest: tuple[str, ...]


@dataclass(frozen=True)
class Design:
    """The whole study: what the page shows under which identifier. Whoever holds it is not blind."""

    seed: int
    among: Among
    choices: int
    pictures: dict[str, Picture]
    trials: dict[str, Trial]
    forms: tuple[Form, ...]

    @cached_property
    def study(self) -> str:
        """A name that ties page, key and answers together: a digest of the design."""
        text = json.dumps(asdict(self), sort_keys=True)
        return f"study-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    @property
    def methods(self) -> tuple[str, ...]:
        """All methods that are asked about, sorted."""
        return tuple(sorted({picture.method for picture in self.pictures.values() if picture.method is not None}))

    def case(self, trial: str) -> str:
        """The case of a trial's portrait: the item, in the words of experiments."""
        return self.pictures[self.trials[trial].reference].case


@dataclass(frozen=True)
class Shares:
    """How many trials of each kind a participant is asked for."""

    pairs: int
    catch_same: int
    catch_different: int
    closest: int


def shares(trials: int) -> Shares:
    """``trials`` split: a sixth catch trials (half *same*, half *different*, two of each at least), of the rest a third
    closest-of-N and two thirds pairs."""
    catch = max(2, round(trials / 12))
    closest = (trials - 2 * catch) // 3
    return Shares(trials - 2 * catch - closest, catch, catch, closest)


def design(cases: Sequence[Case], trials: int, choices: int, among: Among = Among.PEOPLE, seed: int = 0) -> Design:
    """Draw a study with about ``trials`` trials a participant (fewer where the pictures do not suffice for so many
    different ones) and ``choices`` faces in a closest-of-N trial. The same arguments draw the same study.

    Raises StudyError where there are too few people or, among methods, too few methods.
    """
    people = {case.person for case in cases}
    if len(people) < 2:
        raise StudyError(
            f"There are portraits of {len(people)} {'person' if len(people) == 1 else 'people'} with an avatar; a study "
            "needs two at least, or no answer could be wrong."
        )
    return _Draft(cases, shares(trials), choices, among, seed).design()


class _Draft:
    """The drawing of one study."""

    def __init__(self, cases: Sequence[Case], counts: Shares, choices: int, among: Among, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._counts, self._choices, self._among, self._seed = counts, choices, among, seed
        self._cases = self._choose(cases, max(counts.pairs, counts.closest, choices))
        self._methods = methods_of(self._cases)
        self._pictures: dict[Picture, str] = {}
        self._trials: dict[Trial, str] = {}
        self._taken: set[str] = set()

    def design(self) -> Design:
        forms = tuple(self._form(number) for number in range(len(self._methods)))
        return Design(
            self._seed,
            self._among,
            self._choices,
            dict(sorted((identifier, picture) for picture, identifier in self._pictures.items())),
            dict(sorted(((identifier, trial) for trial, identifier in self._trials.items()), key=lambda pair: pair[0])),
            forms,
        )

    def _choose(self, cases: Sequence[Case], count: int) -> list[Case]:
        """At random, everybody once before anybody twice."""
        seen: dict[str, int] = {}
        ranked: list[tuple[int, Case]] = []
        for index in self._random.permutation(len(cases)):
            case = cases[index]
            ranked.append((seen.get(case.person, 0), case))
            seen[case.person] = seen.get(case.person, 0) + 1
        return [case for _, case in sorted(ranked, key=lambda pair: pair[0])[:count]]

    def _form(self, number: int) -> Form:
        counts = self._counts
        pairs = [
            self._pair(Role.AVATAR, case, Picture(Shown.AVATAR, case.name, method), method)
            for case, method in self._rotate(number, counts.pairs)
        ]
        for case in self._turn(number, counts.catch_same):
            pairs.append(self._pair(Role.CATCH_SAME, case, Picture(Shown.AGAIN, case.name)))
        for case in self._turn(number, counts.catch_different):
            stranger = self._strangers(case, self._cases)[0]
            pairs.append(self._pair(Role.CATCH_DIFFERENT, case, Picture(Shown.PORTRAIT, stranger.name)))
        return Form(tuple(sorted(pairs)), tuple(sorted(self._closest(number))))

    def _closest(self, number: int) -> list[str]:
        # One method further than the pairs: whoever has several methods is not asked about the same picture twice.
        if self._among is Among.PEOPLE:
            possible = self._rotate(
                number, self._counts.closest, 1, lambda c, m: len(self._faces(c, m)) == self._choices
            )
        else:
            able = [case for case in self._turn(number, len(self._cases)) if len(case.avatars) >= self._choices]
            possible = [(case, "") for case in able[: self._counts.closest]]
        if not possible:
            what = "people" if self._among is Among.PEOPLE else "methods of one portrait"
            raise StudyError(
                f"There are not {self._choices} {what} to choose the closest face among; lower --choices, or add some."
            )
        return [
            self._closest_among_people(case, method)
            if self._among is Among.PEOPLE
            else self._closest_among_methods(number, case)
            for case, method in possible
        ]

    def _closest_among_people(self, case: Case, method: str) -> str:
        faces = (Picture(Shown.AVATAR, other.name, method) for other in self._faces(case, method))
        return self._trial(Role.CLOSEST, case, sorted(map(self._picture, faces)), method)

    def _closest_among_methods(self, number: int, case: Case) -> str:
        methods = sorted(case.avatars)
        window = (methods[(number + step) % len(methods)] for step in range(self._choices))
        faces = (Picture(Shown.AVATAR, case.name, method) for method in window)
        return self._trial(Role.CLOSEST, case, sorted(map(self._picture, faces)))

    def _faces(self, case: Case, method: str) -> list[Case]:
        """The case and strangers to it and to each other who all have an avatar of the method, as many as are shown."""
        able = [other for other in self._cases if method in other.avatars]
        return [case, *self._strangers(case, able)[: self._choices - 1]]

    def _strangers(self, case: Case, among: Sequence[Case]) -> list[Case]:
        """One case of every other person, in a random order."""
        shuffled = (among[index] for index in self._random.permutation(len(among)))
        first = {other.person: other for other in shuffled if other.person != case.person}
        return list(first.values())

    def _turn(self, number: int, count: int) -> list[Case]:
        """``count`` cases at most, each once, others in every form."""
        start = number * count
        return [self._cases[(start + step) % len(self._cases)] for step in range(min(count, len(self._cases)))]

    def _rotate(
        self, number: int, count: int, shift: int = 0, fit: Callable[[Case, str], bool] = lambda case, method: True
    ) -> list[tuple[Case, str]]:
        """``count`` (case, method) at most: the Latin square's row, then its next rows where there are too few cases."""
        found: list[tuple[Case, str]] = []
        for step in range(len(self._methods)):
            for index in range(len(self._cases)):
                place = (index + number * count) % len(self._cases)
                case = self._cases[place]
                methods = sorted(case.avatars)
                if step < len(methods):
                    method = methods[(place + number + step + shift) % len(methods)]
                    if fit(case, method):
                        found.append((case, method))
                if len(found) == count:
                    return found
        return found

    def _pair(self, role: Role, case: Case, other: Picture, method: str | None = None) -> str:
        return self._trial(role, case, [self._picture(other)], method)

    def _trial(self, role: Role, case: Case, others: Sequence[str], method: str | None = None) -> str:
        trial = Trial(role, self._picture(Picture(Shown.PORTRAIT, case.name)), tuple(others), method)
        return self._trials.setdefault(trial, self._identifier("t"))

    def _picture(self, picture: Picture) -> str:
        return self._pictures.setdefault(picture, self._identifier("p"))

    def _identifier(self, prefix: str) -> str:
        """A random name; its letter in front keeps spreadsheets from reading a number in it."""
        while (name := f"{prefix}{self._random.bytes(5).hex()}") in self._taken:
            pass
        self._taken.add(name)
        return name
