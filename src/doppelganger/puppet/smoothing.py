"""The One Euro filter: still hands for slow movements, no lag for fast ones.

Casiez, Roussel and Vogel 2012, "1 € Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive Systems". Here of
whole arrays: the speed that opens the filter is that of each row, so that a point's coordinates are smoothed alike.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SPEED_CUTOFF = 1.0  # Hz; the paper's value for the low-pass of the speed


class OneEuro:
    """``cutoff``: Hz at rest. ``beta``: by how much the cutoff rises with the speed, Hz per unit a second."""

    def __init__(self, cutoff: float, beta: float) -> None:
        self._cutoff, self._beta = cutoff, beta
        self.forget()

    def forget(self) -> None:
        """Begin anew with the next value."""
        self._time: float | None = None
        self._value = self._speed = np.zeros(0)

    def state(self) -> dict[str, Floats]:
        """All that the next value depends on; empty where it begins anew."""
        if self._time is None:
            return {}
        return {"time": np.array([self._time]), "value": self._value, "speed": self._speed}

    def restore(self, state: Mapping[str, Floats]) -> None:
        """Go on from a `state`, to the bit."""
        self.forget()
        if state:
            self._time, self._value, self._speed = float(state["time"][0]), state["value"], state["speed"]

    def __call__(self, value: Floats, time: float) -> Floats:
        """The smoothed ``value`` [N, D] at ``time`` in seconds; a time that is not later than the last changes nothing."""
        if self._time is None or value.shape != self._value.shape:
            self._time, self._value, self._speed = time, value, np.zeros_like(value)
            return value
        step = time - self._time
        if step <= 0:
            return self._value
        self._time = time
        share = _share(step, np.array(_SPEED_CUTOFF))
        self._speed = self._speed + share * ((value - self._value) / step - self._speed)
        cutoff = self._cutoff + self._beta * np.linalg.norm(self._speed, axis=-1, keepdims=True)
        self._value = self._value + _share(step, cutoff) * (value - self._value)
        return self._value


def _share(step: float, cutoff: Floats) -> Floats:
    """Of the new value that a first-order low-pass of ``cutoff`` Hz takes after ``step`` seconds."""
    return np.asarray(1 / (1 + 1 / (2 * np.pi * cutoff * step)), np.float64)
