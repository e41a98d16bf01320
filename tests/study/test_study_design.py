import json
from collections import Counter
from pathlib import Path

import pytest
from small_study import METHODS, unread

from doppelganger.study import key
from doppelganger.study.design import Among, Role, Shown, design, shares
from doppelganger.study.errors import StudyError
from doppelganger.study.randomise import Draws, presentation


def test_trials_are_split_into_what_was_asked_for() -> None:
    assert (s := shares(48)).catch_same == s.catch_different == 4 and (s.pairs, s.closest) == (27, 13)
    for trials in range(8, 200):
        split = shares(trials)
        assert split.pairs + split.catch_same + split.catch_different + split.closest == trials
        assert split.closest >= 1 and split.pairs >= 2 and split.catch_same == split.catch_different >= 2


def test_over_all_forms_every_portrait_meets_every_method_equally_often() -> None:
    study = design(unread(12), trials=24, choices=3)  # 14 pairs: a round of the twelve and two more
    asked = Counter(
        (study.case(name), study.trials[name].method)
        for form in study.forms
        for name in form.pairs
        if study.trials[name].role is Role.AVATAR
    )
    assert len(study.forms) == 3 and len(asked) == 36 and set(asked.values()) <= {1, 2}
    for form in study.forms:
        roles = [study.trials[name].role for name in form.pairs]
        assert Counter(roles) == {Role.AVATAR: 14, Role.CATCH_SAME: 2, Role.CATCH_DIFFERENT: 2}
        assert len(form.closest) == 6 and len(set(form.pairs + form.closest)) == 24
        of_method = Counter(study.trials[name].method for name in form.pairs if study.trials[name].method)
        assert max(of_method.values()) - min(of_method.values()) <= 1


def test_two_portraits_of_a_person_are_never_strangers() -> None:
    cases = unread(4, per_person=3)
    person = {case.name: case.person for case in cases}
    for seed in range(20):
        study = design(cases, 36, 3, seed=seed)
        for name, trial in study.trials.items():
            shown = [study.pictures[other] for other in trial.others]
            if trial.role is Role.CATCH_DIFFERENT:
                assert person[shown[0].case] != person[study.case(name)] and shown[0].shown is Shown.PORTRAIT
            elif trial.role is Role.CLOSEST:
                assert len({person[face.case] for face in shown}) == 3  # nobody twice
                assert [face.case for face in shown].count(study.case(name)) == 1
                assert {face.method for face in shown} == {trial.method}
            else:
                assert shown[0].case == study.case(name)
                assert shown[0].shown is (Shown.AVATAR if trial.role is Role.AVATAR else Shown.AGAIN)


def test_among_methods_all_faces_are_of_the_portrait() -> None:
    study = design(unread(5), 24, 2, Among.METHODS)
    closest = [trial for trial in study.trials.values() if trial.role is Role.CLOSEST]
    assert closest
    met = Counter()
    for trial in closest:
        faces = [study.pictures[face] for face in trial.others]
        assert {face.case for face in faces} == {study.pictures[trial.reference].case}
        assert len({face.method for face in faces}) == 2 and trial.method is None
        met.update(face.method for face in faces)
    assert set(met) == set(METHODS)


def test_names_and_their_order_say_nothing() -> None:
    study = design(unread(12), 48, 4)
    names = [*study.pictures, *study.trials]
    assert len(set(names)) == len(names) and all(len(name) == 11 and name[0] in "pt" for name in names)
    assert list(study.pictures) == sorted(study.pictures) and list(study.trials) == sorted(study.trials)
    for form in study.forms:
        assert list(form.pairs) == sorted(form.pairs) and list(form.closest) == sorted(form.closest)


def test_the_same_seed_draws_the_same_study_and_another_one_another() -> None:
    assert design(unread(6), 24, 3, seed=1) == design(unread(6), 24, 3, seed=1)
    assert design(unread(6), 24, 3, seed=1).study != design(unread(6), 24, 3, seed=2).study


def test_too_few_people_or_methods_are_one_sentence() -> None:
    with pytest.raises(StudyError, match="portraits of 1 person with an avatar"):
        design(unread(1, per_person=4), 24, 2)
    with pytest.raises(StudyError, match="not 4 people to choose"):
        design(unread(3), 24, 4)
    with pytest.raises(StudyError, match="not 4 methods of one portrait"):
        design(unread(9), 24, 4, Among.METHODS)


def test_few_portraits_give_fewer_trials_and_none_twice() -> None:
    study = design(unread(2, METHODS[:1]), 48, 2)
    (form,) = study.forms
    assert Counter(study.trials[t].role for t in form.pairs) == {
        Role.AVATAR: 2,
        Role.CATCH_SAME: 2,
        Role.CATCH_DIFFERENT: 2,
    }
    assert len(form.closest) == 2


def test_numbers_follow_from_the_seed_as_published() -> None:
    # FNV-1a of "a" is e40c292c (its authors' table); one xorshift32 step from 1 is 270369 (1 ^ 2^13, ^ >> 17, ^ << 5).
    draws = Draws("a")
    state = 0xE40C292C
    for _ in range(9):
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
    assert draws() == state / 2**32
    draws._state = 1
    assert draws() == 270369 / 2**32


def test_every_order_of_a_shuffle_is_equally_likely() -> None:
    orders = Counter(tuple(Draws(f"u{k}").shuffled("abc")) for k in range(6000))
    assert len(orders) == 6 and all(880 < times < 1120 for times in orders.values())  # 1000 ± 4 standard deviations


def test_portraits_stand_left_in_half_of_the_pairs_and_all_forms_are_used() -> None:
    study = design(unread(12), 48, 4)
    forms = Counter()
    first_place = Counter()
    for k in range(300):
        number, trials = presentation(study, f"u{k:012x}")
        forms[number] += 1
        form = study.forms[number]
        assert sorted(t.trial for t in trials) == sorted(form.pairs + form.closest)
        pairs, closest = trials[: len(form.pairs)], trials[len(form.pairs) :]
        left = sum(t.shown[0] == study.trials[t.trial].reference for t in pairs)
        assert abs(left - len(pairs) / 2) <= 0.5
        for t in closest:
            first_place[[study.pictures[face].case for face in t.shown].index(study.case(t.trial))] += 1
    assert all(70 < times < 130 for times in forms.values()) and len(forms) == 3
    expected = sum(first_place.values()) / 4
    assert all(abs(first_place[place] - expected) < 4 * (expected * 0.75) ** 0.5 for place in range(4))


def test_a_key_comes_back_and_a_changed_one_is_refused(tmp_path: Path) -> None:
    study = design(unread(6), 24, 3)
    file = tmp_path / "key.json"
    file.write_text(key.to_json(study))
    assert key.read(file) == study
    record = json.loads(file.read_text())
    next(p for p in record["pictures"].values() if p["method"])["method"] = "another"
    file.write_text(json.dumps(record))
    with pytest.raises(StudyError, match="was changed after the study was made"):
        key.read(file)
    file.write_text("{}")
    with pytest.raises(StudyError, match="is not the key of a study"):
        key.read(file)
    with pytest.raises(StudyError, match="cannot be read"):
        key.read(tmp_path / "none.json")
