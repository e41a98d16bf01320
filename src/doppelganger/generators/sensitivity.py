"""The directions of w+ that a picture feels most, so that Adam can pace them apart from the rest.

Gradients of a picture's loss, seen in one layer's row of w+, crowd into a few dozen directions: 32 of 512 hold 98 % of their
energy. None of them is an axis, and Adam's step per coordinate is as good as the coordinates; in these it needs a third fewer
steps (Vyas et al., "SOAP: Improving and Stabilizing Shampoo using Adam", 2024, arXiv:2409.11321, rotate likewise, with a
basis that follows the run; this one is measured once, by ``tools/measure_sensitivity.py``).
"""

from importlib import resources

import torch
from safetensors.torch import load
from torch import Tensor

from doppelganger.generators.mobile_stylegan import S_ROWS, W_ROWS


class SensitiveDirections:
    """Orthonormal directions per row of w+, [rows, 512, K], in the coordinates of ``LatentSpace``.

    Further rows, those of StyleSpace, are single channels already and have no such directions: all of them is rest.
    """

    def __init__(self, basis: Tensor) -> None:
        self._basis = basis

    @classmethod
    def of_mobile_stylegan(cls, device: torch.device) -> "SensitiveDirections":
        """Those of the embedded generator."""
        stored = resources.files("doppelganger.generators").joinpath("sensitivity.safetensors").read_bytes()
        basis = load(stored)["basis"].float().to(device)
        return cls(torch.cat([basis, basis.new_zeros(S_ROWS - len(basis), *basis.shape[1:])]))

    @property
    def split_size(self) -> int:
        """K + 512: columns of what ``split`` gives."""
        return self._basis.shape[1] + self._basis.shape[2]

    def split(self, gradient: Tensor) -> Tensor:
        """[rows, 512] → [rows, K + 512]: along the K directions, and what is left in the old coordinates."""
        along = (gradient[:, None] @ self._basis[: len(gradient)])[:, 0]
        return torch.cat([along, gradient - self._back(along)], 1)

    def join(self, step: Tensor, rest_rate: float = 1.0, offset_rate: float = 1.0) -> Tensor:
        """[rows, K + 512] → [rows, 512]; the second part, times ``rest_rate``, counts only as far as it lies outside the K.
        Rows of StyleSpace are taken times ``offset_rate``."""
        kept = self._basis.shape[2]
        rates = step.new_full((len(step), 1), rest_rate)
        rates[W_ROWS:] = offset_rate
        along, rest = step[:, :kept], step[:, kept:] * rates
        return rest + self._back(along - (rest[:, None] @ self._basis[: len(rest)])[:, 0])

    def _back(self, along: Tensor) -> Tensor:
        back: Tensor = (self._basis[: len(along)] @ along[:, :, None])[:, :, 0]
        return back
