"""Everything in the drawing is where its number says."""

from itertools import pairwise

import pytest
from sample import STEPS, THRESHOLDS, bare_result, sample_result

from doppelganger.report import continuum
from doppelganger.report.continuum import LEFT, RIGHT, draw


def test_frames_share_the_row_from_the_mean_face_to_the_closest_match() -> None:
    frames = draw(sample_result()).frames
    assert [frame.step for frame in frames] == [0, 8, 16, 24, 32, STEPS - 1]
    assert frames[0].x >= LEFT and frames[-1].x + frames[-1].size <= RIGHT
    assert all(b.x - a.x == pytest.approx((RIGHT - LEFT) / 6) for a, b in pairwise(frames))


def test_one_is_the_border_for_every_verifier() -> None:
    result = sample_result()
    drawing = draw(result)
    for lane, border in zip(drawing.lanes, result.borders, strict=True):
        for (_, y), (_, distance) in zip(lane.line, border.scanned, strict=True):
            assert (y < drawing.border) == (distance > THRESHOLDS[lane.name])
        if lane.dot:
            assert lane.dot.y < lane.dot.y_worst < drawing.border  # up is further away


def test_a_flip_is_marked_between_its_two_frames() -> None:
    drawing = draw(sample_result())
    mark = drawing.lanes[0].marks[0]  # between steps 11 and 12, so right of the frame of step 8, left of that of 16
    centres = dict(drawing.axis)
    assert centres[8] < mark.x < centres[16]
    assert mark.x == pytest.approx(centres[8] + (centres[16] - centres[8]) * 3.5 / 8)


def test_lanes_of_several_flips_and_of_none() -> None:
    lanes = {lane.name: lane for lane in draw(bare_result()).lanes}
    assert [span.different for span in lanes["dlib"].spans] == [True, False, True, False]
    assert lanes["dlib"].word == "flips between 5 and 6, 17 and 18, 30 and 31"
    assert lanes["SFace"].word == "never flips: same all the way"
    assert lanes["ArcFace-MBF"].word == "never flips: different all the way"
    assert lanes["panel"].word == "never flips: same all the way"
    for lane in lanes.values():
        assert (lane.spans[0].start, lane.spans[-1].end) == (LEFT, RIGHT)


def test_too_many_frames_are_thinned_but_the_ends_stay() -> None:
    chosen = continuum.evenly(list(range(100)), 12)
    assert len(chosen) == 12 and chosen[0] == 0 and chosen[-1] == 99


@pytest.mark.parametrize("highest", [1e-6, 0.0199, 0.1, 0.3, 0.5, 0.525, 0.9999, 1.0, 7.3, 10.0])
def test_ticks_are_few_and_reach_the_top(highest: float) -> None:
    ticks = continuum.round_steps(highest)
    assert ticks[0] == 0 and 3 <= len(ticks) <= 6
    assert ticks[-1] <= highest <= ticks[-1] + 1.001 * ticks[1]
