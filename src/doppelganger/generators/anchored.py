"""A cheap generator held to the true one: the preview's gradient at the whole network's value.

The preview has an error that a search would exploit. So every few steps the whole network is
rendered (fast, without gradient) and the difference is added as a constant until the next time: near that latent the
picture is exact and only its derivative is the preview's. (Defect correction, as in iterative refinement of linear systems.)
"""

from torch import Tensor

from doppelganger.generators.protocol import Previewer


class AnchoredPreview:
    """Previews held to the true picture, for one w+ that moves slowly from call to call. Make a new one for every search."""

    def __init__(self, generator: Previewer, every: int) -> None:
        self._generator, self._every = generator, every
        self._calls = 0
        self._defect: Tensor | float = 0.0

    def preview(self, w: Tensor) -> Tensor:
        """w+ [1, rows, 512] → face [1, 3, 256, 256] in about [−1, 1]; see the module."""
        face = self._generator.preview(w)
        if self._calls % self._every == 0:
            self._defect = self._generator.glance(w) - face.detach()
        self._calls += 1
        return face + self._defect
