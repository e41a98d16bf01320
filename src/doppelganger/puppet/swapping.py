"""The avatar's face on the driver's own video: their hair, body and room stay, and light as it falls on them.

The avatar's features are laid into the driver's outline: near the outline the mesh is the driver's own, further in it takes on the
avatar's proportions, so nothing of the driver's face has to show beside it. Colours are brought to the driver's by the means over
the skin, slowly, so that they do not flicker.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.images import RGB
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.raster import affine_rows, looked_up, painted
from doppelganger.puppet.retarget import Pose
from doppelganger.puppet.rig import Rig
from doppelganger.puppet.similarity import Floats, fit
from doppelganger.puppet.textures import Mixer
from doppelganger.puppet.topology import OVAL

_FACE = 478
_INNER = 0.75  # how much of the avatar's own proportions the middle of the face takes
_COLOUR_PACE = 0.1  # of the new colours that every frame takes
_DRAWN_WIDTH = 240  # pixels of a face that its triangles need
_FIELD = 48  # side at which the rim's difference is spread inwards
_FEATHER = 0.06  # widths of the face over which it fades in


class Swapper:
    """Of one rig and one driver."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        mesh = rig.mesh
        face = mesh.layer > 0
        self._triangles, self._layer = mesh.triangles[face], mesh.layer[face]
        rest = mesh.rest[:_FACE].astype(np.float64)
        oval = rest[list(OVAL), :2].astype(np.float32)
        width = float(np.ptp(oval[:, 0]))
        depth = np.array([cv2.pointPolygonTest(oval, (float(x), float(y)), True) for x, y, _ in rest]) / width
        self._inner = _INNER * np.clip(depth / 0.18, 0, 1)
        bare = Mixer(np.ascontiguousarray(rig.base[..., :3]), {"bare": rig.bare})({"bare": 1.0})
        self._mixer = Mixer(bare.copy(), rig.layers)
        self._gain: tuple[Floats, Floats] | None = None
        self._rim: NDArray[np.float32] | None = None

    def __call__(self, frame: RGB, motion: Motion, pose: Pose) -> RGB:
        """``frame`` uint8 [H, W, 3] with the avatar doing what ``pose`` says where ``motion`` found the driver's face."""
        points = motion.points[:_FACE].astype(np.float64)
        ours = fit(pose.vertices, points, np.maximum(self._rig.stable, 1e-6))(pose.vertices)
        target = points + (ours - points) * self._inner[:, None]
        left, top, right, bottom = _box(target, frame)
        if right - left < 8 or bottom - top < 8:
            return frame
        width = float(np.ptp(target[list(OVAL), 0]))
        finer = max(
            1, round(_DRAWN_WIDTH / max(width, 1))
        )  # small faces are drawn large and reduced: triangles need pixels
        corners = ((target[:, :2] - (left, top) + 0.5) * finer - 0.5).astype(np.float32)
        shape = ((bottom - top) * finer, (right - left) * finer)
        x, y, covered = self._map(corners, target[:, 2], shape)
        skin = self._mixer(pose.weights)
        face = cv2.remap(skin, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if finer > 1:
            size = (right - left, bottom - top)
            face = cv2.resize(face, size, interpolation=cv2.INTER_AREA)
            covered = (cv2.resize(covered, size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
        alpha = self._alpha(width, covered)
        out = frame.copy()
        window = out[top:bottom, left:right]
        matched = self._in_their_light(face, window, alpha)
        window[:] = np.clip(window + (matched - window) * alpha[..., None] + 0.5, 0, 255)
        return out

    def _map(
        self, corners: NDArray[np.float32], depth: Floats, shape: tuple[int, int]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]]:
        order = np.lexsort((-depth[self._triangles].mean(1), self._layer))
        triangles = self._triangles[order]
        labels = painted(corners, triangles, shape)
        x, y = looked_up(affine_rows(corners, self._rig.spread, triangles), labels)
        return x, y, (labels > 0).astype(np.uint8)

    @staticmethod
    def _alpha(width: float, covered: NDArray[np.uint8]) -> NDArray[np.float32]:
        depth = cv2.distanceTransform(np.pad(covered, 1), cv2.DIST_L2, 3)[1:-1, 1:-1] / max(_FEATHER * width, 1)
        ramp = np.clip(depth, 0, 1)
        return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)

    def _in_their_light(
        self, face: NDArray[np.uint8], window: NDArray[np.uint8], alpha: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Mean and spread of every channel as in the driver's picture (Reinhard et al. 2001), in RGB, where the face is; what is
        left at the rim is spread inwards and fades, so that no seam shows."""
        inside = alpha > 0.9
        out = face.astype(np.float32)
        if inside.sum() > 50:
            have, want = out[inside], window[inside].astype(np.float32)
            gain = np.clip(want.std(0) / np.maximum(have.std(0), 1), 0.6, 1.4)
            now = (gain.astype(np.float64), (want.mean(0) - gain * have.mean(0)).astype(np.float64))
            old = self._gain or now
            self._gain = (
                old[0] + _COLOUR_PACE * (now[0] - old[0]),
                old[1] + _COLOUR_PACE * (now[1] - old[1]),
            )
        if self._gain is not None:
            out = out * self._gain[0].astype(np.float32) + self._gain[1].astype(np.float32)
        return out + self._at_the_rim(window - out, alpha)

    def _at_the_rim(self, difference: NDArray[np.float32], alpha: NDArray[np.float32]) -> NDArray[np.float32]:
        small = (_FIELD, _FIELD)
        opaque = cv2.resize(alpha, small, interpolation=cv2.INTER_AREA)
        rim = ((opaque > 0.02) & (opaque < 0.9)).astype(np.float32)
        weight = cv2.GaussianBlur(rim, (0, 0), _FIELD / 12)
        spread = cv2.GaussianBlur(
            cv2.resize(difference, small, interpolation=cv2.INTER_AREA) * rim[..., None], (0, 0), _FIELD / 12
        )
        now = np.clip(spread / np.maximum(weight, 1e-3)[..., None], -30, 30) * np.clip(weight * 3, 0, 1)[..., None]
        self._rim = now if self._rim is None else self._rim + _COLOUR_PACE * (now - self._rim)
        return np.asarray(cv2.resize(self._rim, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _box(points: Floats, frame: RGB) -> tuple[int, int, int, int]:
    low = np.floor(points[:, :2].min(0)).astype(int) - 1
    high = np.ceil(points[:, :2].max(0)).astype(int) + 2
    left, top = np.clip(low, 0, [frame.shape[1], frame.shape[0]])
    right, bottom = np.clip(high, 0, [frame.shape[1], frame.shape[0]])
    return int(left), int(top), int(right), int(bottom)
