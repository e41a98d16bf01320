"""Both forms of the generator as a search needs them, their faces seen in a photo's head."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from doppelganger.generators.protocol import Generator, Latent, Previewer
from doppelganger.images import RGB
from doppelganger.persona.fitting import Fitting, FittingTensors


class Fitted:
    """The generator, its faces seen in a photo's head: a `generators.protocol.Generator` for the search."""

    def __init__(self, generator: Generator, fitting: Fitting) -> None:
        self._generator, self._fitting = generator, fitting
        self.name, self.resolution = generator.name, generator.resolution
        self.w_rows, self.s_rows = generator.w_rows, generator.s_rows

    @property
    def w_mean(self) -> Latent:
        """The generator's."""
        return self._generator.w_mean

    def map(self, z: Latent) -> Latent:
        """The generator's."""
        return self._generator.map(z)

    def synthesise(self, w: Latent) -> RGB:
        """The portrait that wears the face of any latent, uint8 [1024, 1024, 3]."""
        return self._fitting.worn(self._generator.synthesise(w))

    def synthesise_float(self, w: Latent) -> NDArray[np.float32]:
        """The same, float32 [3, 1024, 1024] in [−1, 1]."""
        return np.ascontiguousarray(self.synthesise(w).transpose(2, 0, 1).astype(np.float32) / 127.5 - 1)


class FittedPreview:
    """The differentiable generator, its previews seen in a photo's head."""

    def __init__(self, generator: Previewer, fitting: FittingTensors) -> None:
        self._generator, self._fitting = generator, fitting
        self.w_rows, self.s_rows = generator.w_rows, generator.s_rows

    def preview(self, w: Tensor) -> Tensor:
        """[1, 39, 512] → the portrait that wears the preview, [1, 3, 256, 256]."""
        return self._fitting(self._generator.preview(w))

    def glance(self, w: Tensor) -> Tensor:
        """The same of the true picture."""
        return self._fitting(self._generator.glance(w))
