"""Whether pictures show the same person, to machines: every pair of them before every verifier."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from doppelganger.keeping import Embeddings
from doppelganger.verifiers.protocol import OperatingPoint, Verifier

Pair = tuple[Embeddings, Embeddings]


@dataclass(frozen=True)
class PairRates:
    """``all``, ``any``: share of the pairs that every verifier, or at least one, calls the same person; None without pairs.
    ``each``: by verifier."""

    pairs: int
    all: float | None
    any: float | None
    each: dict[str, float]


def within(pictures: Sequence[Embeddings]) -> Iterable[Pair]:
    """Every two of one person's pictures."""
    return combinations(pictures, 2)


def beside(reference: Embeddings, pictures: Sequence[Embeddings]) -> Iterable[Pair]:
    """The reference with every picture."""
    return product([reference], pictures)


def across(people: Sequence[Sequence[Embeddings]]) -> Iterable[Pair]:
    """Every two pictures of different people."""
    return (pair for a, b in combinations(people, 2) for pair in product(a, b))


def rates(pairs: Iterable[Pair], members: Sequence[Verifier], point: OperatingPoint) -> PairRates:
    """What the members say of the pairs at this point."""
    limits = {m.name: m.thresholds[point].value for m in members}
    words = [{m.name: m.distance(a[m.name], b[m.name]) <= limits[m.name] for m in members} for a, b in pairs]
    count = len(words)
    if not count:
        return PairRates(0, None, None, {})
    return PairRates(
        count,
        sum(all(w.values()) for w in words) / count,
        sum(any(w.values()) for w in words) / count,
        {m.name: sum(w[m.name] for w in words) / count for m in members},
    )
