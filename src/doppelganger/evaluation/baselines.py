"""What people do today to hide a face, on the aligned portrait: pixels, blur, a bar; and the average of k people.

Strengths are the usual ones of editors and broadcasters, stated against the face's own size: every portrait is treated alike.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.faces.landmarks import Landmarks
from doppelganger.images import RGB

EYE_POINTS = (33, 133, 362, 263, 70, 300, 145, 374)
"""Corners, lower lids and brows of both eyes in MediaPipe's mesh: what the bar must cover."""


def face_box(landmarks: Landmarks, margin: float = 0.1) -> tuple[slice, slice]:
    """Rows and columns around all points, widened by ``margin`` of their extent at every side."""
    low, high = landmarks.points.min(0), landmarks.points.max(0)
    room = margin * (high - low)
    (left, top), (right, bottom) = np.maximum(low - room, 0).astype(int), np.ceil(high + room).astype(int)
    return slice(top, bottom), slice(left, right)


def pixelate(image: RGB, landmarks: Landmarks, blocks: int) -> RGB:
    """The face as ``blocks`` squares across, each its mean colour."""
    rows, columns = face_box(landmarks)
    face = image[rows, columns]
    height, width = face.shape[:2]
    down = max(1, round(blocks * height / width))
    small = cv2.resize(face, (blocks, down), interpolation=cv2.INTER_AREA)
    out = image.copy()
    out[rows, columns] = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    return out


def blur_face(image: RGB, landmarks: Landmarks, share: float) -> RGB:
    """The face under a Gaussian of σ = ``share`` of its width, fading out at the box's edge."""
    rows, columns = face_box(landmarks, 0.2)
    height, width = image[rows, columns].shape[:2]
    soft = cv2.GaussianBlur(image, (0, 0), share * width)
    mask = np.zeros(image.shape[:2], np.float32)
    centre = (columns.start + width // 2, rows.start + height // 2)
    cv2.ellipse(mask, centre, (width // 2, height // 2), 0, 0, 360, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), width / 20)[..., None]
    return np.asarray(np.round(image * (1 - mask) + soft * mask), np.uint8)


def black_bar(image: RGB, landmarks: Landmarks) -> RGB:
    """A black bar over both eyes and brows, temple to temple."""
    points = landmarks.points
    eyes = points[list(EYE_POINTS)]
    high = 0.15 * float(np.ptp(eyes[:, 1])) + 8
    out = image.copy()
    top, bottom = int(eyes[:, 1].min() - high), int(eyes[:, 1].max() + high)
    left, right = int(points[:, 0].min()), int(np.ceil(points[:, 0].max()))
    out[max(0, top) : bottom, max(0, left) : right] = 0
    return out


def k_same_groups(latents: NDArray[np.float32], k: int) -> list[list[int]]:
    """People [N, ...] → groups of at least k (of N, where there are fewer), greedily: the first left, and its nearest left.

    Newton, Sweeney, Malin, "Preserving Privacy by De-identifying Face Images", IEEE TKDE 2005 (k-Same): whoever shows the
    group's average hides among k. The last group takes what is left over, so it holds up to 2k − 1.
    """
    rows = latents.reshape(len(latents), -1).astype(np.float64)
    left = list(range(len(rows)))
    groups: list[list[int]] = []
    while left:
        if len(left) < 2 * k:
            groups.append(left)
            break
        apart = np.linalg.norm(rows[left] - rows[left[0]], axis=1)
        nearest = sorted(left[i] for i in np.argsort(apart, kind="stable")[:k])
        groups.append(nearest)
        left = [i for i in left if i not in nearest]
    return groups
