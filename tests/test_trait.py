"""What strangers would guess is held, as a network says that the search does not ask."""

import numpy as np
import pytest
import torch

from doppelganger.doppelganger import project_subject, search_nearest
from doppelganger.faces.apparent import ApparentSex
from doppelganger.faces.attributes import AgeSexEstimator
from doppelganger.faces.second_opinion import SecondOpinion
from doppelganger.images import RGB
from doppelganger.nearest import NearestSettings
from doppelganger.networks import Networks
from doppelganger.progress import silent
from doppelganger.projection import ProjectionSettings
from doppelganger.settings import Settings
from doppelganger.subject import see
from doppelganger.trait import Trait, apparent_sex
from doppelganger.verifiers.face_of import largest_face


def test_the_guess_is_the_estimators(networks: Networks, stranger: RGB, astronaut: RGB) -> None:
    estimator = AgeSexEstimator(networks.store)
    for face in (stranger, astronaut):
        landmarks = networks.landmarks.detect(face, largest_face(networks.detector, face))
        guess = apparent_sex(face, landmarks, networks.apparent_sex, networks.device).portrait
        share = np.clip(estimator.estimate(face, landmarks).female, 1e-9, 1 - 1e-9)
        assert guess == pytest.approx(np.clip(np.log(share / (1 - share)), -4, 4), abs=0.01)


def test_the_penalty_pulls_towards_the_guess(networks: Networks) -> None:
    chips = (torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(5)) * 2 - 1).requires_grad_()
    with torch.no_grad():
        now = float(networks.apparent_sex(chips)[0])
    assert abs(now) < 3.9, "a guess that is sure either way has no slope, and nothing is tested"
    trait = Trait("sex", networks.apparent_sex, ApparentSex.side, now + 1, 2.0)
    before = trait.penalty(chips)
    assert before.item() == pytest.approx(0.5 * 0.5**2, abs=1e-4)
    (slope,) = torch.autograd.grad(before, chips)
    with torch.no_grad():
        nearer = chips - 0.05 * before.item() / slope.square().sum().item() * slope
    assert trait.penalty(nearer).item() == pytest.approx(0.95 * before.item(), rel=0.02)


def test_a_woman_stays_a_woman(networks: Networks, astronaut: RGB) -> None:
    """Recognisers go by sex, too: without the trait another network reads the astronaut's doppelgänger as a man."""
    subject = see(astronaut, networks)
    closest = project_subject(subject, networks, ProjectionSettings(w_plus_steps=24)).closest
    second = SecondOpinion(networks.store)

    def female(weight: float) -> float:
        settings = Settings(nearest=NearestSettings(trait_weight=weight, rounds=1))
        _, views = search_nearest(subject, closest, networks, settings, silent)
        face = largest_face(networks.detector, views.image)
        return second.age_sex(views.image, networks.landmarks.detect(views.image, face)).female

    assert female(NearestSettings.trait_weight) > female(0.0) + 0.2
