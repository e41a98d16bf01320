"""Who is meant in a picture that shows two people."""

import numpy as np

from doppelganger.images import RGB, resize
from doppelganger.invented import invented
from doppelganger.networks import Networks
from doppelganger.subject import of_aligned
from doppelganger.verifiers.face_of import central_face
from doppelganger.verifiers.views import Views


def beside_somebody_larger(portrait: RGB, neighbour: RGB) -> RGB:
    """A portrait in the FFHQ geometry with a part of another, larger one over its right edge."""
    large = resize(neighbour, 1229, 1229)
    picture = portrait.copy()
    picture[:, 600:] = large[176:1200, 202:626]
    return picture


def test_in_an_aligned_portrait_the_face_in_the_middle_is_meant_not_the_largest(networks: Networks) -> None:
    person, neighbour = (networks.generator.synthesise(invented(seed, networks.generator)) for seed in (3, 8))
    picture = beside_somebody_larger(person, neighbour)
    left = networks.detector.detect(picture)[0].box[0]
    assert left > 600, "the neighbour's face must be the largest, or nothing is tested"
    seen = of_aligned(picture, networks)
    shown = Views(picture, networks.detector).clean(networks.panel.members)
    own, others = (networks.panel.embed(face, central_face(networks.detector, face)) for face in (person, neighbour))
    for member in networks.panel.members:
        name = member.name
        assert member.distance(seen.embeddings[name], own[name]) < member.distance(seen.embeddings[name], others[name])
        np.testing.assert_array_equal(shown[name], seen.embeddings[name])
