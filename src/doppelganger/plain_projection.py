"""Projection on any generator of w+: the two phases of ``projection`` without what was made for the built-in one alone (its
sensitive directions, its scales, the corrections of its previews). Where there are no previews, every step costs a gradient through
the whole network."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from doppelganger.adam import Adam
from doppelganger.generators.latent_space import LatentSpace
from doppelganger.generators.protocol import DifferentiableGenerator
from doppelganger.loss import Likeness, spread
from doppelganger.lpips import LPIPS
from doppelganger.progress import Event, Progress, silent
from doppelganger.projection import SHOWN_EVERY, Projection, ProjectionSettings, to_rgb


def project_plainly(
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
    """Project an aligned portrait, uint8 [S, S, 3]: as ``projection.project``, on w+ [w_rows, w_dim] and no scales."""
    likeness = Likeness(portrait, lpips, settings.pixel_weight, settings.face_weight, device)
    size = (generator.w_rows, len(space.mean))
    if resume is None:
        zeros = np.zeros(size, np.float32)
        resume = Projection(zeros, (zeros, zeros), [space.to_w(torch.from_numpy(zeros).to(device)).cpu().numpy()])
    state = resume
    v = torch.tensor(state.v, device=device)
    first, second = (torch.tensor(moment, device=device) for moment in state.moments)
    adam = Adam(first, second, settings.momentum, step=settings.step_of_phase(len(state.losses)))
    for step in range(len(state.losses), settings.steps):
        v = v.detach().requires_grad_()
        face = generator.preview(space.to_w(v)[None])
        perceptual, loss = likeness(face)
        loss = loss + settings.prior_weight * space.prior(v) + settings.spread_weight * spread(v)
        (gradient,) = torch.autograd.grad(loss, v)
        if step < settings.w_steps:  # one w is all of its rows moving together
            gradient = gradient.sum(0).expand(size)
        elif settings.step_of_phase(step) == 0:  # the moments of a shared w say nothing about single rows
            adam = Adam(torch.zeros(size, device=device), torch.zeros(size, device=device), settings.momentum)
        v = v.detach() - adam.update(gradient, settings.rate(step))
        state = Projection(
            v.cpu().numpy().copy(),
            adam.moments(),
            [*state.path, space.to_w(v).cpu().numpy()],
            [*state.losses, float(perceptual.detach())],
        )
        shown = to_rgb(face[0].detach()) if step % SHOWN_EVERY == 0 else None
        progress(Event("projection", step + 1, settings.steps, face=shown, lpips=state.losses[-1]))
        if keep and settings.step_of_phase(step + 1) % settings.exact_every == 0:
            keep(state)
    return state
