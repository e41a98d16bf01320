import numpy as np

from doppelganger.keeping import whole_latent
from doppelganger.persona.making import from_result
from doppelganger.persona.persona import CONSENT_OF_ONE
from doppelganger.result import PathRecord, Pictures, Provenance, Result


def test_a_doppelganger_stays_as_it_looks_and_brings_nothing_of_the_photo(networks):
    generator = networks.generator
    latent = whole_latent(generator.w_mean + 0.6 * (generator.sample(1, 8)[0] - generator.w_mean), networks)
    latent[25, :9] = 0.05
    photo = np.full((1024, 1024, 3), 77, np.uint8)
    result = Result(
        Pictures(photo, photo, photo, None, None),
        PathRecord((), {}),
        (),
        (),
        {"doppelganger": latent, "closest": latent},
        Provenance("digest", "salt", 0, {}, {}, {}, "now"),
        {},
    )
    persona = from_result("me", result, networks)
    np.testing.assert_array_equal(persona.latent, latent)
    np.testing.assert_array_equal(persona.reference, generator.synthesise(latent))
    assert persona.consent == CONSENT_OF_ONE
    assert persona.provenance["salted_digest"] == "digest" and "seed" not in persona.provenance
    assert not any(np.array_equal(image, photo) for image in (persona.reference, *persona.views.values()))
