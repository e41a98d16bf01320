"""Attacker (a): his ranks by hand, and the real search, back toward two suspects."""

import numpy as np

from doppelganger.evaluation.inversion import SUSPECTS, Attacker, SearchedBack, rank_of
from doppelganger.images import RGB
from doppelganger.networks import Networks
from doppelganger.projection import ProjectionSettings
from doppelganger.verifiers.face_of import largest_face


def test_ranks_before_and_after_by_hand() -> None:
    found = SearchedBack(suspects=[2, 0, 1], before=[0.5, 0.6, 0.4, 0.9], after=[0.8, 0.3, 0.7])
    assert rank_of(0, found) == (2, 1)  # second before, the nearest after the search
    assert rank_of(2, found) == (1, 3)
    assert rank_of(3, found) == (4, 4)  # was no suspect, so nobody searched for it


def test_the_person_in_the_picture_is_reached_and_a_stranger_is_not(
    stranger: RGB, astronaut: RGB, networks: Networks
) -> None:
    photos = [astronaut, stranger]
    faces = [networks.panel.embed(photo, largest_face(networks.detector, photo)) for photo in photos]
    gallery = {m.name: np.stack([face[m.name] for face in faces]) for m in networks.panel.members}
    short = ProjectionSettings(w_steps=6, w_plus_steps=6)
    found = Attacker(gallery, networks).search_back(stranger, short)
    assert found.suspects == [1, 0] and len(found.suspects) <= SUSPECTS
    assert found.before[1] < 1e-6 < found.before[0]
    assert found.after[0] < found.after[1]
    assert rank_of(1, found) == (1, 1) and rank_of(0, found) == (2, 2)
