"""What the learning script does around the mathematics."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from doppelganger.directions.learning import Responses
from doppelganger.directions.measuring import NAMES
from doppelganger.directions.plan import PLANS, weights
from doppelganger.directions.reading import ATTRIBUTES
from doppelganger.networks import Networks

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture(scope="module")
def tool() -> dict[str, Any]:
    return runpy.run_path(str(TOOLS / "learn_directions.py"))


def test_half_of_the_population_is_mixed_by_groups(tool: dict[str, Any], networks: Networks) -> None:
    rows = tool["population_latents"](networks, 12, 3)
    assert rows.shape == (12, 16, 512)
    for i, face in enumerate(rows):
        for first, end in tool["GROUPS"]:
            assert (face[first:end] == face[first]).all()
        sources = {face[first].tobytes() for first, _ in tool["GROUPS"]}
        assert len(sources) == 1 + i % 2
    assert (tool["population_latents"](networks, 4, 3) == rows[:4]).all()  # asking for more changes no face


def test_plans_name_attributes_that_are_read() -> None:
    for plan in PLANS.values():
        assert plan.attribute in ATTRIBUTES and plan.sign in (-1, 1)
        assert set(plan.kin or ()) <= set(ATTRIBUTES)
        price = dict(zip(NAMES, weights(plan, NAMES), strict=True))
        assert price[plan.attribute] == 0 and max(price.values()) == 1


def test_the_polish_leaves_out_what_disturbs(tool: dict[str, Any]) -> None:
    """The first direction has two parts: one moves yaw alone, the other moves yaw and age, and who it is."""
    polished: Callable[..., tuple[np.ndarray, dict[str, Any]]] = tool["polished"]
    rng = np.random.default_rng(1)
    attributes = 0.02 * rng.standard_normal((20, 3, len(NAMES)))
    identity = 0.01 * rng.standard_normal((20, 3, 8))
    yaw, age = NAMES.index("yaw"), NAMES.index("age")
    attributes[:, :2, yaw] += 0.5
    attributes[:, 1, age] += 0.8
    identity[:, 1, 0] += 0.3
    attributes[:, 2, age] += 1.0  # another direction's part
    change, note = polished(PLANS["yaw"], 0, [(0, 0), (0, 1), (1, 0)], Responses(attributes, identity))
    effect = np.einsum("c,sca->a", change, attributes) / 20
    assert effect[yaw] == pytest.approx(1)
    assert abs(effect[age]) < 0.2
    assert note["selectivity"][note["chosen"]] > 2 * note["selectivity"]["all groups"]
