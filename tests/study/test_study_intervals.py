from statistics import NormalDist

import numpy as np
import pytest

from doppelganger.study.intervals import BOOTSTRAP, EXACT, Counts, Resamples, clopper_pearson, criterion, d_prime

NORMAL = NormalDist()


def test_clopper_pearson_by_hand() -> None:
    # Nobody of ten: the upper end p has (1 - p)^10 = 0.025; all of ten is its mirror.
    low, high = clopper_pearson(0, 10, 0.95)
    assert low == 0 and high == pytest.approx(1 - 0.025**0.1)
    assert clopper_pearson(10, 10, 0.95) == (pytest.approx(0.025**0.1), 1)


def test_d_prime_by_hand_and_finite_at_the_ends() -> None:
    # H = (9 + 0.5) / 11, F = (1 + 0.5) / 11
    z = NORMAL.inv_cdf
    assert float(d_prime(9, 10, 1, 10)) == pytest.approx(z(9.5 / 11) - z(1.5 / 11))
    assert float(d_prime(10, 10, 0, 10)) == pytest.approx(z(10.5 / 11) - z(0.5 / 11))
    assert float(d_prime(4, 9, 4, 9)) == 0
    assert criterion(9, 10, 1, 10) == pytest.approx(0, abs=1e-12)  # errs as often either way
    assert criterion(9, 10, 5, 10) < 0  # says same readily


def test_counts_are_crossed() -> None:
    counts = Counts.of((2, 3), [(0, 0, True), (0, 0, False), (1, 2, True)])
    assert counts.yes.tolist() == [[1, 0, 0], [0, 0, 1]] and counts.answers.tolist() == [[2, 0, 0], [0, 0, 1]]
    assert counts.total == (2, 3)


def test_answers_that_all_agree_get_the_exact_interval_which_has_a_width() -> None:
    counts = Counts.of((4, 3), [(p, i, True) for p in range(4) for i in range(3)])
    rate = Resamples(4, 3, 200, 0.95, 0).rate(counts)
    assert rate.by == EXACT and (rate.low, rate.high) == clopper_pearson(12, 12, 0.95) and rate.low < 0.8


def test_without_clusters_the_bootstrap_is_the_binomial_one() -> None:
    # One answer a participant, one item: only participants are drawn anew, and the standard error is √(p(1 − p)/n).
    rows = [(p, 0, p % 4 == 0) for p in range(400)]
    rate = Resamples(400, 1, 4000, 0.95, 0).rate(Counts.of((400, 1), rows))
    width = 1.96 * (0.25 * 0.75 / 400) ** 0.5
    assert rate.by == BOOTSTRAP and rate.share == 0.25
    assert rate.low == pytest.approx(0.25 - width, abs=0.004) and rate.high == pytest.approx(0.25 + width, abs=0.004)


def test_whole_clusters_that_agree_are_worth_one_answer_each() -> None:
    # 10 participants who each say one thing to all 40 items: 400 answers, but only 10 opinions.
    rows = [(p, i, p < 5) for p in range(10) for i in range(40)]
    rate = Resamples(10, 40, 4000, 0.95, 0).rate(Counts.of((10, 40), rows))
    assert rate.high - rate.low == pytest.approx(2 * 1.96 * (0.25 / 10) ** 0.5, abs=0.08)
    assert rate.exact_high - rate.exact_low < 0.11  # what is claimed when that is overlooked


def test_the_interval_over_clusters_covers_the_truth_and_the_naive_one_does_not() -> None:
    random = np.random.default_rng(3)
    people, items, truth, studies = 24, 16, 0.3, 200
    spread = (1 + 0.7**2 + 0.7**2) ** 0.5
    covered = naive = 0
    cells = [(p, i) for p in range(people) for i in range(items)]
    for study in range(studies):
        felt = random.normal(0, 0.7, (people, 1)) + random.normal(0, 0.7, (1, items))
        said = NORMAL.inv_cdf(truth) * spread + felt + random.normal(size=(people, items)) > 0
        rate = Resamples(people, items, 400, 0.95, study).rate(
            Counts.of((people, items), [(p, i, bool(said[p, i])) for p, i in cells])
        )
        covered += rate.low <= truth <= rate.high
        naive += rate.exact_low <= truth <= rate.exact_high
    assert 0.89 * studies <= covered  # of 95 %; percentile intervals of 16 items run a little short
    assert naive < 0.65 * studies
    print(f"covered {covered / studies:.1%}, as if independent {naive / studies:.1%}")
