"""The puppet: a rig that follows a driver, on a laptop's CPU.

    motion → retarget → mesh moved in 3-D → textures mixed → drawn → before the room

Fifteen milliseconds or so a frame on one core, most of them in drawing the mesh and in looking colours up.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.images import RGB
from doppelganger.puppet.mesh import FACE_POINTS, drawn_along
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.raster import UNCOVERED, texture_map
from doppelganger.puppet.retarget import Pose, Retargeter
from doppelganger.puppet.rig import SIZE, Rig
from doppelganger.puppet.similarity import Floats
from doppelganger.puppet.swapping import Swapper
from doppelganger.puppet.textures import Mixer
from doppelganger.puppet.topology import OVAL

_BODY = 0.7  # of the head's shift that the shoulders take


class Puppet:
    """A `Reenactor`. One a driver; not for several threads."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.name = rig.name
        self._retarget = Retargeter(rig)
        self._centre = rig.stable @ rig.mesh.rest[:478] / rig.stable.sum()
        self._along = drawn_along(rig.mesh.rest)
        self._front = _signed_area(rig.mesh.rest, rig.mesh.triangles) > 0
        self._mixer = Mixer(np.ascontiguousarray(rig.base[..., :3]), rig.layers)
        self._matte = np.ascontiguousarray(rig.base[..., 3])
        self._swapper: Swapper | None = None

    @property
    def still(self) -> RGB:
        """The avatar at rest, uint8 [512, 512, 3]."""
        return self.rig.still

    def calibrate(self, reference: Motion) -> None:
        """The driver at rest."""
        self._retarget.calibrate(reference)

    def render(self, motion: Motion, time: float) -> RGB:
        """The avatar doing what the driver does at ``time`` seconds, before its own room: uint8 [512, 512, 3]."""
        return self.draw(self._retarget(motion, time))

    def draw(self, pose: Pose) -> RGB:
        """The avatar in a pose, uint8 [512, 512, 3]."""
        vertices = self.moved(pose)
        order = self.painting_order(vertices)
        x, y = texture_map(vertices[:, :2].astype(np.float32), self.rig.spread, self.rig.mesh.triangles[order], SIZE)
        skin = cv2.remap(self._mixer(pose.weights), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        matte = cv2.remap(self._matte, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        matte[x <= UNCOVERED] = 0
        return over(skin, matte, self.rig.plate)

    def swap(self, frame: RGB, motion: Motion, time: float) -> RGB:
        """The avatar's face on the driver's ``frame``."""
        pose = self._retarget(motion, time)
        if self._swapper is None:
            self._swapper = Swapper(self.rig)
        return self._swapper(frame, motion, pose)

    def moved(self, pose: Pose) -> Floats:
        """[N, 3]: the whole mesh in the picture."""
        mesh = self.rig.mesh
        vertices = mesh.rest.astype(np.float64)
        change = pose.vertices[list(OVAL)] - vertices[list(OVAL)]
        vertices[:FACE_POINTS] = pose.vertices
        vertices[FACE_POINTS:] += self._along @ change
        turning = mesh.turning[:, None].astype(np.float64)
        arms = vertices - self._centre
        turned = arms + (arms @ pose.rotation.T - arms) * turning
        moved = self._centre + pose.scale * turned
        moved[:, :2] += pose.shift * (_BODY + (1 - _BODY) * turning)
        return np.asarray(moved, np.float64)

    def painting_order(self, vertices: Floats) -> NDArray[np.int64]:
        """Triangles that face away first, then what is around the face, what lies behind lids and lips, the face from far to
        near."""
        mesh = self.rig.mesh
        faces = (_signed_area(vertices, mesh.triangles) > 0) == self._front
        return np.lexsort((-vertices[mesh.triangles, 2].mean(1), mesh.layer, faces))


def over(person: RGB, matte: NDArray[np.uint8], room: RGB) -> RGB:
    """uint8 [S, S, 3] as far as ``matte`` [S, S] says, before ``room`` [S, S, 3]."""
    alpha = cv2.cvtColor(matte, cv2.COLOR_GRAY2RGB)
    near = cv2.multiply(person, alpha, scale=1 / 255)
    far = cv2.multiply(room, cv2.bitwise_not(alpha), scale=1 / 255)
    return np.asarray(cv2.add(near, far, dst=near), np.uint8)


def _signed_area(vertices: NDArray[np.floating], triangles: NDArray[np.int32]) -> Floats:
    a, b, c = (vertices[triangles[:, k], :2].astype(np.float64) for k in range(3))
    ab, ac = b - a, c - a
    return np.asarray(ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0], np.float64)
