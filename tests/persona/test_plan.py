import numpy as np
import pytest

from doppelganger import directions
from doppelganger.persona.plan import ABSOLUTE, PALETTE, SetError, load_set, parse_set


def test_the_shipped_set_names_only_what_there_is_and_stays_in_range():
    holidays = load_set("holidays")
    known = directions.load()
    assert holidays.name == "holidays"
    for looks in holidays.looks.values():
        for values in looks.values():
            for name, value in values.items():
                low, high = known[name].valid_range
                assert name in ABSOLUTE or low <= value <= high, name
    assert set(holidays.vary) - {PALETTE} <= set(known)
    assert len(holidays.looks["expression"]) >= 3 and len(holidays.looks["hair"]) >= 3


def test_also_a_short_series_walks_through_all():
    holidays = load_set("holidays")
    wishes = holidays.wishes(7, seed=1)
    yaws = sorted(w.values["yaw"] for w in wishes)
    np.testing.assert_allclose(yaws, np.linspace(*holidays.vary["yaw"], 7))
    assert {w.looks["hair"] for w in wishes} == set(holidays.looks["hair"])
    assert {w.looks["expression"] for w in wishes} == set(holidays.looks["expression"])


def test_the_same_seed_gives_the_same_series_and_another_another():
    holidays = load_set("holidays")
    assert holidays.wishes(12, 3) == holidays.wishes(12, 3) != holidays.wishes(12, 4)


def test_what_looks_and_ranges_ask_adds_up():
    made = parse_set("looks: {a: {x: {fringe: 1}}, b: {y: {fringe: 0.5, age: 4}}}\nvary: {yaw: [10, 10]}", "s.yaml")
    (wish,) = made.wishes(1, 0)
    assert wish.values == {"yaw": 10.0, "fringe": 1.5, "age": 4.0} and wish.looks == {"a": "x", "b": "y"}


def test_given_pictures_come_first():
    text = "looks:\n  hair:\n    grey: {hair_grey: 2}\npictures:\n  - {yaw: -20, hair: grey}\n"
    first, second = parse_set(text, "s.yaml").wishes(2, 0)
    assert first.values == {"yaw": -20.0, "hair_grey": 2.0}
    assert second.values == {"hair_grey": 2.0} and second.looks == {"hair": "grey"}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", None, "is empty"),
        ("vary: [1", 1, "not YAML"),
        ("- 1", 1, "name: value"),
        ("name: x\ncolour: 1", 2, "no 'colour'"),
        ("vary:\n  yaw: [-1, 1]\n  nose: [0, 1]", 3, "no direction 'nose'"),
        ("vary:\n  yaw: [3, 1]", 2, "the smaller first"),
        ("vary:\n  yaw: [1]", 2, "two numbers"),
        ("vary:\n  yaw: [a, 1]", 2, "a number is needed"),
        ("vary:\n  yaw: [.nan, 1]", 2, "a number is needed"),
        ("vary:\n  yaw: 1", 2, "a list is needed"),
        ("looks:\n  hair:\n    red: {hair_red: much}", 3, "a number is needed"),
        ("looks:\n  hair: {}", 2, "has no looks"),
        ("looks:\n  hair:\n    own: {}\npictures:\n  - {hair: blue}", 5, "no hair 'blue'; choose from own"),
        ("vary:\n  yaw: [1, 2]\n  yaw: [1, 3]", 3, "twice"),
    ],
)
def test_a_mistake_is_a_sentence_with_its_line(text, line, says):
    with pytest.raises(SetError) as error:
        parse_set(text, "mine.yaml")
    sentence = str(error.value)
    assert says in sentence and sentence.startswith("mine.yaml") and sentence.endswith(".")
    assert line is None or f"line {line}" in sentence
    assert error.value.exit_code == 2


def test_a_set_that_is_not_there_is_said(tmp_path):
    with pytest.raises(SetError, match="cannot be read"):
        load_set(str(tmp_path / "none.yaml"))
    with pytest.raises(SetError, match="UTF-8"):
        (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
        load_set(str(tmp_path / "bytes.yaml"))
