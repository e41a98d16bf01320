"""Attackers who adapt: one who has learnt how the method moves embeddings, and one who looks for the photo, not the face.

They work on embeddings, hashes and features that were taken before. Every rank is 1 + the number of entries strictly
nearer than the true one: ties count for the attacker.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from doppelganger.evaluation.metrics import TIE, distance_blocks, distances, ranks
from doppelganger.faces.parsing import Part
from doppelganger.images import RGB
from doppelganger.verifiers.protocol import Metric

STRENGTHS = (np.inf, 100.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.01, 0.001)
"""Ridge strengths to choose from, in mean squared lengths of a row; infinite is the identity map."""
FOLDS = 4
FOLD_PEOPLE = 500
"""Most people on whom one fold judges: their table of distances grows with the square."""
FEWEST_PEOPLE = 8
"""So that the training half can be folded with two unseen people in each fold."""
BLOCK = 1024
"""Hashes compared with the whole gallery at a time."""
GREY = 128
"""What stands for the background: a constant, since a picture's own mean would still tell of it."""


@dataclass(frozen=True)
class LinearMapAttack:
    """Ranks of each avatar's person among the people of its half, for every split: [splits, N] each.

    Rank-1 identification with the map: ``np.mean(with_map == 1)``, by chance ``np.mean(1 / gallery)``. The splits share their
    data, so an interval counts people, not splits.
    """

    with_map: NDArray[np.int64]
    without_map: NDArray[np.int64]
    gallery: NDArray[np.int64]
    """How many people the half has in whose gallery the rank was taken."""
    strengths: NDArray[np.float64]
    """[splits, 2]: the strength chosen in each training half, infinite where no map was better than any."""


def linear_map_attack(
    metric: Metric,
    avatar: NDArray[np.floating],
    original: NDArray[np.floating],
    people: Sequence[object] | NDArray[np.generic],
    splits: int = 10,
    seed: int = 0,
) -> LinearMapAttack:
    """Learn avatar embedding [N, D] → original embedding [N, D] on half of the people, identify the other half; then
    the halves change places. ``people`` [N] says whose each row is; a person is never in both halves.

    Ridge regression toward the identity, min ‖[A, 1] W − O‖² + λ ‖W − I‖² (Hoerl and Kennard 1970 with a prior mean), on rows of
    unit length for the cosine. λ is the one of ``STRENGTHS`` with the largest decidability index (Daugman 2000) on unseen
    people in a cross-validation inside the training half; the half that is identified has no say.

    Raises:
        ValueError: lengths differ, a row is no embedding, or there are fewer than ``FEWEST_PEOPLE`` people.
    """
    if not len(avatar) == len(original) == len(people):
        raise ValueError("Avatars, originals and people must be equally many.")
    numbers: dict[object, int] = {}
    codes = np.array([numbers.setdefault(person, len(numbers)) for person in people], np.int64)
    if len(numbers) < FEWEST_PEOPLE:
        raise ValueError(f"A map can be learnt and tested from {FEWEST_PEOPLE} people on, there are {len(numbers)}.")
    a, o = _scaled(metric, avatar), _scaled(metric, original)
    random = np.random.default_rng(seed)
    shape = (splits, len(codes))
    with_map, without_map, gallery = (np.zeros(shape, np.int64) for _ in range(3))
    result = LinearMapAttack(with_map, without_map, gallery, np.zeros((splits, 2)))
    for split in range(splits):
        order = random.permutation(len(numbers))
        halves = order[: len(order) // 2], order[len(order) // 2 :]
        for turn, (learn, test) in enumerate((halves, halves[::-1])):
            known, unseen = np.isin(codes, learn), np.isin(codes, test)
            strength = _choose(metric, a[known], o[known], codes[known], learn)
            mapped = _mapped(a[known], o[known], a[unseen], strength)
            result.strengths[split, turn] = strength
            result.with_map[split, unseen] = _person_ranks(metric, mapped, o[unseen], codes[unseen])
            result.without_map[split, unseen] = _person_ranks(metric, a[unseen], o[unseen], codes[unseen])
            result.gallery[split, unseen] = len(test)
    return result


def _scaled(metric: Metric, rows: NDArray[np.floating]) -> NDArray[np.float64]:
    x = np.asarray(rows, np.float64)
    return x / np.linalg.norm(x, axis=1, keepdims=True) if metric == "cosine" else x


def _mapped(
    a: NDArray[np.float64], o: NDArray[np.float64], probes: NDArray[np.float64], strength: float
) -> NDArray[np.float64]:
    """``probes`` through the map learnt from ``a`` → ``o``."""
    if np.isinf(strength):
        return probes
    size = float(np.square(a).sum(1).mean())

    def with_constant(x: NDArray[np.float64]) -> NDArray[np.float64]:  # as long as a row, so that λ weighs both alike
        return np.hstack([x, np.full((len(x), 1), np.sqrt(size))])

    x, penalty = with_constant(a), strength * size
    if len(x) <= x.shape[1]:  # both forms are equal; the smaller system is solved
        moved = x.T @ np.linalg.solve(x @ x.T + penalty * np.eye(len(x)), o - a)
    else:
        moved = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ (o - a))
    return np.asarray(probes + with_constant(probes) @ moved, np.float64)


def _choose(
    metric: Metric, a: NDArray[np.float64], o: NDArray[np.float64], codes: NDArray[np.int64], people: NDArray[np.int64]
) -> float:
    """The strength whose maps tell unseen people apart best; of equal ones the strongest."""
    folds = [fold[:FOLD_PEOPLE] for fold in np.array_split(people, min(FOLDS, len(people) // 2))]
    best, chosen = -np.inf, np.inf
    for strength in STRENGTHS:
        genuine, impostor = [], []
        for fold in folds:
            held = np.isin(codes, fold)
            table = distances(metric, _mapped(a[~held], o[~held], a[held], strength), o[held])
            same = codes[held, None] == codes[None, held]
            genuine.append(table[same])
            impostor.append(table[~same])
        near, far = np.concatenate(genuine), np.concatenate(impostor)
        spread = np.sqrt((near.var() + far.var()) / 2)
        index = (far.mean() - near.mean()) / spread if spread > 0 else 0.0
        if index > best + 1e-9:
            best, chosen = index, strength
    return chosen


def _person_ranks(
    metric: Metric, probes: NDArray[np.float64], gallery: NDArray[np.float64], codes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Rank of each probe's person [P], a person being as near as their nearest row; probes and gallery share ``codes``."""
    order = np.argsort(codes, kind="stable")
    persons, starts = np.unique(codes[order], return_index=True)
    own = np.searchsorted(persons, codes)
    found = np.empty(len(codes), np.int64)
    for part, table in distance_blocks(metric, probes, gallery[order]):
        found[part] = table_ranks(np.minimum.reduceat(table, starts, axis=1), own[part])
    return found


def table_ranks(table: NDArray[np.floating] | NDArray[np.integer], own: ArrayLike) -> NDArray[np.int64]:
    """Ranks [P] from any table of distances [P, G] (LPIPS, say), ``own`` [P] being each row's true column."""
    true = np.take_along_axis(np.asarray(table, np.float64), np.asarray(own, np.int64)[:, None], axis=1)
    return np.asarray(1 + (table < true - TIE * np.maximum(1, true)).sum(1), np.int64)


def hamming(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Differing bits of every hash in ``a`` [P, 64] to every one in ``b`` [G, 64] → [P, G], 0 … 64."""
    x, y = a.astype(np.int64), b.astype(np.int64)
    return np.asarray(x @ (1 - y).T + (1 - x) @ y.T, np.int64)


def hash_ranks(probes: NDArray[np.bool_], gallery: NDArray[np.bool_], own: ArrayLike) -> NDArray[np.int64]:
    """Rank [P] of the source photo among distractors by ``hamming``: hashes [P, 64] and [G, 64], ``own`` [P] into the gallery.

    Whole numbers tie often, and ties count for the attacker, so unrelated hashes rank a little better than by chance.
    """
    index = np.asarray(own, np.int64)
    blocks = range(0, len(probes), BLOCK)
    found = [table_ranks(hamming(probes[k : k + BLOCK], gallery), index[k : k + BLOCK]) for k in blocks]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def feature_ranks(
    probes: NDArray[np.floating], gallery: NDArray[np.floating], own: ArrayLike, metric: Metric = "cosine"
) -> NDArray[np.int64]:
    """The same by deep features [P, D] and [G, D], those of ``InceptionFeatures`` for instance."""
    return ranks(metric, probes, gallery, own)


def keep_person(aligned: RGB, parts: NDArray[np.uint8]) -> RGB:
    """The picture uint8 [H, W, 3] with ``GREY`` wherever its ``Part`` map [h, w] says background; the map is scaled to it."""
    height, width = aligned.shape[:2]
    labels = cv2.resize(parts, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.where((labels == Part.BACKGROUND)[..., None], np.uint8(GREY), aligned)
