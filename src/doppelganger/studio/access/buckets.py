"""Token buckets: so many at once, and then as fast as they fill again."""

import time
from dataclasses import dataclass

_MANY = 10_000
"""Buckets above which full ones, which nobody would miss, are thrown away."""


@dataclass
class _Bucket:
    left: float
    at: float


class Buckets:
    """One bucket for each key, with room for ``amount``, filled in ``seconds``."""

    def __init__(self, amount: float, seconds: float) -> None:
        self._amount, self._rate = amount, amount / seconds
        self._buckets: dict[str, _Bucket] = {}

    def take(self, key: str) -> float:
        """Take one: 0 where there was one, else the seconds until there will be."""
        bucket = self._filled(key)
        if bucket.left < 1:
            return (1 - bucket.left) / self._rate
        bucket.left -= 1
        return 0.0

    def empty(self, key: str) -> float:
        """Like ``take``, but takes nothing."""
        left = self._filled(key).left
        return 0.0 if left >= 1 else (1 - left) / self._rate

    def _filled(self, key: str) -> _Bucket:
        now = time.monotonic()
        if len(self._buckets) > _MANY:
            self._buckets = {
                k: b for k, b in self._buckets.items() if b.left + (now - b.at) * self._rate < self._amount
            }
        bucket = self._buckets.setdefault(key, _Bucket(self._amount, now))
        bucket.left = min(self._amount, bucket.left + (now - bucket.at) * self._rate)
        bucket.at = now
        return bucket
