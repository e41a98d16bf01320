"""Projection: from the mean face to the generator's closest match of a portrait, every step kept.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2020), appendix D, project into one w by Adam on LPIPS.
Here w+ is searched (a row a layer; Abdal, Qin, Wonka, "Image2StyleGAN", 2019), in whitened coordinates, with two pulls: toward the
mean face, and of the rows toward one another, the w+ that the generator was trained on (Tov et al., "Designing an Encoder for
StyleGAN Image Manipulation", 2021: closeness to W keeps a face editable). Early steps look at 128², where a step costs a third.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from doppelganger.generators.latent_space import LatentSpace
from doppelganger.generators.protocol import DifferentiableGenerator
from doppelganger.lpips import LPIPS
from doppelganger.progress import Event, Progress, silent


@dataclass(frozen=True)
class ProjectionSettings:
    """How to project. Steps and rates: the curve in docs/how-it-works.md."""

    stages: tuple[tuple[int, int], ...] = ((128, 70), (256, 50))
    """(resolution, steps), in order."""
    learning_rate: float = 0.1
    ramp_up: int = 6
    ramp_down: float = 0.5
    """Last share of the steps over which the learning rate falls to a tenth."""
    pixel_weight: float = 1.0
    prior_weight: float = 0.002
    spread_weight: float = 0.01

    @property
    def steps(self) -> int:
        """Steps of all stages."""
        return sum(steps for _, steps in self.stages)

    def resolution(self, step: int) -> int:
        """The resolution that ``step`` looks at."""
        for resolution, steps in self.stages:
            if step < steps:
                return resolution
            step -= steps
        raise IndexError("step is past the last stage")

    def rate(self, step: int) -> float:
        """The learning rate of ``step``."""
        left = (self.steps - step) / self.steps
        return self.learning_rate * min((step + 1) / self.ramp_up, max(0.1, min(1.0, left / self.ramp_down)), 1.0)


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
    """LPIPS (AlexNet) of ``path[i]`` to the portrait, at the resolution of step i; one fewer than ``path``."""

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
    adam = Adam(first, second, step=len(state.losses))
    targets = pyramid(portrait, tuple({r for r, _ in settings.stages}), device)
    with torch.no_grad():
        features = {r: lpips.features(target) for r, target in targets.items()}

    for step in range(len(state.losses), settings.steps):
        r = settings.resolution(step)
        face = generator.synthesise(space.to_w(v)[None], r)
        perceptual = lpips.distance(lpips.features(face), features[r]).mean()
        loss = (
            perceptual
            + settings.pixel_weight * F.mse_loss(face, targets[r])
            + settings.prior_weight * space.prior(v)
            + settings.spread_weight * spread(v)
        )
        (gradient,) = torch.autograd.grad(loss, v)
        with torch.no_grad():
            v -= adam.update(gradient, settings.rate(step))
            w = space.to_w(v).cpu().numpy()
        state = Projection(
            v.detach().cpu().numpy().copy(), adam.moments(), [*state.path, w], [*state.losses, float(perceptual)]
        )
        progress(Event("projection", step + 1, settings.steps))
        if keep:
            keep(state)
    return state


class Adam:
    """Adam (Kingma and Ba, 2015) on one tensor, its moments open to be saved; β = (0.9, 0.99), ε = 1e-8."""

    BETA1, BETA2, EPSILON = 0.9, 0.99, 1e-8

    def __init__(self, first: Tensor, second: Tensor, step: int = 0) -> None:
        self._first, self._second, self._step = first, second, step

    def update(self, gradient: Tensor, rate: float) -> Tensor:
        """The amount to subtract, of the gradient's shape."""
        self._step += 1
        self._first.lerp_(gradient, 1 - self.BETA1)
        self._second.lerp_(gradient.square(), 1 - self.BETA2)
        first = self._first / (1 - self.BETA1**self._step)
        second = self._second / (1 - self.BETA2**self._step)
        return rate * first / (second.sqrt() + self.EPSILON)

    def moments(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Copies of both moments."""
        return self._first.cpu().numpy().copy(), self._second.cpu().numpy().copy()
