import numpy as np
import pytest

from doppelganger.persona.variety import expression, hair_look, variety

PLAIN = {
    "yaw": 0.0,
    "pitch": 0.0,
    "age": 40.0,
    "light_left": 0.0,
    "background": 50.0,
    "smile": 0.1,
    "mouth_open": 0.02,
    "brow_raise": 0.0,
    "fringe": 0.2,
    "hair_black": 0.1,
    "hair_brown": 0.6,
    "hair_blond": 0.1,
    "hair_red": 0.1,
    "hair_grey": 0.1,
}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({}, "neutral"),
        ({"smile": 0.6}, "smiling"),
        ({"smile": 0.9, "mouth_open": 0.2}, "laughing"),
        ({"mouth_open": 0.2}, "surprised"),
        ({"brow_raise": -0.5}, "serious"),
    ],
)
def test_expressions(change, name):
    assert expression(PLAIN | change) == name


def test_hair_is_its_colour_and_the_forehead():
    assert hair_look(PLAIN) == "brown, aside"
    assert hair_look(PLAIN | {"hair_red": 0.7, "fringe": 0.6}) == "red, fringe"
    assert hair_look(PLAIN | {"fringe": 0.0}) == "brown, back"
    assert hair_look(PLAIN | {"hair_black": np.nan}) == "none"


def test_spans_of_a_series():
    series = [
        PLAIN | {"yaw": yaw, "age": 30.0 + k, "smile": 0.6 * (k % 2)} for k, yaw in enumerate((-20.0, 0.0, 5.0, 25.0))
    ]
    found = variety(series)
    assert found.spans["yaw"] == (-20.0, 25.0) and found.spans["age"] == (30.0, 33.0)
    assert -20 < found.middle["yaw"][0] < found.middle["yaw"][1] < 25
    assert found.expressions == {"neutral": 2, "smiling": 2} and found.hair == {"brown, aside": 4}
