"""Projection: from the mean face to the generator's closest match of a portrait, every step kept.

First one w for all layers (Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", 2020, appendix D): it keeps the
face a face while pose and hair find their place. Then w+, a row a layer (Abdal, Qin, Wonka, "Image2StyleGAN", 2019), as offsets
from that w, and with smaller steps the scales of single channels that no w makes (StyleSpace: Wu, Lischinski, Shechtman, 2021), in
which what is local in a picture is single numbers. Three pulls: toward the mean face, of the rows toward one another (Tov et al.,
"Designing an Encoder for StyleGAN Image Manipulation", 2021: closeness to W keeps a face editable), of the scales toward w's.

A gradient through the whole network costs one and a half renderings, one through a preview a quarter of that; but searched in
so many numbers, a preview's errors are found and used, and the true face comes out deformed. So the second phase asks the whole
network at every fourth step and in between corrects the preview's picture and its gradient by what they differed there (first-order
model management: Alexandrov et al., "A trust-region framework for managing the use of approximation models in optimization", 1998).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from doppelganger.adam import Adam
from doppelganger.generators.latent_space import LatentSpace
from doppelganger.generators.preview import MODULATIONS_BEFORE
from doppelganger.generators.protocol import EarlyExitGenerator
from doppelganger.generators.sensitivity import SensitiveDirections
from doppelganger.images import RGB
from doppelganger.loss import Likeness, spread
from doppelganger.lpips import LPIPS
from doppelganger.progress import Event, Progress, silent

SHOWN_EVERY = 4
"""Steps between two faces that are shown to whoever watches; it meets those at which the whole network is asked."""


@dataclass(frozen=True)
class ProjectionSettings:
    """How to project. The rates are for Adam in whitened coordinates."""

    w_steps: int = 16
    """Steps of the first phase: one w, previews."""
    w_plus_steps: int = 80
    """Steps of the second phase: w+ and scales."""
    exact_every: int = 4
    """Steps of the second phase from one look at the whole network to the next."""
    correction: float = 0.35
    """Share of the gradients' difference there that corrects the previews until the next: it ages as the search moves on."""
    w_rate: float = 0.4
    w_plus_rate: float = 0.25
    rest_rate: float = 1.5
    """Rate outside the sensitive directions, over that along them."""
    scale_rate: float = 0.45
    """Rate of the scales, over that of w+. Measured best of 0, 0.3, 0.45 and 0.6."""
    momentum: float = 0.8
    """Adam's β₁. The corrections age within steps: a longer memory overshoots."""
    pixel_weight: float = 2.0
    face_weight: float = 0.5
    """Weight of a second LPIPS, on the face alone (at 512² where the whole network is asked)."""
    detail_weight: float = 10.0
    """Weight of the squared error of the finest wavelet band at 1024² (whole network): without it skin gets a one-pixel weave."""
    prior_weight: float = 0.002
    spread_weight: float = 0.01
    scale_weight: float = 0.002

    @property
    def steps(self) -> int:
        """Steps of both phases."""
        return self.w_steps + self.w_plus_steps

    def step_of_phase(self, step: int) -> int:
        """How many steps of its phase come before ``step``."""
        return step if step < self.w_steps else step - self.w_steps

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
    """Whitened coordinates, [39, 512]."""
    moments: tuple[NDArray[np.float32], NDArray[np.float32]]
    """Adam's first and second moment, each [39, 512], in the second phase [39, K + 512] (see ``SensitiveDirections``)."""
    path: list[NDArray[np.float32]] = field(default_factory=list)
    """Latent in StyleSpace, [39, 512], of every step; the first is the mean face, the last the closest match."""
    losses: list[float] = field(default_factory=list)
    """LPIPS (AlexNet, 256²) of ``path[i]`` to the portrait, as the search saw it; one fewer than ``path``."""
    pictures: dict[int, RGB] = field(default_factory=dict)
    """Step → its face, uint8 [256, 256, 3], where the search rendered it; a checkpoint leaves them out."""

    @property
    def closest(self) -> NDArray[np.float32]:
        """Latent of the closest match, [39, 512]."""
        return self.path[-1]


def project(
    portrait: NDArray[np.uint8],
    generator: EarlyExitGenerator,
    space: LatentSpace,
    lpips: LPIPS,
    settings: ProjectionSettings,
    device: torch.device,
    resume: Projection | None = None,
    progress: Progress = silent,
    keep: Callable[[Projection], None] | None = None,
) -> Projection:
    """Project an aligned portrait, uint8 [S, S, 3].

    ``keep`` is called with the state whenever a run can go on from it (each time the whole network is asked next); its path
    only grows. Pass the last one back as ``resume``. No randomness: the same portrait and machine give the same path.
    """
    rows = generator.w_rows
    if resume is None:
        zeros = np.zeros((generator.s_rows, 512), np.float32)
        mean_face = space.to_s(torch.from_numpy(zeros).to(device)).cpu().numpy()
        resume = Projection(zeros, (zeros, zeros), [mean_face])
    state = resume
    v = torch.tensor(state.v, device=device)
    first, second = (torch.tensor(moment, device=device) for moment in state.moments)
    directions = SensitiveDirections.of_mobile_stylegan(device)
    adam = Adam(first, second, settings.momentum, step=settings.step_of_phase(len(state.losses)))
    likeness = Likeness(portrait, lpips, settings.pixel_weight, settings.face_weight, device, settings.detail_weight)
    slope = Slope(generator, space, likeness, settings)

    for step in range(len(state.losses), settings.steps):
        of_phase = settings.step_of_phase(step)
        if step < settings.w_steps:
            seen = slope.of_preview(v)
            together = torch.zeros_like(v)  # one w is all of its rows moving together, and the scales are what it makes
            together[:rows] = seen.gradient[:rows].sum(0)
            v = v - adam.update(together, settings.rate(step))
        else:
            if of_phase == 0:  # the moments of a shared w say nothing about single rows
                size = (len(v), directions.split_size)
                adam = Adam(torch.zeros(size, device=device), torch.zeros(size, device=device), settings.momentum)
            exact = of_phase % settings.exact_every == 0
            seen = slope.of_whole(v) if exact else slope.of_preview(v)
            if exact:
                state.pictures[step] = to_rgb(seen.picture)
            update = adam.update(directions.split(seen.gradient), settings.rate(step))
            v = v - directions.join(update, settings.rest_rate, settings.scale_rate)
        state = Projection(
            v.cpu().numpy().copy(),
            adam.moments(),
            [*state.path, space.to_s(v).cpu().numpy()],
            [*state.losses, seen.perceptual],
            state.pictures,
        )
        shown = to_rgb(seen.picture) if step % SHOWN_EVERY == 0 else None
        progress(Event("projection", step + 1, settings.steps, face=shown, lpips=seen.perceptual))
        if keep and settings.step_of_phase(step + 1) % settings.exact_every == 0:
            keep(state)
    return state


@dataclass(frozen=True)
class Seen:
    """What a look at one v gives."""

    perceptual: float
    """LPIPS at 256²."""
    gradient: Tensor
    """Of the whole loss to v, [39, 512]."""
    picture: Tensor
    """The face, [3, 256, 256] in about [−1, 1]."""


class Slope:
    """Looks at v, [39, 512], through the whole network or through a preview of it."""

    def __init__(
        self,
        generator: EarlyExitGenerator,
        space: LatentSpace,
        likeness: Likeness,
        settings: ProjectionSettings,
    ) -> None:
        self._generator, self._space, self._likeness, self._settings = generator, space, likeness, settings
        self._defect: Tensor | float = 0.0
        self._corrections: tuple[Tensor, Tensor] | None = None

    def of_preview(self, v: Tensor) -> Seen:
        """By the preview as it is, until ``of_whole`` was asked; then corrected as of its last time."""
        v = v.detach().requires_grad_()
        latent = self._space.to_s(v)[None]
        features = self._generator.features(latent)
        face = self._generator.preview_of(features, latent) + self._defect
        perceptual, loss = self._likeness(face)
        if self._corrections is not None:
            by_features, by_latent = self._corrections
            loss = loss + self._settings.correction * ((features * by_features).sum() + (latent * by_latent).sum())
        return self._descend(perceptual, loss, v, face)

    def of_whole(self, v: Tensor) -> Seen:
        """By the whole network; the preview is corrected from here on to agree at this v, in value and in gradient.

        What is corrected is the gradient to the features at the preview's exit and to the latent after it: what comes before
        is the same network for both, and is asked anew at every step.
        """
        v = v.detach().requires_grad_()
        latent = self._space.to_s(v)[None]
        features = self._generator.features(latent)
        own = features.detach().requires_grad_(), latent.detach().requires_grad_()
        wavelets = self._generator.wavelets_of(*own)
        perceptual, loss = self._likeness.of_wavelets(wavelets)
        whole = wavelets[:, :3].detach() / 2
        del wavelets
        of_whole = torch.autograd.grad(loss, own)
        preview = self._generator.preview_of(*own)
        picture = F.interpolate(whole, preview.shape[-2:], mode="area")
        self._defect = picture - preview.detach()
        of_preview = torch.autograd.grad(self._likeness(preview + self._defect)[1], own)
        self._corrections = of_whole[0] - of_preview[0], of_whole[1] - of_preview[1]
        loss = (features * of_whole[0]).sum() + (latent * of_whole[1]).sum()
        return self._descend(perceptual, loss, v, picture)

    def _descend(self, perceptual: Tensor, loss: Tensor, v: Tensor, face: Tensor) -> Seen:
        settings, rows = self._settings, self._generator.w_rows
        loss = loss + settings.prior_weight * self._space.prior(v[:rows]) + settings.spread_weight * spread(v[:rows])
        loss = loss + settings.scale_weight * v[rows:].square().mean()
        (gradient,) = torch.autograd.grad(loss, v)
        gradient[rows + MODULATIONS_BEFORE :] = 0
        return Seen(float(perceptual.detach()), gradient, face[0].detach())


def to_rgb(face: Tensor) -> RGB:
    """[3, H, W] in about [−1, 1] → uint8 [H, W, 3]."""
    rgb: RGB = ((face.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
    return rgb
