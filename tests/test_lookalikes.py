import json

import numpy as np
import pytest

from doppelganger.keeping import whole_latent
from doppelganger.lookalike_folder import save
from doppelganger.lookalikes import agrees, corrected, look_alikes, mixed_in, ranked
from doppelganger.subject import of_aligned
from doppelganger.verifiers.protocol import OperatingPoint


class Read(dict):
    hair_colour = "brown"


def test_what_is_missing_is_asked_of_its_own_direction_within_its_range():
    own, there = Read(yaw=10.0, smile=1.0, age=500.0), Read(yaw=4.0, smile=1.0, age=40.0)
    better = corrected({"yaw": 1.0, "smile": 0.5, "age": 0.0}, own, there)
    assert better["yaw"] == pytest.approx(7.0) and better["smile"] == 0.5
    assert 0 < better["age"] < 100, "no further than the direction goes"
    assert corrected({"smile": 0.5}, Read(smile=np.nan), there) == {"smile": 0.5}


def test_faces_agree_when_nothing_differs_too_much():
    own = Read(yaw=0.0, pitch=0.0, age=40.0, female=1.0, smile=0.5)
    assert agrees(own, Read(own | {"age": 49.0})) and not agrees(own, Read(own | {"age": 51.0}))
    assert not agrees(own, Read(own | {"age": 49.0}), 0.5)
    red = Read(own)
    red.hair_colour = "red"
    assert not agrees(own, red)


def test_features_alone_are_mixed(networks):
    latent = whole_latent(networks.generator.w_mean, networks)
    latent[20] = 1
    mixed = mixed_in(latent, 1, 0.5, networks)
    moved = np.flatnonzero(np.abs(mixed - latent).max(1))
    assert set(moved) == {*range(3, 9), 20} and mixed[20, 0] == 0.5


def test_two_look_alikes_are_strangers_to_the_portrait_and_to_one_another(networks, tmp_path):
    """The portrait is a generated face, so that its projection is known."""
    generator = networks.generator
    latent = whole_latent(generator.w_mean + 0.7 * (generator.sample(1, 3)[0] - generator.w_mean), networks)
    subject = of_aligned(generator.synthesise(latent), networks)
    found = list(look_alikes(subject, latent, 2, networks))
    assert len(found) == 2
    faces = [subject.embeddings, *(one.seen.embeddings for one in found)]
    for a in range(3):
        for b in range(a):
            for m in networks.panel.members:
                assert m.distance(faces[a][m.name], faces[b][m.name]) > m.thresholds[OperatingPoint.PRIVACY].value
    for one in found:
        (yaw, theirs), (female, their_sex) = one.shares["yaw"], one.shares["female"]
        assert theirs == pytest.approx(yaw, abs=8) and (their_sex > 0.5) == (female > 0.5)
        assert one.held_out == ("EdgeFace-S",)
    folder = save(ranked(found), subject.portrait.image, tmp_path / "alike")
    record = json.loads((folder / "private" / "lookalikes.json").read_text("utf-8"))["lookalikes"]
    assert [one["lpips"] for one in record] == sorted(round(one.lpips, 4) for one in found)
    assert sorted(path.name for path in (folder / "share").iterdir()) == ["lookalike-01.png", "lookalike-02.png"]
    assert save(found, subject.portrait.image, tmp_path / "alike").name == "alike-2"
