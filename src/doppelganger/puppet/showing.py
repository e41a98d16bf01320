"""A rig at a glance: at rest, speaking, with eyes shut, turned either way."""

import numpy as np

from doppelganger.images import RGB
from doppelganger.puppet.puppet import Puppet
from doppelganger.puppet.retarget import Pose
from doppelganger.puppet.rig import MARGIN, SIZE, TEXTURE, Rig
from doppelganger.puppet.similarity import Floats, rotation_of
from doppelganger.puppet.topology import LEFT_LIDS, RIGHT_LIDS

_TURN = 15.0  # degrees


def sheet(rig: Rig) -> RGB:
    """uint8 [512, 5 · 512, 3]."""
    puppet = Puppet(rig)
    rest = rig.mesh.rest[:478].astype(np.float64)
    opened = rest.copy()
    opened[:, :2] = (rig.spread[:478] + 0.5) * (SIZE * (1 + 2 * MARGIN) / TEXTURE) - 0.5 - MARGIN * SIZE
    speaking = rest + 0.55 * (opened - rest)
    shut = rest.copy()
    for upper, lower in (*RIGHT_LIDS, *LEFT_LIDS):
        shut[upper] = shut[lower] = 0.85 * rest[lower] + 0.15 * rest[upper]
    poses = (
        _pose(rest),
        _pose(speaking, open=0.5, inside=1.0),
        _pose(shut, closed_right=1.0, closed_left=1.0),
        _pose(rest, -_TURN, right=min(1.0, _TURN / max(rig.turns.get("right", _TURN), 5))),
        _pose(rest, _TURN, left=min(1.0, _TURN / max(rig.turns.get("left", _TURN), 5))),
    )
    return np.hstack([puppet.draw(pose) for pose in poses])


def _pose(vertices: Floats, yaw: float = 0.0, **weights: float) -> Pose:
    # in the picture's axes, y down: towards the person's left is to the right of the picture
    return Pose(vertices, rotation_of(np.array([0.0, -np.radians(yaw), 0.0])), np.zeros(2), 1.0, weights)
