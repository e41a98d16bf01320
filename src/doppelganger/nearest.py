"""Nearest: the face outside every searched verifier's border that loses the least likeness to the portrait.

    minimise   LPIPS + pixels + traits + pulls     subject to   dᵥ(face(w), portrait) ≥ τᵥ + m·(σᵥ − τᵥ)   for each verifier v

with τᵥ the threshold, σᵥ the mean distance between strangers and m the margin. Solved by the method of multipliers (Hestenes
1969, Powell 1969; Nocedal and Wright, "Numerical Optimization", chapter 17): each verifier has a multiplier that grows while its
constraint is broken and falls while there is room, so the search stops *at* the border instead of running past it, where faces
deform. The crops are disturbed a little in every step, so that what is found does not hang on single pixels (Athalye et al.,
"Synthesizing Robust Adversarial Examples", 2018). ``accept`` judges full-size faces with the verifiers as they are; where one
still says *same* under some disturbance its margin grows by what was missing, and the search goes on.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from doppelganger.adam import Adam
from doppelganger.generators.anchored import AnchoredPreview
from doppelganger.generators.latent_space import LatentSpace
from doppelganger.generators.protocol import Generator, Previewer
from doppelganger.loss import Likeness
from doppelganger.lpips import LPIPS
from doppelganger.progress import Event, Progress, silent
from doppelganger.projection import to_rgb
from doppelganger.trait import Trait
from doppelganger.verifiers.crops import crop, scaled

RESOLUTION = 256
"""Size of the faces that the search looks at."""
SHOWN_EVERY = 2
"""Steps between two faces that are shown to whoever watches."""


@dataclass(frozen=True)
class Searched:
    """One verifier as the search sees it."""

    name: str
    network: nn.Module
    """Crops [B, 3, S, S] in [−1, 1] → embeddings [B, D]."""
    crop_size: int
    euclidean: bool
    """Distance: Euclidean, else 1 − cosine."""
    threshold: float
    portrait: NDArray[np.float32]
    """The portrait's embedding, [D]."""
    stranger: float = 1.0
    """Mean distance between strangers on the calibration's faces, over the threshold; without it no margin has a meaning."""
    within: float | None = None
    """Where given, the face is to come *inside*: so near, over the threshold (`keeping`). Else it is to stay outside."""
    role: str = ""
    """Tells apart several constraints of one verifier."""

    @property
    def key(self) -> str:
        """The constraint's own name: the verifier's, with the role where there is one."""
        return f"{self.name} {self.role}".strip()

    @property
    def side(self) -> int:
        """1: the distance has to be larger than the goal; −1: smaller."""
        return 1 if self.within is None else -1

    def goal(self, margin: float) -> float:
        """The distance over the threshold to search for; ``margin`` as in `NearestSettings`, for those outside."""
        return 1 + margin * (self.stranger - 1) if self.within is None else self.within

    def clearance(self, distance: float) -> float:
        """How far on the right side of the border a distance over the threshold is; negative on the wrong one."""
        return self.side * (distance - 1)

    def distance(self, embeddings: Tensor) -> Tensor:
        """[B, D] → distance to the portrait over the threshold, [B]: 1 is the border."""
        own = torch.from_numpy(self.portrait).to(embeddings.device)[None]
        plain = (embeddings - own).norm(dim=1) if self.euclidean else 1 - F.cosine_similarity(embeddings, own)
        return plain / self.threshold


@dataclass(frozen=True)
class NearestSettings:
    """How to search."""

    steps: int = 16
    """Steps of the first round."""
    extra_steps: int = 6
    """Steps of every further round."""
    rounds: int = 5
    anchor_every: int = 4
    """Steps between two looks at the whole network's picture; between them its preview is corrected by the difference."""
    learning_rate: float = 0.08
    """In deviations of a channel's scale over the population."""
    momentum: float = 0.7
    """Adam's β₁: a longer memory overshoots the border."""
    beta2: float = 0.9
    """Adam's memory of squared gradients: short, since they shrink by orders of magnitude once the border is crossed."""
    margin: float = 1.5
    """How far outside: 0 the border, 1 as far as strangers are from one another on average. What that is in distances each
    verifier says for itself, since the same distance is little for a recogniser that tells people well apart."""
    disturbed: bool = True
    """Whether crops are disturbed in every step and faces judged under every disturbance; off only to measure what it buys."""
    headroom: float = 0.02
    """By how much of the threshold a face must clear the border under every disturbance to be accepted."""
    pixel_weight: float = 2.0
    face_weight: float = 1.0
    trait_weight: float = 0.03
    """Of what strangers would guess and is to stay (`trait`)."""
    scale_weight: float = 0.002
    """Of the squared distance of the scales from the closest match's."""
    stiffness: float = 0.1
    """Weight of the squared violation."""
    multiplier_rate: float = 0.05
    max_multiplier: float = 2.0


@dataclass(frozen=True)
class Found:
    """``w``: latent, w+ or in StyleSpace. ``accepted``: every constraint is met under every disturbance. ``worst``: key of the
    constraint → distance over its threshold as judged at full size, of all views the one nearest to the wrong side. ``steps``:
    in all."""

    w: NDArray[np.float32]
    accepted: bool
    worst: dict[str, float]
    steps: int
    trace: list[dict[str, float]] = field(default_factory=list)
    """Each step's LPIPS and distances over thresholds."""


def jitter(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """A small random similarity of the crop about its centre, [3, 3]: ± 3° and ± 3 % size, ± 1.5 % shift (deviations half)."""
    angle, zoom = np.deg2rad(rng.normal(0, 1.5)), np.exp(rng.normal(0, 0.015))
    linear = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.full(2, (size - 1) / 2)
    shift = centre - linear @ centre + rng.normal(0, 0.0075 * size, 2)
    return np.vstack([np.column_stack([linear, shift]), [0, 0, 1]])


def soften(faces: Tensor, rng: np.random.Generator) -> Tensor:
    """Every other time the picture at half its size and back, as uploads do."""
    if rng.random() < 0.5:
        return faces
    small = F.avg_pool2d(faces, 2)
    return F.interpolate(small, size=faces.shape[-2:], mode="bilinear", align_corners=False)


def freedom(start: Tensor, generator: Previewer, space: LatentSpace) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """What a search from ``start`` may move, all zeros there, and how what was moved becomes a latent again.

    Single scales where the generator offers them, w+ kept; else the rows of w+, in whitened coordinates.
    """
    begun = start.new_zeros(generator.s_rows, start.shape[-1])
    begun[: len(start)] = start
    rows = generator.w_rows
    if generator.s_rows == rows:
        at_rest = space.from_w(begun)
        return torch.zeros_like(at_rest), lambda moved: space.to_w(at_rest + moved)
    fixed, scales = begun[:rows], space.from_s(begun)[rows:]
    return torch.zeros_like(scales), lambda moved: torch.cat([fixed, space.to_offsets(scales + moved)])


def search(
    portrait: NDArray[np.uint8],
    start: NDArray[np.float32],
    searched: Sequence[Searched],
    true: Generator,
    cheap: Previewer,
    space: LatentSpace,
    lpips: LPIPS,
    transforms: Callable[[NDArray[np.float32]], Mapping[str, NDArray[np.floating]]],
    accept: Callable[[NDArray[np.float32]], Mapping[str, float]],
    settings: NearestSettings,
    device: torch.device,
    seed: int,
    progress: Progress = silent,
    traits: Sequence[Trait] = (),
) -> Found:
    """Search from ``start`` (latent of the closest match, w+ or StyleSpace) for the nearest face outside every border.

    ``transforms``: latent → verifier or trait → [2, 3] from pixels of its full-size face to its crop (asked once a round).
    ``accept``: latent → key of the constraint → worst distance over threshold of its full-size face, clean and under each
    disturbance. Returns the first face that clears every border by the headroom, else the one that clears them best.
    """
    rng = np.random.default_rng(seed)
    moved, latent_of = freedom(torch.tensor(start, device=device), cheap, space)
    adam = Adam(torch.zeros_like(moved), torch.zeros_like(moved), settings.momentum, settings.beta2)
    moved.requires_grad_()

    def cut(seen: Tensor, transform: NDArray[np.floating], size: int) -> Tensor:
        to_crop = np.vstack([scaled(transform, RESOLUTION / true.resolution), [0, 0, 1]])
        if settings.disturbed:
            to_crop = jitter(rng, size) @ to_crop
        return crop(seen, to_crop[:2], size)

    generator = AnchoredPreview(cheap, settings.anchor_every)
    likeness = Likeness(portrait, lpips, settings.pixel_weight, settings.face_weight, device)
    goals = torch.tensor([s.goal(settings.margin) for s in searched], device=device)
    sides = torch.tensor([s.side for s in searched], device=device)
    multipliers = torch.zeros(len(searched), device=device)
    trace: list[dict[str, float]] = []
    latent, best, clears = start, (start, {s.key: 1.0 - s.side for s in searched}), -math.inf

    for round_ in range(settings.rounds):
        steps = settings.steps if round_ == 0 else settings.extra_steps
        ahead = len(trace) + steps  # whether more rounds come is known only when this one is judged
        crops = transforms(latent)
        for k in range(steps):
            face = generator.preview(latent_of(moved)[None])
            perceptual, seen_as = likeness(face)
            objective = seen_as + settings.scale_weight * moved.square().mean()
            seen = soften(face, rng) if settings.disturbed else face
            embeddings: dict[str, Tensor] = {}
            for one in searched:
                if one.name not in embeddings:
                    embeddings[one.name] = one.network(cut(seen, crops[one.name], one.crop_size))
            for trait in traits:
                objective = objective + settings.trait_weight * trait.penalty(
                    cut(seen, crops[trait.name], trait.crop_size)
                )
            distances = [one.distance(embeddings[one.name])[0] for one in searched]
            gap = sides * (goals - torch.stack(distances))
            broken = gap.clamp(min=0)
            loss = objective + (multipliers * broken).sum() + settings.stiffness / 2 * broken.square().sum()
            (gradient,) = torch.autograd.grad(loss, moved)
            with torch.no_grad():
                rate = settings.learning_rate * (min(1.0, (k + 1) / 4, max(0.2, (steps - k) / steps * 2)))
                moved -= adam.update(gradient, rate if round_ == 0 else rate / 2)
                multipliers = (multipliers + settings.multiplier_rate * gap).clamp(0, settings.max_multiplier)
            shares = {s.key: float(d.detach()) for s, d in zip(searched, distances, strict=True)}
            trace.append({"lpips": float(perceptual.detach()), **shares})
            shown = to_rgb(face.detach()[0]) if k % SHOWN_EVERY == 0 else None
            progress(Event("nearest", len(trace), ahead, face=shown, lpips=trace[-1]["lpips"], distances=shares))
        latent = latent_of(moved.detach()).cpu().numpy()
        worst = dict(accept(latent))
        clear = [s.clearance(worst[s.key]) for s in searched]
        if min(clear) >= clears:
            best, clears = (latent, worst), min(clear)
        missing = [settings.headroom - c for c in clear]
        if max(missing) <= 0:
            break
        goals = (goals + sides * torch.tensor(missing, device=device).clamp(min=0) * 1.2).clamp(min=0)
    latent, worst = best
    return Found(latent, clears > 0, worst, len(trace), trace)
