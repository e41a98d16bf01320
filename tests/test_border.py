import pytest

from doppelganger.border import coarse_steps, find_borders, find_flips, path_border
from doppelganger.result import Flip


def test_coarse_scan_ends_with_the_closest_match():
    assert coarse_steps(11, 4) == [0, 4, 8, 10]
    assert coarse_steps(1, 4) == [0]


@pytest.mark.parametrize("flip", range(1, 40))
def test_bisection_finds_the_neighbouring_pair(flip):
    assert find_flips(40, lambda step: step < flip, stride=7) == (Flip(inside=flip, outside=flip - 1),)


def test_several_flips_are_all_reported_with_their_side():
    flips = find_flips(30, lambda step: step < 5 or 14 <= step < 22, stride=3)
    assert flips == (Flip(inside=5, outside=4), Flip(inside=13, outside=14), Flip(inside=22, outside=21))


def test_never_flipping_is_an_answer():
    assert find_flips(30, lambda step: True, stride=4) == ()


def test_panel_is_different_only_where_every_member_is_and_no_face_is_judged_twice():
    asked = []

    def judge(step):
        asked.append(step)
        return {"a": 1.0 - step / 20, "b": 1.0 - step / 40}

    a, b, panel = find_borders(21, judge, {"a": 0.5, "b": 0.8}, stride=5)
    assert a.flips == (Flip(inside=10, outside=9),)
    assert b.flips == (Flip(inside=8, outside=7),)
    assert panel.flips == b.flips
    assert len(asked) == len(set(asked)) == len(a.scanned)
    assert dict(a.scanned)[0] == 1.0


def test_the_original_rule_walks_back_from_the_closest_match():
    distances = [0.9, 0.8, 0.5, 0.7, 0.4, 0.3]
    assert path_border(6, lambda step: {"dlib": distances[step]}, "dlib", 0.6) == 3
    assert path_border(6, lambda step: {"dlib": 0.1}, "dlib", 0.6) is None
