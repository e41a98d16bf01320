"""Wishes as bounds on what is measured."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from doppelganger.cli.traits import FLAGS, OTHERS
from doppelganger.directions import load
from doppelganger.directions.reading import ATTRIBUTES, Reading
from doppelganger.sculpting.foresight import foresight
from doppelganger.sculpting.mirror import Look
from doppelganger.sculpting.traits import LEAD, TRAITS
from doppelganger.sculpting.wish import WishError, holding, wish


def changed(reading: Reading, **values: float) -> Reading:
    return replace(reading, values=MappingProxyType({**reading.values, **values}))


def test_every_word_of_every_trait_has_a_reader_and_a_direction() -> None:
    for trait in TRAITS.values():
        bounds = [bound for word in trait.words for bound in wish({trait.name: word}).all_bounds]
        if trait.number is not None:
            bounds += wish({trait.name: trait.number[-1]}).all_bounds
        assert bounds
        for bound in bounds:
            assert bound.attribute.removeprefix(LEAD) in ATTRIBUTES or bound.attribute.startswith(LEAD)
            assert bound.direction in load()
            assert bound.low <= bound.aim <= bound.high
            assert bound.miss(bound.aim) == 0 and bound.miss(float("nan")) > 0


def test_the_command_line_offers_every_trait() -> None:
    assert {*FLAGS, *OTHERS} == set(TRAITS)
    for name in FLAGS:
        assert set(TRAITS[name].words) == {"yes", "no"}


def test_what_lies_outside_is_missed_by_how_far(plain: Look) -> None:
    asked = wish({"age": 40, "sex": "female"})
    there = changed(plain.reading, age=41.0, female=0.99)
    assert asked.miss(there) == 0 and asked.reached(there) == ("age", "sex")
    older, oldest = (changed(plain.reading, age=age, female=0.99) for age in (50.0, 60.0))
    assert 0 < asked.miss(older) < asked.miss(oldest)
    assert asked.reached(older) == ("sex",)


def test_signed_numbers_count_from_the_face(plain: Look) -> None:
    face = changed(plain.reading, age=30.0, yaw=5.0)
    (age,), (yaw,) = wish({"age": "+20", "yaw": "-10"}, face).bounds.values()
    assert (age.aim, yaw.aim) == (50.0, -5.0)
    ((yaw,),) = wish({"yaw": "=-10"}, face).bounds.values()
    assert yaw.aim == -10.0
    ((age,),) = wish({"age": "+70"}, face).bounds.values()
    assert age.aim == 78.0  # as far as it goes


def test_what_is_not_asked_is_held_but_not_reported(plain: Look) -> None:
    face = changed(plain.reading, age=30.0, yaw=5.0, female=0.9)
    held = holding({"age": "+20"}, face)
    assert held.reached(changed(face, age=50.0)) == ("age",)
    turned = changed(face, age=50.0, yaw=15.0, female=0.2)
    assert held.reached(turned) == ("age",) and held.miss(turned) > held.miss(changed(face, age=50.0)) == 0
    assert "age" not in [bound.attribute for bound in held.held]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"tail": "long"}, "There is no trait 'tail'"),
        ({"hair": "green"}, "hair takes black or brown or blond or red or grey, not 'green'"),
        ({"age": "old"}, "age takes a number from 6 to 78, not 'old'"),
        ({"age": 200}, "age takes a number from 6 to 78, not 200"),
        ({"smile": "nan"}, "smile takes a number from 0 to 1, not nan"),
    ],
)
def test_what_cannot_be_asked_is_said(asked: dict[str, str | float], said: str) -> None:
    with pytest.raises(WishError, match=said):
        wish(asked)


def test_foresight_knows_every_attribute() -> None:
    known = foresight()
    assert set(known.mean) == set(ATTRIBUTES)
    assert known.guess(known.at[None], "age") == pytest.approx(known.mean["age"])
    assert min(known.explained[name] for name in ("yaw", "age", "female", "smile")) > 0.5
    assert np.isfinite(known.slopes).all()
