"""A new persona: from a seed, from a latent that somebody chose, or from a doppelgänger."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from doppelganger import directions
from doppelganger.directions.reader import FaceReader
from doppelganger.errors import TooYoungError
from doppelganger.generators.protocol import Latent
from doppelganger.invented import PSI, invented
from doppelganger.keeping import whole_latent
from doppelganger.networks import Networks
from doppelganger.persona.persona import CONSENT, CONSENT_OF_ONE, Persona, usual_bounds
from doppelganger.recording import now, trained_here, versions
from doppelganger.result import Result, require_made_by
from doppelganger.verifiers.face_of import largest_face
from doppelganger.verifiers.protocol import Verifier
from doppelganger.verifiers.views import Views
from doppelganger.weights.run import PLAIN_RUN

ADULT = 18.0
"""Years that a face must look like, as the network guesses them: no persona is made of a child."""
VIEWS: Mapping[str, Mapping[str, float]] = {
    "turned left": {"yaw": 9.0},
    "turned right": {"yaw": -9.0},
    "smiling": {"smile": 1.0},
    "other light": {"light_left": 1.2},
}
"""Strengths at which two verifiers take the face for the same person (docs/directions.md): these views need no keeping."""
STRAIGHTENED = 3
"""Looks at the head's pose while it is turned to the camera."""


def from_seed(name: str, seed: int, networks: Networks, reader: FaceReader | None = None) -> Persona:
    """The person of a seed (`invented`), facing the camera. Raises NoFaceError where the generator shows none."""
    w = invented(seed, networks.generator)
    return from_latent(name, w, networks, reader, {"made": "from a seed", "seed": seed, "truncation": PSI})


def from_result(name: str, result: Result, networks: Networks, reader: FaceReader | None = None) -> Persona:
    """The doppelgänger of a saved result, as it looks; the photo's digest comes along, nothing else of the photo.

    Raises OtherGeneratorError for another generator's.
    """
    require_made_by(networks.another, result)
    source = {
        "made": "from a doppelgänger",
        "salted_digest": result.provenance.salted_digest,
        "salt": result.provenance.salt,
    }
    latent = result.latents["doppelganger"]
    return from_latent(name, latent, networks, reader, source, straighten=False, consent=CONSENT_OF_ONE)


def from_latent(
    name: str,
    latent: Latent,
    networks: Networks,
    reader: FaceReader | None = None,
    source: Mapping[str, Any] | None = None,
    *,
    straighten: bool = True,
    consent: str = CONSENT,
) -> Persona:
    """The person of any latent. ``straighten``: first turn the head to the camera, since the person is not known to anybody yet.

    Raises NoFaceError, and TooYoungError for a face that looks like a child's.
    """
    reader = reader or FaceReader(networks)
    latent = whole_latent(latent, networks)
    if straighten:
        latent = facing_camera(latent, networks)
    reference = networks.generator.synthesise(latent)
    likeness = dict(reader.read(reference).values)
    if likeness["age"] < ADULT:
        raise TooYoungError("This face looks like a child's; personas are made of grown-ups alone.")
    views = {view: networks.generator.synthesise(directions.apply(latent, by)) for view, by in VIEWS.items()}
    members = networks.panel.members
    seen = [Views(image, networks.detector, name).clean(members) for image in (reference, *views.values())]
    return Persona(
        name,
        latent,
        reference,
        views,
        seen[0],
        {m.name: middle(m, [one[m.name] for one in seen]) for m in members},
        likeness,
        usual_bounds(),
        consent,
        {
            **(source or {"made": "from a latent"}),
            "created": now(),
            "versions": versions(),
            "weights": {weight: networks.store.digest(weight) for weight in PLAIN_RUN} | trained_here(),
        },
    )


def facing_camera(latent: Latent, networks: Networks) -> Latent:
    """The face turned until it looks straight ahead, as the head pose network sees it."""
    for _ in range(STRAIGHTENED):
        image = networks.generator.synthesise(latent)
        pose = networks.landmarks.detect(image, largest_face(networks.detector, image, "the persona"))
        if max(abs(pose.yaw), abs(pose.pitch)) < 1.5:
            break
        latent = directions.apply(latent, {"yaw": -pose.yaw, "pitch": -pose.pitch})
    return latent


def middle(member: Verifier, embeddings: list[np.ndarray]) -> np.ndarray:
    """The mean of embeddings as the member measures: of unit vectors where only the angle counts."""
    if member.metric == "euclidean":
        return np.asarray(np.mean(embeddings, 0), np.float32)
    return np.asarray(np.mean([e / np.linalg.norm(e) for e in embeddings], 0), np.float32)
