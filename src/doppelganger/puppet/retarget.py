"""From a driver's motion to the avatar's mesh: what the driver does *relative to their own rest* is done by the avatar from its
own.

A driver's points at rest and now are brought together by the points that no expression moves; what is left is the expression, in
the axes of the head. It is scaled by the two faces' proportions, mouth by mouth and eye by eye, and added to the avatar's own
shape: so the avatar's face keeps its form. The lids are closed by the share by which the driver's are.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.faces.landmarks import EXPRESSION_NAMES
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.rig import Rig
from doppelganger.puppet.similarity import Floats, fit, rotation_of, rotation_vector
from doppelganger.puppet.smoothing import OneEuro
from doppelganger.puppet.topology import (
    INNER_LIPS,
    LEFT_CORNERS,
    LEFT_EYE,
    LEFT_IRIS,
    LEFT_LIDS,
    LIPS_INNER,
    LIPS_OUTER,
    MOUTH_CORNERS,
    OUTER_EYE_CORNERS,
    OVAL,
    RIGHT_CORNERS,
    RIGHT_EYE,
    RIGHT_IRIS,
    RIGHT_LIDS,
)

_FLIP = np.diag([1.0, -1.0, -1.0])  # camera axes (y up, z towards it) ↔ picture axes (y down, z away)
_SHUT = 0.08  # lid gap over eye width that the mesh shows of a closed eye
_DEPTH_SHARE = 0.5  # of an expression's depth that is believed: the mesh guesses it
_MOST = 0.5  # eye distances that a point may move by an expression
_ROUNDS = 6  # of averaging over neighbours, for the outline
_OUTLINE = 0.14  # widths of the face inside its outline at which movements are the mesh's own
_SHIFT_MOST, _SCALE_MOST = 0.45, 1.2  # eye distances; factor
_SMILE_FULL, _BROWS_FULL = 0.6, 0.5  # change of the coefficients at which the key is shown whole


@dataclass(frozen=True)
class Pose:
    """``vertices``: [478, 3] in the avatar's picture after expression, before the head moves. ``rotation``: [3, 3] about the face's
    middle, ``shift``: [2] in pixels, ``scale``. ``weights``: key → 0–1."""

    vertices: Floats
    rotation: Floats
    shift: Floats
    scale: float
    weights: dict[str, float]


@dataclass(frozen=True)
class Anatomy:
    """A face at rest, measured. ``points``: [478, 3], ``eyes``: their distance."""

    points: Floats
    eyes: float
    mouth: float
    lids: tuple[float, float]
    widths: tuple[float, float]

    @classmethod
    def of(cls, points: NDArray[np.floating]) -> "Anatomy":
        """Of float [478, 3]."""
        at = np.asarray(points, np.float64)
        return cls(
            at,
            _distance(at, *OUTER_EYE_CORNERS),
            _distance(at, *MOUTH_CORNERS),
            (lid_gap(at, RIGHT_LIDS), lid_gap(at, LEFT_LIDS)),
            (_distance(at, *RIGHT_CORNERS), _distance(at, *LEFT_CORNERS)),
        )


class Retargeter:
    """One driver to the avatar of one rig."""

    def __init__(self, rig: Rig) -> None:
        self._avatar = Anatomy.of(rig.mesh.rest[:478])
        self._head = _FLIP @ rig.head @ _FLIP
        self._stable = rig.stable
        self._open_gap = max(rig.open_gap, 1.0)
        self._turns = rig.turns
        self._smoothing = outline_smoothing(rig.mesh.triangles, self._avatar.points)
        gap = lid_gap(self._avatar.points, INNER_LIPS)
        # a mouth that stands open at rest shows what lies behind its own lips
        self._rest_gap = 1.3 * gap if gap > 0.1 * self._open_gap else 0.0
        self._reference: Motion | None = None
        # units: eye distances, radians; tuned on talking heads so that a still driver's avatar is as still
        self._expression = OneEuro(cutoff=1.5, beta=12.0)
        self._lids = OneEuro(cutoff=2.5, beta=4.0)
        self._turn, self._shift = OneEuro(cutoff=1.2, beta=1.5), OneEuro(cutoff=1.0, beta=1.5)
        self._coefficients = OneEuro(cutoff=2.0, beta=4.0)

    @property
    def calibrated(self) -> bool:
        """Whether a reference was taken."""
        return self._reference is not None

    def calibrate(self, reference: Motion) -> None:
        """The driver at rest."""
        self._reference = reference
        self._driver = Anatomy.of(reference.points)
        rotation = np.asarray(reference.pose[:3, :3], np.float64)
        self._driver_head = _FLIP @ (rotation / np.linalg.norm(rotation[:, 0])) @ _FLIP
        for one in (self._expression, self._lids, self._turn, self._shift, self._coefficients):
            one.forget()

    def __call__(self, motion: Motion, time: float) -> Pose:
        """The avatar's pose for a motion at ``time`` seconds."""
        if self._reference is None:
            self.calibrate(motion)
        assert self._reference is not None
        driver, avatar = self._driver, self._avatar
        now = np.asarray(motion.points, np.float64)
        moved = fit(driver.points, now, self._stable)
        raw = (moved.back(now) - driver.points) / driver.eyes
        expression = self._expression(raw, time)
        # a blink lasts two or three frames: lids have a filter of their own, which lets them through
        openness = self._lids(np.array([self._openness(raw, side) for side in range(2)])[:, None], time)[:, 0]
        turn = rotation_of(self._turn(rotation_vector(moved.rotation)[None], time)[0])
        centre = self._stable @ driver.points / self._stable.sum()
        shift = (moved(centre[None])[0] - centre)[:2] / driver.eyes
        shift_scale = self._shift(np.array([[*shift, np.log(moved.scale)]]), time)[0]
        values = self._coefficients((motion.blendshapes - self._reference.blendshapes)[None].astype(np.float64), time)[
            0
        ]

        # the head's own axes: where the driver looks at rest is where the avatar looks at rest
        to_avatar = self._head @ self._driver_head.T
        turn = to_avatar @ turn @ to_avatar.T
        vertices = self._shaped(expression @ to_avatar.T, expression, openness)
        return Pose(
            vertices,
            turn,
            np.clip(shift_scale[:2], -_SHIFT_MOST, _SHIFT_MOST) * avatar.eyes,
            float(np.clip(np.exp(shift_scale[2]), 1 / _SCALE_MOST, _SCALE_MOST)),
            {**self._weights(vertices, values), **self._turned(turn)},
        )

    def _openness(self, change: Floats, side: int) -> float:
        """How far one eye is open, over its rest: 0 shut. ``change``: [478, 3] in eye distances, in the driver's axes."""
        driver, (lids, *_) = self._driver, _EYES[side]
        shut = _SHUT * driver.widths[side]
        now = lid_gap(driver.points + change * driver.eyes, lids)
        return float(np.clip((now - shut) / max(driver.lids[side] - shut, 1e-3 * driver.eyes), 0, 1.6))

    def _shaped(self, change: Floats, own: Floats, openness: Floats) -> Floats:
        """The avatar's points with the driver's ``change`` [478, 3] in eye distances; ``own``: the same in the driver's axes.
        ``openness``: of the right and the left eye."""
        avatar, driver = self._avatar, self._driver
        change = self._smoothing @ change
        length = np.linalg.norm(change, axis=1, keepdims=True)
        change = change * np.minimum(1, _MOST / np.maximum(length, 1e-9)) * [1, 1, _DEPTH_SHARE]
        # the mouth's movement by the mouths' sizes, the rest by the eyes' distances; between them a soft change
        mouth = avatar.points[list(MOUTH_CORNERS)].mean(0)
        near = np.exp(-((np.linalg.norm(avatar.points[:, :2] - mouth[:2], axis=1) / (0.75 * avatar.mouth)) ** 2))
        ratio = np.clip((avatar.mouth / avatar.eyes) / (driver.mouth / driver.eyes), 0.75, 1.35)
        scale = avatar.eyes * (1 + near * (ratio - 1))
        vertices = avatar.points + change * scale[:, None]
        for side in range(2):
            self._close(vertices, own, side, float(openness[side]))
        return np.asarray(vertices, np.float64)

    def _close(self, vertices: Floats, own: Floats, side: int, openness: float) -> None:
        """Lids and gaze of one eye: shares of the opening, not lengths, since eyes differ in size."""
        avatar, driver = self._avatar, self._driver
        lids, contour, corners, iris = _EYES[side]
        base = avatar.points[list(contour)]
        moved = vertices[list(contour)].mean(0) - base.mean(0)  # the eye as a whole goes with what is around it
        for upper, lower in lids:
            top, bottom = avatar.points[upper] + moved, avatar.points[lower] + moved
            meet = bottom + 0.12 * (top - bottom)  # the upper lid does most of the way
            vertices[upper] = meet + (top - meet) * openness
            vertices[lower] = meet + (bottom - meet) * min(openness, 1.0)
        for corner in corners:
            vertices[corner] = avatar.points[corner] + moved
        looked = (own[iris] - 0.5 * (own[corners[0]] + own[corners[1]])) * driver.eyes / driver.widths[side]
        for point in range(iris, iris + 5):
            vertices[point] = avatar.points[point] + moved + [*(looked[:2] * avatar.widths[side]), 0]

    def _weights(self, vertices: Floats, values: Floats) -> dict[str, float]:
        def change(*names: str) -> float:
            return float(np.mean([values[EXPRESSION_NAMES.index(name)] for name in names]))

        gap = lid_gap(vertices, INNER_LIPS)
        closed = [
            1 - np.clip(lid_gap(vertices, lids) / max(self._avatar.lids[side], 1e-6), 0, 1)
            for side, (lids, *_) in enumerate(_EYES)
        ]
        return {
            "open": float(np.clip(gap / self._open_gap, 0, 1)),
            "inside": float(np.clip((gap - self._rest_gap) / (0.12 * self._open_gap), 0, 1)),
            "smile": float(np.clip(change("mouthSmileLeft", "mouthSmileRight") / _SMILE_FULL, 0, 1)),
            "oo": float(np.clip(change("mouthPucker") / 0.6, 0, 1)),
            "brows": float(np.clip(change("browInnerUp", "browOuterUpLeft", "browOuterUpRight") / _BROWS_FULL, 0, 1)),
            "closed_right": float(np.clip((closed[0] - 0.4) / 0.5, 0, 1)),
            "closed_left": float(np.clip((closed[1] - 0.4) / 0.5, 0, 1)),
        }

    def _turned(self, turn: Floats) -> dict[str, float]:
        """How far the turned keys are shown."""
        yaw, pitch, _ = np.degrees(rotation_vector(_FLIP @ turn @ _FLIP))[[1, 0, 2]]
        sides = {"left": yaw, "right": -yaw, "down": pitch, "up": -pitch}
        return {
            name: float(np.clip(sides[name] / max(angle, 5.0), 0, 1))
            for name, angle in self._turns.items()
            if name in sides
        }


_EYES = (
    (RIGHT_LIDS, RIGHT_EYE, RIGHT_CORNERS, RIGHT_IRIS),
    (LEFT_LIDS, LEFT_EYE, LEFT_CORNERS, LEFT_IRIS),
)
MOUTH_POINTS = (*LIPS_OUTER, *LIPS_INNER)


def outline_smoothing(triangles: NDArray[np.int32], points: Floats) -> Floats:
    """[478, 478]: what makes movements near the face's outline smooth along it, and leaves those of its features alone.

    The mesh guesses the outline: it slides over cheek and ear when a head turns, each point a little differently.
    """
    count = len(points)
    near = np.eye(count)
    for triangle in triangles[(triangles < count).all(1)]:
        near[np.ix_(triangle, triangle)] = 1
    mean = np.linalg.matrix_power(near / near.sum(1, keepdims=True), _ROUNDS)
    oval = points[list(OVAL), :2].astype(np.float32)
    depth = np.array([cv2.pointPolygonTest(oval, (float(x), float(y)), True) for x, y, _ in points])
    share = np.clip(1 - depth / (_OUTLINE * np.ptp(oval[:, 0])), 0, 1)[:, None]
    return np.asarray((1 - share) * np.eye(count) + share * mean, np.float64)


def lid_gap(points: Floats, pairs: tuple[tuple[int, int], ...]) -> float:
    """Mean distance between upper and lower points."""
    upper, lower = np.array(pairs).T
    return float(np.linalg.norm(points[upper] - points[lower], axis=1).mean())


def _distance(points: Floats, a: int, b: int) -> float:
    return float(np.linalg.norm(points[a] - points[b]))
