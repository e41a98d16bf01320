"""A persona before a given background: cut out, put into its light, with nothing of the old place left at the edge.

    picture → matte → own colours at the edge → the light of the place → before it → judged again

The matte is MODNet's and the edge's own colours are found by blur fusion, as in `background`. Colour, brightness and side of the
light are carried over as far as colours tell (`light`). Where the picture's latent is known its light can be turned first, by the
learnt directions, as far as verifiers still take the face for the persona's.
"""

from dataclasses import dataclass

import numpy as np

from doppelganger import directions
from doppelganger.background import cover, foreground
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB
from doppelganger.keeping import Embeddings, Seen, see_beside
from doppelganger.networks import Networks
from doppelganger.persona.light import Change, Light, change_between, measure_light, relight, wrap_light

_L_OF_DIRECTION = {"light_left": 30.0, "light_above": 40.0}
"""L* of a background's slope that turns the light by one deviation."""
_TURN_SHARE = 0.5  # of the range in which two verifiers take the face for the same person


@dataclass(frozen=True)
class Placed:
    """``image``: uint8 [H, W, 3]. ``before``, ``place``: the light of the picture and of the background. ``change``: what was done
    to the person's colours. ``turned``: direction → strength by which the light was turned. ``seen``: the panel's word on the
    result."""

    image: RGB
    before: Light
    place: Light
    change: Change
    turned: dict[str, float]
    seen: Seen


def place(
    picture: RGB, background: RGB, reference: Embeddings, networks: Networks, latent: Latent | None = None
) -> Placed:
    """The person of ``picture`` before ``background``, both uint8; the background is cut to the picture's proportions.

    ``reference``: the persona's embeddings. ``latent``: the one that the picture was rendered from, where it is known.
    Raises NoFaceError.
    """
    turned: dict[str, float] = {}
    behind = cover(background, picture.shape[1], picture.shape[0])
    there = measure_light(behind)
    if latent is not None:
        picture, turned = turned_to(latent, there, picture, reference, networks)
    own = measure_light(picture)
    change = change_between(own, there)
    alpha = networks.matting.matte(picture)
    person = relight(foreground(picture, alpha), change)
    person = wrap_light(person, alpha, behind)
    mixed = behind + (person - behind) * alpha[:, :, None]
    image = np.asarray(np.clip(mixed.round(), 0, 255), np.uint8)
    return Placed(image, own, there, change, turned, see_beside(image, reference, networks))


def turned_to(
    latent: Latent, there: Light, picture: RGB, reference: Embeddings, networks: Networks
) -> tuple[RGB, dict[str, float]]:
    """The same person with the light from where it comes in the background, and the directions' strengths; the picture as it was
    where no more verifiers would take it for the persona."""
    known = directions.load()
    # light from the right of the picture comes from the person's left
    slopes = {"light_left": there.from_right, "light_above": -there.from_below}
    strengths = {}
    for name, slope in slopes.items():
        low, high = (_TURN_SHARE * end for end in known[name].identity_range)
        strengths[name] = float(np.clip(slope / _L_OF_DIRECTION[name], low, high))
    turned = networks.generator.synthesise(known.apply(latent, strengths))
    before, after = (see_beside(image, reference, networks).distances for image in (picture, turned))
    lost = any(after[name] > 1 >= before[name] for name in after)
    return (picture, {}) if lost else (turned, strengths)
