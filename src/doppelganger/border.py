"""The border: where, along the continuum, a verifier's verdict flips between *different* and *same*.

A path is a row of faces, step 0 the mean face, the last step the closest match. Judging a face is dear, so a coarse scan
finds the intervals in which a verdict changes and bisection narrows each to two neighbouring steps. A flip and its
reversal inside one coarse interval stay unseen: ``stride`` is the resolution of the answer, and the scan says where it looked.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise

from doppelganger.result import Border, Flip

Judge = Callable[[int], Mapping[str, float]]
"""Step → distance of that face to the portrait, by verifier."""


class CachedJudge:
    """Asks ``judge`` at most once a step, so that all verifiers and the panel share every face that was rendered."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self.seen: dict[int, Mapping[str, float]] = {}

    def __call__(self, step: int) -> Mapping[str, float]:
        if step not in self.seen:
            self.seen[step] = self._judge(step)
        return self.seen[step]


def coarse_steps(length: int, stride: int) -> list[int]:
    """0, stride, 2·stride … and always the last step of a path of ``length`` ≥ 1 faces."""
    return sorted({*range(0, length, stride), length - 1})


def find_flips(length: int, different: Callable[[int], bool], stride: int) -> tuple[Flip, ...]:
    """All flips that a scan with ``stride`` can see, each bisected to neighbouring steps, in order; () if it never flips."""
    flips = []
    steps = coarse_steps(length, stride)
    for left, right in pairwise(steps):
        low, high = left, right
        if different(low) == different(high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if different(middle) == different(low):
                low = middle
            else:
                high = middle
        flips.append(Flip(inside=high, outside=low) if different(low) else Flip(inside=low, outside=high))
    return tuple(flips)


def find_borders(length: int, judge: Judge, thresholds: Mapping[str, float], stride: int) -> tuple[Border, ...]:
    """The borders of every verifier in ``thresholds`` and, last, of the panel (*different* when every member says so)."""
    cached = CachedJudge(judge)
    flips = {
        name: find_flips(length, lambda step, name=name, limit=limit: cached(step)[name] > limit, stride)  # type: ignore[misc]
        for name, limit in thresholds.items()
    }
    panel = find_flips(length, lambda step: all(cached(step)[n] > limit for n, limit in thresholds.items()), stride)
    borders = [
        Border(name, limit, flips[name], tuple((step, float(cached.seen[step][name])) for step in sorted(cached.seen)))
        for name, limit in thresholds.items()
    ]
    return (*borders, Border("panel", None, panel, ()))


def path_border(length: int, judge: Judge, verifier: str, threshold: float) -> int | None:
    """The original software's rule: from the closest match back, the first step that one verifier calls *different*.

    Every step is judged on the way, as the original did. None when it says *same* back to the mean face.
    """
    return next((step for step in range(length - 1, -1, -1) if judge(step)[verifier] > threshold), None)
