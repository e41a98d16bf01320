"""What moves an avatar: the mesh-driven puppet of this package, a rendering server, or somebody's neural reenactor."""

from typing import Protocol

from doppelganger.images import RGB
from doppelganger.puppet.motion import Motion


class Reenactor(Protocol):
    """A driver's motion → the avatar's picture. It has a state of its own (reference frame, filters): one a call, one thread."""

    name: str
    """The avatar's, for people."""

    @property
    def still(self) -> RGB:
        """The avatar at rest, uint8 [512, 512, 3]: what is shown when nothing may be rendered."""

    def calibrate(self, reference: Motion) -> None:
        """Take this as the driver at rest: what they do from now on is measured from it. Also forgets all filters."""

    def render(self, motion: Motion, time: float) -> RGB:
        """The avatar doing it before its own background, uint8 [512, 512, 3]. ``time``: seconds on the driver's clock, rising.

        Calibrates itself at the first motion where nobody has.
        """

    def swap(self, frame: RGB, motion: Motion, time: float) -> RGB:
        """The avatar's face on the driver's own ``frame``, uint8 [H, W, 3], in which ``motion`` was seen."""
