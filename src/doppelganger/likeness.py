"""Likeness: how alike two aligned faces are to a person. No verifier is asked.

The search minimises AlexNet-LPIPS and pixels; everything else here is outside its loss and judges it.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from doppelganger.faces.attributes import AgeSexEstimator
from doppelganger.faces.detector import FaceDetector
from doppelganger.faces.landmarks import LandmarkDetector, Landmarks
from doppelganger.images import RGB, resize
from doppelganger.lpips import LPIPS
from doppelganger.verifiers.face_of import central_face

EYE_CORNERS = (33, 263)
"""Outer corners of the right and left eye in MediaPipe's mesh."""
CHEEKS = (50, 280)
"""Middle of the right and left cheek in MediaPipe's mesh."""
FOREHEAD = 151
OCTAVES = ((4, 8), (8, 16), (16, 32), (32, 64))
"""Bands of spatial frequency in cycles a patch; a patch is 128 pixels wide, so the last ends at the finest detail."""
PATCH = 128
SIDE = 1024


@dataclass(frozen=True)
class Measured:
    """One aligned face, measured once and compared often."""

    image: RGB
    landmarks: Landmarks
    age: float
    texture: NDArray[np.float64]
    """Mean power of the skin in each octave, in dB."""
    features: dict[tuple[str, int], list[Tensor]] = field(default_factory=dict, repr=False, compare=False)
    """LPIPS features by backbone and size, kept from the first comparison on."""


def lpips_features(metric: LPIPS, image: RGB, size: int, device: torch.device) -> list[Tensor]:
    """LPIPS features of a square picture reduced (by area) to ``size``."""
    picture = torch.from_numpy(image.copy()).to(device).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.inference_mode():
        return metric.features(F.interpolate(picture, (size, size), mode="area"))


def lpips_at(metric: LPIPS, a: RGB, b: RGB, size: int, device: torch.device) -> float:
    """LPIPS of two square pictures reduced (by area) to ``size``."""
    x, y = (lpips_features(metric, image, size, device) for image in (a, b))
    return float(metric.distance(x, y))


def shape_distance(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Two meshes [N, 2] → root mean square distance after the best similarity (Procrustes), in eye distances of ``a``."""
    x, y = (np.asarray(p, np.float64) - np.mean(p, 0) for p in (a, b))
    u, s, vt = np.linalg.svd(y.T @ x)
    if np.linalg.det(u @ vt) < 0:  # no mirror images
        vt[-1] *= -1
        s[-1] *= -1
    fitted = y @ (u @ vt) * s.sum() / np.square(y).sum()
    eyes = float(np.linalg.norm(np.subtract(*np.asarray(a, np.float64)[list(EYE_CORNERS)])))
    return float(np.sqrt(np.square(fitted - x).sum(1).mean()) / eyes)


def skin_texture(image: RGB, points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean spectral power of cheeks and forehead of a 1024² face in four octaves, in dB of grey levels squared, [4]."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float64)
    window = np.outer(np.hanning(PATCH), np.hanning(PATCH))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(PATCH, 1 / PATCH), np.fft.fftfreq(PATCH, 1 / PATCH)))
    powers = []
    for x, y in np.round(points[[*CHEEKS, FOREHEAD]]).astype(int):
        left, top = (int(np.clip(c - PATCH // 2, 0, n - PATCH)) for c, n in ((x, grey.shape[1]), (y, grey.shape[0])))
        patch = grey[top : top + PATCH, left : left + PATCH]
        power = np.abs(np.fft.fft2((patch - patch.mean()) * window)) ** 2 / window.size
        powers.append([power[(frequency >= low) & (frequency < high)].mean() for low, high in OCTAVES])
    return np.asarray(10 * np.log10(np.mean(powers, 0) + 1e-3), np.float64)


class LikenessJudge:
    """Measures faces and compares them with the portrait's."""

    def __init__(
        self,
        detector: FaceDetector,
        landmarks: LandmarkDetector,
        ages: AgeSexEstimator,
        alex: LPIPS,
        vgg: LPIPS,
        device: torch.device,
    ) -> None:
        self._detector, self._landmarks, self._ages = detector, landmarks, ages
        self._alex, self._vgg, self._device = alex, vgg, device

    def measure(self, image: RGB, name: str) -> Measured:
        """An aligned face, uint8 [S, S, 3], looked at in 1024². Raises FaceError when no face can be found in it."""
        if len(image) != SIDE:
            image = resize(image, SIDE, SIDE)
        face = central_face(self._detector, image, name)
        landmarks = self._landmarks.detect(image, face)
        age = self._ages.estimate(image, landmarks).age
        return Measured(image, landmarks, age, skin_texture(image, landmarks.points))

    def compare(self, portrait: Measured, face: Measured, vgg_size: int | None = 256) -> dict[str, float]:
        """Measure → value; smaller is more alike, except for the signed age difference (face − portrait).

        ``vgg_size``: side of the pictures that VGG16 compares; its work grows with the square. None leaves it out.
        """
        texture = face.texture - portrait.texture
        vgg = (
            {}
            if vgg_size is None
            else {f"LPIPS (VGG16, {vgg_size}²)": self._lpips(self._vgg, portrait, face, vgg_size)}
        )
        return {
            "LPIPS (AlexNet, 256²)": self._lpips(self._alex, portrait, face, 256),
            **vgg,
            "landmark shape (eye distances)": shape_distance(portrait.landmarks.points, face.landmarks.points),
            "age difference (years)": face.age - portrait.age,
            "skin texture (mean |dB|)": float(np.abs(texture).mean()),
        }

    def _lpips(self, metric: LPIPS, portrait: Measured, face: Measured, size: int) -> float:
        """LPIPS at ``size``; the portrait's features are computed once."""
        key = (metric.backbone, size)
        if key not in portrait.features:
            portrait.features[key] = lpips_features(metric, portrait.image, size, self._device)
        with torch.inference_mode():
            return float(
                metric.distance(portrait.features[key], lpips_features(metric, face.image, size, self._device))
            )
