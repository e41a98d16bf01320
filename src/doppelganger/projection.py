"""Projection: from the mean face to the generator's closest match of a portrait, every step kept.

First one w for all layers (Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", 2020, appendix D): it keeps the
face a face while pose and hair find their place. Then w+, a row a layer (Abdal, Qin, Wonka, "Image2StyleGAN", 2019), as offsets
from that w. Two pulls: toward the mean face, and of the rows toward one another (Tov et al., "Designing an Encoder for StyleGAN
Image Manipulation", 2021: closeness to W keeps a face editable). The first phase looks at cheap 128² previews, the second
at the whole network's picture: searched in w+, a preview's errors are found and used, and the true face comes out deformed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from doppelganger.generators.latent_space import LatentSpace
from doppelganger.generators.mobile_stylegan import haar
from doppelganger.generators.protocol import DifferentiableGenerator
from doppelganger.lpips import LPIPS
from doppelganger.progress import Event, Progress, silent

FACE = (slice(72, 216), slice(56, 200))
"""Rows and columns of a 256² aligned portrait that hold the face: brows to chin, ear to ear."""


@dataclass(frozen=True)
class ProjectionSettings:
    """How to project. The rates are for Adam in whitened coordinates."""

    w_steps: int = 30
    """Steps of the first phase: one w, 128² previews."""
    w_plus_steps: int = 60
    """Steps of the second phase: w+, the whole network."""
    w_rate: float = 0.4
    w_plus_rate: float = 0.25
    pixel_weight: float = 2.0
    face_weight: float = 0.5
    """Weight of a second LPIPS, on the face alone at 512² (second phase)."""
    detail_weight: float = 10.0
    """Weight of the squared error of the finest wavelet band at 1024² (second phase): without it skin gets a weave of one pixel."""
    prior_weight: float = 0.002
    spread_weight: float = 0.01

    @property
    def steps(self) -> int:
        """Steps of both phases."""
        return self.w_steps + self.w_plus_steps

    def rate(self, step: int) -> float:
        """The learning rate of ``step``: each phase ramps up over five steps and falls towards its end."""
        if step < self.w_steps:
            return self.w_rate * min((step + 1) / 5, max(0.3, 1 - step / self.w_steps))
        done = (step - self.w_steps) / self.w_plus_steps
        return self.w_plus_rate * min((step - self.w_steps + 1) / 5, max(0.15, min(1.0, (1 - done) * 1.6)))


@dataclass
class Projection:
    """Where a projection stands: finished when ``len(path) == settings.steps + 1``. Saved and reloaded, it goes on exactly."""

    v: NDArray[np.float32]
    """Whitened coordinates, [rows, 512]."""
    moments: tuple[NDArray[np.float32], NDArray[np.float32]]
    """Adam's first and second moment, each [rows, 512]."""
    path: list[NDArray[np.float32]] = field(default_factory=list)
    """w+ [rows, 512] of every step; the first is the mean face, the last the closest match."""
    losses: list[float] = field(default_factory=list)
    """LPIPS (AlexNet) of ``path[i]`` to the portrait, at 128² in the first phase, at 256² after; one fewer than ``path``."""

    @property
    def closest(self) -> NDArray[np.float32]:
        """w+ of the closest match, [rows, 512]."""
        return self.path[-1]


def pyramid(portrait: NDArray[np.uint8], resolutions: tuple[int, ...], device: torch.device) -> dict[int, Tensor]:
    """A square uint8 portrait → {resolution: [1, 3, r, r] in [−1, 1]}, reduced by area."""
    full = torch.from_numpy(portrait).to(device).permute(2, 0, 1)[None].float() / 127.5 - 1
    return {r: F.interpolate(full, (r, r), mode="area") for r in resolutions}


def spread(v: Tensor) -> Tensor:
    """How far the rows of a w+ lie from their mean: 0 for one w."""
    return (v - v.mean(-2, keepdim=True)).square().mean()


def project(
    portrait: NDArray[np.uint8],
    generator: DifferentiableGenerator,
    space: LatentSpace,
    lpips: LPIPS,
    settings: ProjectionSettings,
    device: torch.device,
    resume: Projection | None = None,
    progress: Progress = silent,
    keep: Callable[[Projection], None] | None = None,
) -> Projection:
    """Project an aligned portrait, uint8 [S, S, 3].

    ``keep`` is called after every step with the state so far, whose path only grows; pass the last one back as ``resume``.
    No randomness: the same portrait and machine give the same path.
    """
    shape = (generator.w_rows, 512)
    if resume is None:
        zeros = np.zeros(shape, np.float32)
        mean_face = space.to_w(torch.zeros(shape, device=device)).cpu().numpy()
        resume = Projection(zeros, (zeros, zeros), [mean_face])
    state = resume
    v = torch.tensor(state.v, device=device, requires_grad=True)
    first, second = (torch.tensor(moment, device=device) for moment in state.moments)
    adam = Adam(first, second, step=_steps_of_phase(len(state.losses), settings))
    likeness = Likeness(portrait, lpips, settings.pixel_weight, settings.face_weight, device, settings.detail_weight)

    for step in range(len(state.losses), settings.steps):
        one_w = step < settings.w_steps
        if step == settings.w_steps:  # the moments of a shared w say nothing about single rows
            adam = Adam(torch.zeros_like(v), torch.zeros_like(v))
        w_plus = space.to_w(v)[None]
        if one_w:
            perceptual, seen = likeness(generator.preview(w_plus, 128))
        else:
            perceptual, seen = likeness.of_wavelets(generator.wavelets(w_plus))
        loss = seen + settings.prior_weight * space.prior(v) + settings.spread_weight * spread(v)
        (gradient,) = torch.autograd.grad(loss, v)
        with torch.no_grad():
            if one_w:  # one w is all rows moving together
                gradient = gradient.sum(0, keepdim=True).expand_as(gradient)
            v -= adam.update(gradient, settings.rate(step))
            w = space.to_w(v).cpu().numpy()
        state = Projection(
            v.detach().cpu().numpy().copy(),
            adam.moments(),
            [*state.path, w],
            [*state.losses, float(perceptual.detach())],
        )
        progress(Event("projection", step + 1, settings.steps))
        if keep:
            keep(state)
    return state


def _steps_of_phase(done: int, settings: ProjectionSettings) -> int:
    """How many steps Adam has taken in the phase that goes on."""
    return done if done < settings.w_steps else done - settings.w_steps


class Likeness:
    """The loss: LPIPS of the picture, of the face alone, and squared error, against one portrait. Features are kept."""

    def __init__(
        self,
        portrait: NDArray[np.uint8],
        lpips: LPIPS,
        pixel_weight: float,
        face_weight: float,
        device: torch.device,
        detail_weight: float = 0.0,
    ) -> None:
        self._lpips, self._pixel_weight, self._face_weight = lpips, pixel_weight, face_weight
        self._detail_weight = detail_weight
        self._targets = pyramid(portrait, (512, 256, 128), device)
        self._details = haar(pyramid(portrait, (1024,), device)[1024])[:, 3:]
        with torch.no_grad():
            self._features = {r: lpips.features(self._targets[r]) for r in (256, 128)}
            self._faces = {r: lpips.features(crop_face(self._targets[r])) for r in (512, 256)}

    def of_wavelets(self, coefficients: Tensor) -> tuple[Tensor, Tensor]:
        """Finest Haar coefficients [1, 12, 512, 512] → LPIPS at 256², and the whole loss, that of the details with it."""
        perceptual, loss = self(coefficients[:, :3] / 2)
        return perceptual, loss + self._detail_weight * F.mse_loss(coefficients[:, 3:], self._details)

    def __call__(self, face: Tensor) -> tuple[Tensor, Tensor]:
        """[1, 3, r, r], r 128, 256 or 512 → LPIPS (at 256² where r is larger), and the whole loss."""
        r = face.shape[-1]
        small = F.avg_pool2d(face, 2) if r == 512 else face
        perceptual = self._lpips.distance(self._lpips.features(small), self._features[small.shape[-1]]).mean()
        loss = perceptual + self._pixel_weight * F.mse_loss(small, self._targets[small.shape[-1]])
        if r > 128:
            features = self._lpips.features(crop_face(face))
            loss = loss + self._face_weight * self._lpips.distance(features, self._faces[r]).mean()
        return perceptual, loss


def crop_face(images: Tensor) -> Tensor:
    """[B, 3, r, r] aligned → the part that holds the face."""
    factor = images.shape[-1] // 256
    rows, columns = (slice(s.start * factor, s.stop * factor) for s in FACE)
    return images[..., rows, columns]


class Adam:
    """Adam (Kingma and Ba, 2015) on one tensor, its moments open to be saved; β₁ = 0.9, ε = 1e-8."""

    BETA1, EPSILON = 0.9, 1e-8

    def __init__(self, first: Tensor, second: Tensor, step: int = 0, beta2: float = 0.99) -> None:
        self._first, self._second, self._step, self._beta2 = first, second, step, beta2

    def update(self, gradient: Tensor, rate: float) -> Tensor:
        """The amount to subtract, of the gradient's shape."""
        self._step += 1
        self._first.lerp_(gradient, 1 - self.BETA1)
        self._second.lerp_(gradient.square(), 1 - self._beta2)
        first = self._first / (1 - self.BETA1**self._step)
        second = self._second / (1 - self._beta2**self._step)
        return rate * first / (second.sqrt() + self.EPSILON)

    def moments(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Copies of both moments."""
        return self._first.cpu().numpy().copy(), self._second.cpu().numpy().copy()
