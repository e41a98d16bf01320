"""Rates, ranks and intervals, against hand-made cases, the verifiers' own distance and scikit-learn's ROC."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_curve

from doppelganger.evaluation import metrics
from doppelganger.evaluation.metrics import (
    at_far,
    distances,
    genuine_distances,
    impostor_distances,
    median_interval,
    pareto,
    ranks,
    share_interval,
    true_accept_rate,
)
from doppelganger.verifiers.protocol import Metric, measure

METRICS: list[Metric] = ["cosine", "euclidean"]


@pytest.mark.parametrize("metric", METRICS)
def test_distances_are_the_verifiers_own(metric: Metric) -> None:
    random = np.random.default_rng(1)
    a, b = random.normal(size=(7, 128)).astype("f4"), random.normal(size=(5, 128)).astype("f4")
    b[2] = a[3]  # the same face
    b[4] = a[1] + np.float32(1e-4)  # nearly: here |a|² + |b|² − 2 a·b loses its digits
    table = distances(metric, a, b)
    own = [[measure(metric, x, y) for y in b] for x in a]
    np.testing.assert_allclose(table, own, rtol=1e-9, atol=1e-15 if metric == "cosine" else 0)
    assert table[3, 2] == pytest.approx(0, abs=1e-15)


def test_distances_by_hand() -> None:
    a, b = np.array([[3.0, 0.0]]), np.array([[0.0, 4.0], [9.0, 0.0], [-1.0, 0.0], [1.0, 1.0]])
    assert distances("cosine", a, b)[0] == pytest.approx([1, 0, 2, 1 - math.sqrt(0.5)])
    assert distances("euclidean", a, b)[0] == pytest.approx([5, 6, 4, math.sqrt(5)])


@pytest.mark.parametrize("bad", [[0.0, 0.0], [math.nan, 1.0], [math.inf, 1.0]])
def test_rows_without_a_direction_are_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="embedding"):
        distances("cosine", np.array([[1.0, 0.0]]), np.array([bad]))


def test_ranks_by_hand_where_ties_count_for_the_attacker() -> None:
    gallery = np.array([[0.0], [1.0], [3.0], [3.0], [10.0]])
    probes = np.array([[0.2], [2.1], [2.1], [2.1], [6.5], [0.0]])
    # 2.1 lies 0.9 from both at 3, 1.1 from 1, 2.1 from 0; 6.5 lies 3.5 from the two at 3 and from 10 alike
    assert ranks("euclidean", probes, gallery, [0, 3, 1, 4, 4, 2]).tolist() == [1, 1, 3, 5, 1, 3]


@pytest.mark.parametrize("metric", METRICS)
def test_ranks_in_pieces_are_those_of_the_whole_table(metric: Metric, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(2)
    gallery = random.normal(size=(60, 16))
    own = random.integers(0, 60, 33)
    probes = gallery[own] + 3 * random.normal(size=(33, 16))
    table = distances(metric, probes, gallery)
    expected = [1 + int((row < row[k]).sum()) for row, k in zip(table, own, strict=True)]
    assert 1 in expected and max(expected) > 5
    monkeypatch.setattr(metrics, "BLOCK", 4 * 60 + 1)
    assert [part for part, _ in metrics.distance_blocks(metric, probes, gallery)][-1] == slice(32, 33)
    assert ranks(metric, probes, gallery, own).tolist() == expected


def test_copies_of_the_own_entry_do_not_push_it_back() -> None:
    """Equal embeddings at other places of a matrix product may differ in the last bit; that is no rank."""
    random = np.random.default_rng(3)
    row = random.normal(size=512)
    gallery, probes = np.tile(row, (1001, 1)), random.normal(size=(9, 512))
    for metric in METRICS:
        assert ranks(metric, probes, gallery, np.arange(9) * 100).tolist() == [1] * 9


@pytest.mark.parametrize("own", [[0], [0, 5], [0, -1]])
def test_ranks_without_an_own_entry_are_refused(own: list[int]) -> None:
    with pytest.raises(ValueError, match="own entry"):
        ranks("euclidean", np.zeros((2, 1)), np.zeros((5, 1)), own)


def test_pairs_of_two_people_and_of_one() -> None:
    rows, people = np.array([[0.0], [1.0], [3.0], [7.0], [15.0]]), ["a", "b", "a", "b", "a"]
    assert impostor_distances("euclidean", rows).tolist() == [1, 2, 3, 4, 6, 7, 8, 12, 14, 15]
    assert impostor_distances("euclidean", rows, people).tolist() == [1, 2, 4, 7, 8, 14]
    assert genuine_distances("euclidean", rows, people).tolist() == [3, 6, 12, 15]
    assert genuine_distances("euclidean", rows[:2], people[:2]).tolist() == []
    with pytest.raises(ValueError, match="5 rows need 5 labels"):
        impostor_distances("euclidean", rows, people[:4])


def test_pairs_in_pieces_are_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(4).normal(size=(50, 8))
    whole = impostor_distances("cosine", rows)
    assert len(whole) == 50 * 49 // 2
    monkeypatch.setattr(metrics, "BLOCK", 7 * 50)
    np.testing.assert_allclose(impostor_distances("cosine", rows), whole, rtol=1e-10)


def test_threshold_at_a_rate_by_hand() -> None:
    impostors = np.arange(1.0, 101)  # 1, 2, … 100
    for far, accepted in ((0.0, 0), (0.005, 0), (0.01, 1), (0.29, 29), (0.995, 99)):
        threshold = at_far(impostors, far)
        assert np.count_nonzero(impostors <= threshold) == accepted
        assert np.count_nonzero(impostors <= np.nextafter(threshold, np.inf)) == accepted + 1  # and it is the largest
    tied = np.array([1.0, 2.0, 2.0, 2.0, 3.0])
    assert np.count_nonzero(tied <= at_far(tied, 0.4)) == 1  # two would be allowed, but the ties come together
    for bad in (1.0, -0.1):
        with pytest.raises(ValueError):
            at_far(impostors, bad)
    with pytest.raises(ValueError):
        at_far(np.empty(0), 0.1)


def test_an_equal_distance_is_the_same_person() -> None:
    assert true_accept_rate(np.array([0.1, 0.2, 0.3, 0.4]), 0.2) == 0.5
    with pytest.raises(ValueError):
        true_accept_rate(np.empty(0), 0.2)


def test_tar_at_far_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(5)
    # two decimals, so that genuine and impostor distances tie
    impostors = np.sort(np.round(random.normal(1.0, 0.15, 4000), 2))
    genuine = np.round(random.normal(0.6, 0.15, 300), 2)
    labels = np.r_[np.zeros(len(impostors)), np.ones(len(genuine))]
    far, tar, _ = roc_curve(labels, -np.r_[impostors, genuine], drop_intermediate=False)
    for rate in (1e-3, 1e-2, 0.05, 0.3):
        assert true_accept_rate(genuine, at_far(impostors, rate)) == pytest.approx(tar[far <= rate + 1e-12].max())
    assert 0.1 < true_accept_rate(genuine, at_far(impostors, 1e-3)) < 0.9


def test_nothing_in_24_is_not_nothing() -> None:
    none = share_interval(np.zeros(24, bool), range(24))
    # Clopper–Pearson: 1 − 0.025^(1/24)
    assert (none.value, none.low, none.n, none.people) == (0, 0, 24, 24)
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 24))
    every = share_interval(np.ones(24, bool), range(24))
    assert (every.low, every.high) == (pytest.approx(0.025 ** (1 / 24)), 1)


def test_four_verifiers_do_not_make_four_times_the_people() -> None:
    people = np.repeat(np.arange(24), 4)
    interval = share_interval(np.zeros(96, bool), people)
    assert (interval.n, interval.people) == (96, 24)
    assert interval.high == pytest.approx(1 - 0.025 ** (1 / 24))
    # 10 + 1 + 1 pictures of three people count as 12² / 102 people
    uneven = share_interval(np.zeros(12, bool), ["a"] * 10 + ["b", "c"])
    assert uneven.high == pytest.approx(1 - 0.025 ** (102 / 144))


def test_share_interval_contains_clopper_pearson_and_the_bootstrap() -> None:
    hits = np.r_[np.ones(7), np.zeros(33)].astype(bool)
    interval = share_interval(hits, range(40))
    exact = stats.binomtest(7, 40).proportion_ci(0.95, "exact")
    assert interval.value == 7 / 40
    assert interval.low <= exact.low + 1e-12 and interval.high >= exact.high - 1e-12
    clustered = share_interval(np.repeat(hits, 3), np.repeat(np.arange(40), 3))  # three pictures that always agree
    assert clustered.low == pytest.approx(interval.low, abs=0.01)
    assert clustered.high == pytest.approx(interval.high, abs=0.01)
    assert share_interval(hits, range(40)) == interval  # the same seed
    narrow = share_interval(hits, range(40), level=0.5)
    assert interval.low < narrow.low < 7 / 40 < narrow.high < interval.high


def test_share_interval_covers() -> None:
    """Of 300 samples of 20 people with 1–4 pictures that all agree or all do not, at least 95 % hold the truth."""
    random = np.random.default_rng(6)
    covered = 0
    for trial in range(300):
        sizes = random.integers(1, 5, 20)
        hits = np.repeat(random.random(20) < 0.15, sizes)
        interval = share_interval(hits, np.repeat(np.arange(20), sizes), resamples=200, seed=trial)
        covered += interval.low <= 0.15 <= interval.high
    assert covered >= 285


def test_median_and_its_interval() -> None:
    values = np.random.default_rng(7).normal(5, 1, 101)
    interval = median_interval(values, range(101))
    assert interval.value == np.median(values)
    own = stats.bootstrap((values,), np.median, method="percentile", n_resamples=2000, rng=1).confidence_interval
    assert (interval.low, interval.high) == (pytest.approx(own.low, abs=0.06), pytest.approx(own.high, abs=0.06))
    even = median_interval([1.0, 2.0, 10.0, 20.0], range(4))
    assert (even.value, even.low, even.high) == (6, 1, 20)


def test_median_interval_resamples_people_and_not_pictures() -> None:
    values = np.r_[np.full(50, 1.0), np.full(50, 2.0)]
    interval = median_interval(values, ["a"] * 50 + ["b"] * 50)
    assert (interval.value, interval.low, interval.high, interval.people) == (1.5, 1, 2, 2)
    alone = median_interval(values, ["a"] * 100)
    assert alone.value == 1.5 and math.isnan(alone.low) and math.isnan(alone.high)
    with pytest.raises(ValueError, match="finite"):
        median_interval([1.0, math.nan], range(2))


@pytest.mark.parametrize("interval", [share_interval, median_interval])
def test_intervals_need_measurements_with_a_person_each(interval: object) -> None:
    for values, people in (([], []), ([1.0, 0.0], ["a"])):
        with pytest.raises(ValueError):
            interval(values, people)  # type: ignore[operator]


def test_pareto_front_by_hand() -> None:
    points = [(1, 5), (2, 3), (3, 3), (2, 4), (4, 1), (1, 5), (5, 1), (math.nan, 0), (6, 0.5)]
    assert pareto(points) == [True, True, False, False, True, True, False, False, True]
    assert pareto([]) == []


def test_pareto_front_by_the_definition() -> None:
    points = [tuple(map(float, p)) for p in np.random.default_rng(8).integers(0, 12, (80, 2))]
    slow = [not any(q[0] <= p[0] and q[1] <= p[1] and q != p for q in points) for p in points]
    assert pareto(points) == slow  # type: ignore[arg-type]
