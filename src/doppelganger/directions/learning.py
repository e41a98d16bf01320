"""The mathematics of learning directions: which way in latent space does an attribute grow, and little else?

Shen, Gu, Tang and Zhou 2020, "Interpreting the Latent Space of GANs for Semantic Face Editing" (InterFaceGAN), project the
gradients of the other attributes out of an attribute's own. Here that projection is soft: a direction is the cheapest change that
moves its attribute by one, where every unwanted effect has a price. With the prices of the others growing without bound
it becomes theirs; with finite ones, attributes that go together cost a little instead of leaving nothing of the direction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Groups = Sequence[tuple[int, int]]
"""Rows of w+ that move together: first and one past the last."""


@dataclass(frozen=True)
class Whitening:
    """W in coordinates in which the population has unit covariance: x = (w − mean) · axes / deviations."""

    mean: Doubles
    axes: Doubles
    """[512, D], orthonormal columns."""
    deviations: Doubles
    """[D]"""

    @classmethod
    def of(cls, samples: NDArray[np.floating]) -> "Whitening":
        """``samples``: draws from W, [N, D] with N > D."""
        w = np.asarray(samples, np.float64)
        mean = w.mean(0)
        variance, axes = np.linalg.eigh(np.cov(w - mean, rowvar=False, bias=True))
        return cls(mean, axes, np.sqrt(np.maximum(variance, 1e-8)))

    def whiten(self, w: NDArray[np.floating]) -> Doubles:
        """w [..., D] → x of the same shape."""
        return np.asarray((w - self.mean) @ self.axes / self.deviations, np.float64)

    def change(self, x: Doubles) -> Doubles:
        """A change of x, [..., D] → the change of w."""
        return np.asarray(x * self.deviations @ self.axes.T, np.float64)


def gradients(x: Doubles, y: Doubles, ridge: float, folds: int = 5, rounds: int = 3) -> tuple[Doubles, Doubles]:
    """How each attribute depends on each group of rows: slopes [A, G, D], and the share R² explained on faces left out, [A].

    ``x``: whitened latents [N, G, D]; ``y``: [N, A], NaN where unknown. Faces whose groups all come from one w cannot tell the
    groups apart; those mixed of two can, but are too few to learn G · D slopes freely. So an attribute is one direction b, felt
    by the groups with weights a that sum to 1 (slopes: a_g b). Both are fitted in turn: b by ridge regression on Σ a_g x_g, a by
    least squares on the groups' x_g · b, where b comes from the other folds, for its own faces would flatter every group.
    """
    slopes, explained = np.zeros((y.shape[1], *x.shape[1:])), np.zeros(y.shape[1])
    for k in range(y.shape[1]):
        known = ~np.isnan(y[:, k])
        slopes[k], explained[k] = _gradient(x[known], y[known, k], ridge, folds, rounds)
    return slopes, explained


def _gradient(x: Doubles, y: Doubles, ridge: float, folds: int, rounds: int) -> tuple[Doubles, float]:
    groups = x.shape[1]
    centred = y - y.mean()
    fold = np.arange(len(y)) // 2 % folds  # plain and mixed faces alternate: both in every fold
    shares = np.full(groups, 1 / groups)
    outside = np.zeros(x.shape[:2])
    for _ in range(rounds):
        felt = np.einsum("g,ngd->nd", shares, x)
        for k in range(folds):
            outside[fold == k] = x[fold == k] @ _ridge(felt[fold != k], centred[fold != k], ridge)
        # a little of each group's prior, so that a hopeless attribute is spread evenly
        moment = outside.T @ outside + 0.02 * np.trace(outside.T @ outside) * np.eye(groups)
        target = outside.T @ centred + 0.02 * np.trace(outside.T @ outside) / groups
        found = np.clip(np.linalg.solve(moment, target), 0, None)
        shares = found / found.sum() if found.sum() > 0 else np.full(groups, 1 / groups)
    guess = outside @ shares
    slope = _ridge(np.einsum("g,ngd->nd", shares, x), centred, ridge)
    return np.outer(shares, slope), float(1 - np.square(centred - guess).mean() / np.square(centred).mean())


def _ridge(x: Doubles, y: Doubles, ridge: float) -> Doubles:
    return np.asarray(np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ y), np.float64)


def cheapest(own: Doubles, cost: Doubles) -> Doubles:
    """argmin cᵀ cost c with own · c = 1: the change [F] with the least side effects. ``cost``: [F, F], positive definite."""
    change = np.linalg.solve(cost, own)
    return np.asarray(change / (own @ change), np.float64)


def price(effects: Doubles, weights: Doubles) -> Doubles:
    """Σ_j weights_j effects_j effects_jᵀ, [F, F], of linear effects [J, F]: what unwanted effects cost."""
    return np.asarray((effects * weights[:, None]).T @ effects, np.float64)


def certain(samples: Doubles) -> Doubles:
    """The mean effect over seeds [S, C] → [C], each shrunk by how little it is known: towards 0 below two standard errors."""
    mean = samples.mean(0)
    error = samples.std(0, ddof=1) / np.sqrt(len(samples))
    unknown = np.square(2 * error) / np.clip(np.square(mean), 1e-12, None)
    return np.asarray(mean * np.clip(1 - unknown, 0, None), np.float64)


@dataclass(frozen=True)
class Responses:
    """What small steps along C candidates did, seed by seed, a unit of step."""

    attributes: Doubles
    """[S, C, A], in population deviations; 0 where unknown."""
    identity: Doubles
    """[S, C, E]: change of the verifiers' unit embeddings, side by side."""

    def of(self, seeds: NDArray[np.intp]) -> "Responses":
        """Those of some seeds."""
        return Responses(self.attributes[seeds], self.identity[seeds])

    def cost(self, weights: Doubles, identity_weight: float) -> Doubles:
        """[C, C]: mean over seeds of what the attributes' squared changes and identity's cost. Seeds are not averaged first: a
        side effect that is up on one face and down on another is one nonetheless."""
        a = np.einsum("sca,sda,a->cd", self.attributes, self.attributes, weights, optimize=True)
        e = np.einsum("sce,sde->cd", self.identity, self.identity, optimize=True)
        return np.asarray((a + identity_weight * e) / len(self.attributes), np.float64)

    def selectivity(self, change: Doubles, own: int, weights: Doubles, identity_weight: float) -> float:
        """Own effect over the root of all others with identity's: the larger the better."""
        effect = float(self.attributes[:, :, own].mean(0) @ change)
        others = float(change @ self.cost(weights, identity_weight) @ change)
        return float(effect / max(others, 1e-12) ** 0.5)
