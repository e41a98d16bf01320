"""How many motions may be under way: enough to keep the line busy, never so many that they queue somewhere."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

_FEW, _MANY = 1.0, 3.0  # motions that queue on the way, between which all is well
_LARGEST = 32
_REMEMBERED = 300  # round trips, some ten seconds


@dataclass(frozen=True)
class RoundTrips:
    """Seconds from a motion sent to its picture decoded, over the last 300. ``server``: the median of what the server says of
    them was its own, waiting and rendering. All NaN where nothing has come back yet."""

    median: float
    p95: float
    server: float
    count: int


class Pacing:
    """TCP Vegas' rule (Brakmo and Peterson, 1995) for messages: window × (1 − shortest / this round trip) of them queue."""

    def __init__(self) -> None:
        self._trips: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)
        self._window = 4.0
        self._sent: dict[int, float] = {}

    @property
    def room(self) -> bool:
        """Whether one more may be sent."""
        return len(self._sent) < int(self._window)

    @property
    def trips(self) -> RoundTrips:
        """As measured."""
        if not self._trips:
            return RoundTrips(math.nan, math.nan, math.nan, 0)
        whole, server = np.array(self._trips).T
        return RoundTrips(
            float(np.median(whole)), float(np.quantile(whole, 0.95)), float(np.median(server)), len(self._trips)
        )

    def sent(self, number: int, now: float) -> None:
        """A motion has gone out."""
        self._sent[number] = now

    def came(self, number: int, now: float, server: float) -> None:
        """Its picture is here; those before it were passed over."""
        at = self._sent.get(number)
        self._sent = {later: when for later, when in self._sent.items() if later > number}
        if at is None:
            return
        trip = max(now - at, 1e-6)
        self._trips.append((trip, server))
        queued = self._window * (1 - min(whole for whole, _ in self._trips) / trip)
        if queued < _FEW:
            self._window = min(_LARGEST, self._window + 1 / self._window)
        elif queued > _MANY:
            self._window = max(2.0, self._window - 1 / self._window)

    def lost(self) -> None:
        """The line is gone, and what was under way with it."""
        self._sent.clear()
        self._window = 4.0
