"""Attacker (a): knows the method and has the generator. Projects the avatar, and searches from there back toward each suspect.

A doppelgänger was reached from the person's own closest match by a small move away from what recognisers see. So the attacker
makes the small move back: from the avatar's latent, the same search with its sign turned, for each suspect in turn. The
person's own face should be reached soon, with little change to the picture; a stranger's should not. Suspects are ranked
by what is left of their distance at best, each verifier in units of its threshold, plus what the picture had to change
(LPIPS). The attack is our own; a better one may exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from doppelganger.adam import Adam
from doppelganger.images import RGB
from doppelganger.judging import thresholds
from doppelganger.loss import Likeness
from doppelganger.nearest import RESOLUTION, Searched
from doppelganger.networks import Networks
from doppelganger.projection import ProjectionSettings, project
from doppelganger.verifiers.crops import crop, scaled
from doppelganger.verifiers.face_of import central_face

SUSPECTS = 5
"""The search is dear, so it is made for those only who are nearest before it."""
STEPS = 12
RATE, MOMENTUM, BETA2 = 0.04, 0.7, 0.9
"""Adam's, as in the search for the nearest face."""
CHANGE_WEIGHT = 2.0
"""Of LPIPS to the avatar, in the search and in the score: thresholds a unit of LPIPS is worth."""


@dataclass(frozen=True)
class SearchedBack:
    """Of one avatar; in all scores smaller is likelier."""

    suspects: list[int]
    """Entries of the gallery that were searched for."""
    before: list[float]
    """Score of every entry before the search."""
    after: list[float]
    """Score of each suspect after it."""


def nearest_suspects(
    avatar: Mapping[str, NDArray[np.float32]], gallery: Mapping[str, NDArray[np.float32]], networks: Networks
) -> NDArray[np.float64]:
    """Mean distance over threshold, over all verifiers, of every entry: verifier → [D] and [G, D] → [G]."""
    limits = thresholds(networks)
    apart = [
        [m.distance(avatar[m.name], row) / limits[m.name] for row in gallery[m.name]] for m in networks.panel.members
    ]
    return np.asarray(np.mean(apart, axis=0), np.float64)


class Attacker:
    """Knows the suspects: ``gallery``, verifier → [G, D]."""

    def __init__(self, gallery: Mapping[str, NDArray[np.float32]], networks: Networks) -> None:
        self._gallery, self._networks = gallery, networks
        self._recognisers = {m.name: networks.gradients_of(m) for m in networks.panel.members}

    def search_back(self, avatar: RGB, settings: ProjectionSettings) -> SearchedBack:
        """Of an avatar uint8 [1024, 1024, 3]. Raises FaceError where it shows no face."""
        networks = self._networks
        face = central_face(networks.detector, avatar, "the avatar")
        first = nearest_suspects(networks.panel.embed(avatar, face), self._gallery, networks)
        suspects = [int(g) for g in np.argsort(first, kind="stable")[:SUSPECTS]]
        start = project(avatar, networks.built_in, networks.space, networks.alex, settings, networks.device).closest
        likeness = Likeness(avatar, networks.alex, 0.0, 0.0, networks.device)
        after = [self._reach(start, suspect, likeness) for suspect in suspects]
        return SearchedBack(suspects, [float(x) for x in first], after)

    def _reach(self, start: NDArray[np.float32], suspect: int, likeness: Likeness) -> float:
        """The suspect's score: distance left over threshold, mean over the verifiers, and the weighted change."""
        networks, limits = self._networks, thresholds(self._networks)
        device = networks.device
        rendered = networks.generator.synthesise(start)
        face = central_face(networks.detector, rendered, "the projected avatar")
        searched = []
        for m in networks.panel.members:
            own = self._gallery[m.name][suspect]
            network = self._recognisers[m.name]
            one = Searched(m.name, network, m.crop_size, m.metric == "euclidean", limits[m.name], own)
            searched.append((one, scaled(m.crop_transform(rendered, face), RESOLUTION / rendered.shape[0])))
        rows = networks.differentiable.w_rows
        latent = torch.tensor(start, device=device)
        fixed, scales = latent[:rows], networks.space.from_s(latent)[rows:]
        moved = torch.zeros_like(scales).requires_grad_()
        adam = Adam(torch.zeros_like(scales), torch.zeros_like(scales), MOMENTUM, BETA2)
        score = float("inf")
        for step in range(STEPS + 1):
            latent = torch.cat([fixed, networks.space.to_offsets(scales + moved)])
            picture = networks.differentiable.preview(latent[None])
            change, _ = likeness(picture)
            left = [one.distance(one.network(crop(picture, t, one.crop_size)))[0] for one, t in searched]
            loss = torch.stack(left).mean() + CHANGE_WEIGHT * change
            score = min(score, float(loss.detach()))
            if step == STEPS:
                break
            (gradient,) = torch.autograd.grad(loss, moved)
            with torch.no_grad():
                moved -= adam.update(gradient, RATE * min(1.0, (step + 1) / 4))
        return score


def rank_of(own: int, found: SearchedBack) -> tuple[int, int]:
    """Rank of entry ``own`` before and after: whoever is not among the suspects keeps the place behind them."""
    before = 1 + int((np.asarray(found.before) < found.before[own]).sum())
    if own not in found.suspects:
        return before, before
    mine = found.after[found.suspects.index(own)]
    return before, 1 + sum(score < mine for score in found.after)
