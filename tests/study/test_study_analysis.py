import json
from dataclasses import asdict, replace
from statistics import NormalDist

import pytest
from small_study import METHODS, by_hand, unread

from doppelganger.study.analysis import WARNING, analyse
from doppelganger.study.answers import Answer
from doppelganger.study.design import Among, Role, design
from doppelganger.study.errors import StudyError
from doppelganger.study.picture import draw
from doppelganger.study.simulate import Truth, simulate

STUDY = by_hand()
RIGHT = {
    "t-avatar-a": "same",
    "t-avatar-b": "different",
    "t-same-a": "same",
    "t-same-b": "same",
    "t-different-a": "different",
    "t-different-b": "different",
    "t-closest-a": "va",
    "t-closest-b": "va",
}


def person(name: str, said: dict[str, str], simulated: bool = False, knew: str = "") -> list[Answer]:
    """A participant's answers to the study made by hand."""
    rows = []
    for position, (trial, response) in enumerate(said.items()):
        asked = STUDY.trials[trial]
        closest = asked.role is Role.CLOSEST
        shown = asked.others if closest else (asked.reference, *asked.others)
        confidence = None if closest else 3
        rows.append(Answer(STUDY.study, name, 0, position, trial, shown, response, confidence, 1000, knew, simulated))
    return rows


def test_shares_and_sensitivity_by_hand() -> None:
    second = RIGHT | {"t-avatar-b": "same", "t-closest-b": "vb"}
    found = analyse(person("u1", RIGHT) + person("u2", second, knew="yes"), STUDY, replicates=200)
    (m,) = found.methods
    assert m.same and (m.same.yes, m.same.answers, m.same.share) == (3, 4, 0.75)
    assert m.closest and (m.closest.yes, m.closest.answers) == (3, 4)  # a, a; then b was missed once, found once
    z = NormalDist().inv_cdf
    assert m.d_prime and m.d_prime.value == pytest.approx(z(3.5 / 5) - z(0.5 / 5))  # no false alarm in four
    assert m.criterion == pytest.approx(-(z(3.5 / 5) + z(0.5 / 5)) / 2)
    assert found.catch_d_prime and found.catch_d_prime.value == pytest.approx(z(4.5 / 5) - z(0.5 / 5))
    assert (m.confidence, m.milliseconds, found.chance, found.knew, found.portraits) == (3, 1000, 0.5, 1, 2)
    assert not found.simulated


def test_who_fails_catch_trials_is_left_out_and_counted() -> None:
    one_wrong = RIGHT | {"t-same-a": "different"}
    two_wrong = one_wrong | {"t-different-b": "same", "t-avatar-b": "same"}
    early = {"t-avatar-a": "same"}
    answers = person("u1", RIGHT) + person("u2", one_wrong) + person("u3", two_wrong) + person("u4", early)
    found = analyse(answers, STUDY, max_failed=0.25, replicates=100)
    assert (found.participants, found.failed_catch_trials, found.answered_no_catch_trial, found.kept) == (4, 1, 1, 2)
    assert found.methods[0].same and found.methods[0].same.answers == 4
    assert found.catch_different and found.catch_different.share == 0
    assert found.catch_different_before == pytest.approx(1 / 6)
    assert analyse(answers, STUDY, max_failed=0.2, replicates=100).kept == 1
    assert analyse(answers, STUDY, max_failed=0.5, replicates=100).kept == 3
    with pytest.raises(StudyError, match="None of the 2 participants passed"):
        analyse(person("u3", two_wrong) + person("u4", early), STUDY)


def test_known_rates_are_found_again() -> None:
    study = design(unread(24), 60, 4)
    truth = Truth(dict(zip(METHODS, (0.15, 0.5, 0.9), strict=True)), dict(zip(METHODS, (0.3, 0.6, 0.9), strict=True)))
    truth = replace(truth, catch_errors=0.05, spread_participants=0.3, spread_items=0.3)
    found = analyse(simulate(study, 60, truth, seed=4), study, max_failed=0.5, replicates=1000)
    assert found.simulated and found.kept >= 58
    noise = NormalDist().inv_cdf(0.05)
    for result in found.methods:
        same, closest, d = result.same, result.closest, result.d_prime
        assert same and closest and d
        assert same.share == pytest.approx(truth.same[result.method], abs=0.08)
        assert same.low <= truth.same[result.method] <= same.high
        assert closest.share == pytest.approx(truth.closest[result.method], abs=0.08)
        assert closest.low <= truth.closest[result.method] <= closest.high
        assert d.low <= NormalDist().inv_cdf(truth.same[result.method]) - noise <= d.high
        assert same.high - same.low > same.exact_high - same.exact_low  # clusters cost certainty


def test_among_methods_each_method_has_its_share_of_choices() -> None:
    study = design(unread(12), 48, 3, Among.METHODS)
    weights = dict(zip(METHODS, (0.2, 0.2, 0.6), strict=True))
    found = analyse(simulate(study, 40, Truth(weights, weights), seed=2), study, max_failed=0.5, replicates=300)
    shares = {result.method: result.closest.share for result in found.methods if result.closest}
    assert sum(shares.values()) == pytest.approx(1) and found.chance == pytest.approx(1 / 3)
    assert all(shares[method] == pytest.approx(weights[method], abs=0.07) for method in METHODS)


def test_the_careless_are_caught() -> None:
    study = design(unread(24), 72, 4)  # 12 catch trials: at random, 3 wrong or fewer in 7.3 % of cases
    truth = Truth(dict.fromkeys(METHODS, 0.5), dict.fromkeys(METHODS, 0.5), catch_errors=0.01, careless=0.3)
    answers = simulate(study, 100, truth, seed=1)
    found = analyse(answers, study, replicates=100)
    assert 18 <= found.failed_catch_trials <= 42
    assert found.catch_different_before and found.catch_different
    assert found.catch_different_before > 0.1 > found.catch_different.share


def test_what_is_simulated_says_so_loudly_and_what_is_real_does_not() -> None:
    drawn = analyse(person("u1", RIGHT, simulated=True), STUDY, replicates=50)
    real = analyse(person("u1", RIGHT), STUDY, replicates=50)
    assert drawn.simulated and not real.simulated
    assert WARNING in draw(drawn, "svg").decode() and "SIMULATED" not in draw(real, "svg").decode()
    assert draw(drawn, "png").startswith(b"\x89PNG") and draw(drawn, "png") != draw(real, "png")
    assert draw(real, "svg") == draw(real, "svg")
    with pytest.raises(StudyError, match="never analysed together"):
        analyse(person("u1", RIGHT, simulated=True) + person("u2", RIGHT), STUDY)


def test_half_a_study_is_analysed_as_far_as_it_goes() -> None:
    found = analyse(person("u1", {"t-same-a": "same", "t-avatar-a": "same"}), STUDY, replicates=50)
    (m,) = found.methods
    assert m.same and m.same.by == "Clopper–Pearson" and m.d_prime is None and m.closest is None
    assert found.catch_different is None and found.catch_different_before is None
    assert json.loads(json.dumps(asdict(found), allow_nan=False))["methods"][0]["closest"] is None
    assert b"<svg" in draw(found, "svg")
