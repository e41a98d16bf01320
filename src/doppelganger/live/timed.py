"""A reenactor whose time is measured."""

from doppelganger.images import RGB
from doppelganger.live.meter import Meter, Part
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.protocol import Reenactor


class Timed:
    """Does what ``inner`` does, and counts it as the model's time."""

    def __init__(self, inner: Reenactor, meter: Meter) -> None:
        self.inner = inner
        self.name = inner.name
        self._meter = meter

    @property
    def still(self) -> RGB:
        """The avatar at rest."""
        return self.inner.still

    def calibrate(self, reference: Motion) -> None:
        """As `Reenactor.calibrate`."""
        self.inner.calibrate(reference)

    def render(self, motion: Motion, time: float) -> RGB:
        """As `Reenactor.render`."""
        with self._meter.measure(Part.MODEL):
            return self.inner.render(motion, time)

    def swap(self, frame: RGB, motion: Motion, time: float) -> RGB:
        """As `Reenactor.swap`."""
        with self._meter.measure(Part.MODEL):
            return self.inner.swap(frame, motion, time)
