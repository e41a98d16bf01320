"""The pictures of docs/puppet.md: what is known of a driver, and what avatars make of it.

    python tools/puppet_pictures.py DRIVER.mp4 WORK docs/pictures

Of the driver only the motion is drawn, as a rendering server gets it: no picture of a person is in the documents who is not
invented or free. The swap at the bottom is done on the film of an avatar. WORK: the rigs that `benchmarks/puppet.py` left there.
"""

import argparse
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image

from doppelganger.images import RGB, resize_area, write_atomically
from doppelganger.networks import Networks
from doppelganger.provenance import SourceType, synthetic_jpeg, xmp
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.puppet import Puppet
from doppelganger.puppet.rig import Rig
from doppelganger.puppet.topology import LEFT_EYE, LIPS_INNER, LIPS_OUTER, OVAL, RIGHT_EYE
from doppelganger.puppet.tracker import Tracker

TILE = 256
MOMENTS = (28, 99, 330, 400, 520, 640)
"""Frames of the driver's video: at rest, a blink, speaking, a wide mouth, turned, leant back."""
CLIP = range(380, 540)
REFERENCE = 28


def drawn(motion: Motion) -> RGB:
    """[256, 256, 3]: the motion as points and lines."""
    points = motion.points[:, :2]
    eyes = np.linalg.norm(motion.points[33] - motion.points[263])
    middle = np.array([0.5 * motion.width, 0.5 * motion.height])
    at = (points - middle) * (0.36 * TILE / max(eyes, 1)) + TILE / 2
    picture = np.full((TILE, TILE, 3), (24, 26, 32), np.uint8)
    for x, y in at:
        cv2.circle(picture, (round(float(x)), round(float(y))), 1, (110, 130, 160), -1, cv2.LINE_AA)
    for outline in (OVAL, LIPS_OUTER, LIPS_INNER, RIGHT_EYE, LEFT_EYE):
        cv2.polylines(picture, [np.rint(at[list(outline)]).astype(np.int32)], True, (235, 190, 110), 1, cv2.LINE_AA)
    return picture


def main() -> None:
    """Make them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("driver", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rigs", nargs="*", default=["doppelganger", "seed-3", "seed-7", "seed-20"])
    arguments = parser.parse_args()
    networks = Networks()
    with av.open(str(arguments.driver)) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    tracker = Tracker(networks.detector, networks.landmarks)
    motions = [tracker.look(frame).motion for frame in frames]
    rigs = [Rig.load(arguments.work / name) for name in arguments.rigs]
    films = [played(rig, motions) for rig in rigs]
    films.append(swapped(films[2], rigs[1], networks))
    first = [drawn(motion) if motion else np.zeros((TILE, TILE, 3), np.uint8) for motion in motions]
    rows = [np.hstack([film[k] for k in MOMENTS]) for film in (first, *([resized(f) for f in one] for one in films))]
    write_atomically(arguments.out / "puppet.jpg", synthetic_jpeg(np.vstack(rows), 88))
    columns = (first, [resized(f) for f in films[0]], [resized(f) for f in films[1]], [resized(f) for f in films[4]])
    clip = [Image.fromarray(np.hstack([column[k] for column in columns])) for k in CLIP[::2]]
    target = arguments.out / "puppet.webp"
    clip[0].save(
        target,
        save_all=True,
        append_images=clip[1:],
        duration=80,
        loop=0,
        quality=60,
        method=6,
        xmp=xmp(SourceType.SYNTHETIC).encode(),
    )


def played(rig: Rig, motions: list[Motion | None]) -> list[RGB]:
    """The avatar's film."""
    puppet = Puppet(rig)
    reference = motions[REFERENCE]
    assert reference is not None
    puppet.calibrate(reference)
    out: list[RGB] = []
    for k, motion in enumerate(motions):
        out.append(puppet.render(motion, k / 25) if motion is not None else out[-1])
    return out


def swapped(film: list[RGB], rig: Rig, networks: Networks) -> list[RGB]:
    """The film with another face on it."""
    puppet, tracker = Puppet(rig), Tracker(networks.detector, networks.landmarks)
    motions = [tracker.look(frame).motion for frame in film]
    reference = motions[REFERENCE]
    assert reference is not None
    puppet.calibrate(reference)
    out: list[RGB] = []
    for k, (frame, motion) in enumerate(zip(film, motions, strict=True)):
        out.append(puppet.swap(frame, motion, k / 25) if motion is not None else out[-1])
    return out


def resized(frame: RGB) -> RGB:
    """A tile."""
    return resize_area(frame, TILE, TILE)


if __name__ == "__main__":
    main()
