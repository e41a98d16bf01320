"""The picture of docs/wear.md: a persona before four places, pasted (above) and placed (below).

    python tools/place_picture.py docs/pictures/place.jpg [--seed 12]

Two of the places are scikit-image's (the rocket on its pad, NASA; a cup of coffee, CC0), two are painted walls: warm light from
the left, cold light from the right.
"""

import argparse
from pathlib import Path

import numpy as np
import skimage.data

from doppelganger.background import cover, new_background
from doppelganger.images import RGB, resize, write_atomically
from doppelganger.networks import Networks
from doppelganger.persona.making import from_seed
from doppelganger.persona.placing import place
from doppelganger.provenance import SourceType, synthetic_jpeg

SIDE = 400


def wall(colour: tuple[int, int, int], from_right: float) -> RGB:
    """Plaster in light from one side, uint8 [600, 900, 3]."""
    slope = 1 + from_right * np.linspace(-0.5, 0.5, 900)[None, :, None]
    grain = np.random.default_rng(0).normal(1, 0.02, (600, 900, 1))
    return np.asarray(np.clip(np.array(colour) * slope * grain, 0, 255), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=12)
    args = parser.parse_args()
    networks = Networks()
    persona = from_seed("the persona", args.seed, networks)
    alpha = networks.matting.matte(persona.reference)
    places = [
        np.asarray(skimage.data.rocket()),
        np.asarray(skimage.data.coffee()),
        wall((200, 140, 90), -0.9),
        wall((110, 140, 180), 0.9),
    ]
    columns = []
    for background in places:
        pasted = new_background(persona.reference, alpha, cover(background, 1024, 1024))
        placed = place(persona.reference, background, persona.front, networks, persona.latent)
        print({name: round(share, 2) for name, share in placed.seen.distances.items()}, placed.turned, flush=True)
        columns.append(np.vstack([resize(image, SIDE, SIDE) for image in (pasted, placed.image)]))
    write_atomically(args.out, synthetic_jpeg(np.hstack(columns), 88, SourceType.COMPOSITE))


if __name__ == "__main__":
    main()
