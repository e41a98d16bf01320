"""Where shown frames go: a window, a virtual camera, a film."""

from typing import Protocol

from doppelganger.images import RGB


class Sink(Protocol):
    """Takes what is shown, in the thread of the loop. It may not keep the loop waiting."""

    def send(self, image: RGB, time: float) -> None:
        """Show uint8 [H, W, 3], whose size may change, of ``time`` seconds on the clock of the call.

        Raises DoppelgangerError where it cannot any more; it is then closed and left out.
        """

    def close(self) -> None:
        """The end. What was begun is finished."""
