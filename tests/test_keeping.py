from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from doppelganger import directions
from doppelganger.keeping import KeepSettings, keep, see_beside, whole_latent
from doppelganger.nearest import Searched
from doppelganger.verifiers.views import Views


@pytest.fixture(scope="module")
def person(networks):
    """w of a generated person, and what the panel makes of the face."""
    w = networks.generator.w_mean + 0.7 * (networks.generator.sample(1, 1)[0] - networks.generator.w_mean)
    return w, embedded(w, networks)


def embedded(w, networks):
    return Views(networks.generator.synthesise(w), networks.detector).clean(networks.panel.members)


def test_a_constraint_has_a_side():
    outside = Searched("toy", nn.Identity(), 112, True, 0.5, np.zeros(2, np.float32), stranger=3.0)
    inside = replace(outside, within=0.4, role="own")
    assert (outside.goal(0.5), inside.goal(0.5)) == (2.0, 0.4)
    assert outside.clearance(1.25) == 0.25 and inside.clearance(1.25) == -0.25
    assert (outside.key, inside.key) == ("toy", "toy own")
    assert float(inside.distance(torch.tensor([[0.3, 0.4]]))) == pytest.approx(1.0)


def test_an_edited_face_gets_its_person_back(networks, person):
    w, own = person
    kept = keep(directions.apply(w, {"yaw": 25.0}), own, networks)
    assert min(kept.before.distances.values()) > 1.3, "the edit must lose the person to everybody, or nothing is tested"
    assert kept.accepted and kept.face.same
    assert kept.held_out == ("EdgeFace-S",)
    turned = [
        networks.landmarks.detect(i, networks.detector.detect(i)[0]).yaw for i in (kept.before.image, kept.face.image)
    ]
    assert abs(turned[0]) > 15 and turned[1] == pytest.approx(turned[0], rel=0.25), "the head stays turned"
    assert 0 < kept.lpips < 0.15
    np.testing.assert_array_equal(kept.latent[:16], directions.apply(w, {"yaw": 25.0}))


def test_what_is_the_person_already_is_left_alone(networks, person):
    w, own = person
    kept = keep(w, own, networks)
    assert kept.accepted and kept.steps == 0 and kept.lpips == 0
    np.testing.assert_array_equal(kept.latent, whole_latent(w, networks))
    np.testing.assert_array_equal(kept.face.image, networks.generator.synthesise(w))


def test_near_one_person_and_away_from_another_at_once(networks, person):
    """A face half-way between two people belongs to the first in the end, and not to the second."""
    w, own = person
    other = networks.generator.w_mean + 0.7 * (networks.generator.sample(1, 2)[0] - networks.generator.w_mean)
    between, theirs = 0.35 * w + 0.65 * other, embedded(other, networks)
    settings = KeepSettings(held_out=("dlib", "edgeface"))
    kept = keep(between, own, networks, settings, away=[theirs])
    assert min(kept.before.apart[0].values()) < 1 < max(kept.before.distances.values())
    assert kept.accepted
    for name in ("SFace", "ArcFace-MBF"):
        assert kept.face.distances[name] <= 0.8 and kept.face.apart[0][name] >= 1.2
    again = see_beside(kept.face.image, own, networks, away=[theirs])
    assert again.distances == kept.face.distances and again.apart == kept.face.apart
