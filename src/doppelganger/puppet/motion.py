"""What a driver's face does in one frame: all that a puppet needs to know of them, and all that a rendering server is told.

A motion is where 478 points of a face lie, how it is turned, and 52 coefficients of its expression. There is no picture in it: it
tells the shape of a face and what it does, not its skin, its hair or the room. (Shape is biometric, too: see docs/live.md.)
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from doppelganger.errors import DoppelgangerError
from doppelganger.faces.head_pose import angles
from doppelganger.faces.landmarks import EXPRESSION_NAMES, Landmarks

Floats = NDArray[np.float32]

POINTS = 478
_VERSION = 1
_HEADER = np.dtype([("version", "<u2"), ("width", "<u2"), ("height", "<u2"), ("presence", "<u2"), ("scale", "<f4")])
_POSE = np.dtype("<f4")
_STEPS = 65535  # of a coefficient between 0 and 1
_FURTHEST = 100_000  # pixels, and centimetres, that no face is away; numbers beyond come from no tracker
SIZE = _HEADER.itemsize + POINTS * 3 * 2 + 16 * _POSE.itemsize + len(EXPRESSION_NAMES) * 2
"""Bytes of a motion on the wire: 3,048."""


class MotionError(DoppelgangerError):
    """Bytes that are no motion."""


@dataclass(frozen=True)
class Motion:
    """One frame of a driver.

    ``points``: float32 [478, 3] in pixels of the driver's frame (x right, y down, z away from the camera, of the same scale).
    ``pose``: float32 [4, 4], canonical face (cm) → camera. ``blendshapes``: float32 [52] in 0–1, in the order of
    `EXPRESSION_NAMES`. ``width``, ``height``: of the frame. ``presence``: 0–1, how sure the network is that this is a face.
    """

    points: Floats
    pose: Floats
    blendshapes: Floats
    width: int
    height: int
    presence: float = 1.0

    @classmethod
    def of(cls, landmarks: Landmarks, width: int, height: int, presence: float = 1.0) -> "Motion":
        """Of landmarks found in a frame of ``width`` × ``height``."""
        values = np.array([landmarks.blendshapes[name] for name in EXPRESSION_NAMES], np.float32)
        return cls(landmarks.points3d, landmarks.pose, values, width, height, presence)

    @cached_property
    def angles(self) -> tuple[float, float, float]:
        """Yaw, pitch, roll in degrees: positive towards the person's left, down, and clockwise in the picture."""
        return angles(self.pose)

    def shape(self, name: str) -> float:
        """One coefficient, by its ARKit name such as "jawOpen"."""
        return float(self.blendshapes[EXPRESSION_NAMES.index(name)])

    def to_bytes(self) -> bytes:
        """`SIZE` bytes, points to 1/32767 of the largest coordinate (0.03 pixels of a frame 1,000 wide)."""
        scale = max(float(np.abs(self.points).max()), 1e-6) / 32767
        header = np.array([(_VERSION, self.width, self.height, round(self.presence * _STEPS), scale)], _HEADER)
        points = np.clip(np.rint(self.points / scale), -32767, 32767).astype("<i2")
        values = np.rint(np.clip(self.blendshapes, 0, 1) * _STEPS).astype("<u2")
        return b"".join(bytes(part.tobytes()) for part in (header, points, self.pose.astype(_POSE), values))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Motion":
        """Back again. Raises MotionError for anything else; nothing of what a stranger sends is trusted."""
        if len(data) != SIZE:
            raise MotionError(f"A motion has {SIZE} bytes, not {len(data)}.")
        header: Any = np.frombuffer(data, _HEADER, 1)[0]
        if header["version"] != _VERSION:
            raise MotionError(f"This is a motion of version {header['version']}, not {_VERSION}; update both ends.")
        at = _HEADER.itemsize
        scale = float(header["scale"])
        points = np.frombuffer(data, "<i2", POINTS * 3, at).reshape(POINTS, 3) * scale
        at += POINTS * 3 * 2
        pose = np.frombuffer(data, _POSE, 16, at).reshape(4, 4).astype(np.float32)
        values = np.frombuffer(data, "<u2", len(EXPRESSION_NAMES), at + 16 * _POSE.itemsize) / _STEPS
        width, height = int(header["width"]), int(header["height"])
        within = 0 < scale * 32767 < _FURTHEST and np.abs(pose).max() < _FURTHEST  # False for NaN
        if not within or np.linalg.norm(pose[:3, 0]) < 1e-6 or min(width, height) < 1:
            raise MotionError("This motion holds numbers that no face has.")
        presence = float(header["presence"]) / _STEPS
        return cls(points.astype(np.float32), pose, values.astype(np.float32), width, height, presence)
