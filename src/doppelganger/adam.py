"""Adam, written out: its moments are part of a search's state, and its steps are rotated and scaled before they are taken."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


class Adam:
    """Adam (Kingma and Ba, 2015) on one tensor, its moments open to be saved; ε = 1e-8."""

    EPSILON = 1e-8

    def __init__(self, first: Tensor, second: Tensor, beta1: float = 0.9, beta2: float = 0.99, step: int = 0) -> None:
        self._first, self._second, self._beta1, self._beta2, self._step = first, second, beta1, beta2, step

    def update(self, gradient: Tensor, rate: float) -> Tensor:
        """The amount to subtract, of the gradient's shape."""
        self._step += 1
        self._first.lerp_(gradient, 1 - self._beta1)
        self._second.lerp_(gradient.square(), 1 - self._beta2)
        first = self._first / (1 - self._beta1**self._step)
        second = self._second / (1 - self._beta2**self._step)
        return rate * first / (second.sqrt() + self.EPSILON)

    def moments(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Copies of both moments."""
        return self._first.cpu().numpy().copy(), self._second.cpu().numpy().copy()
