"""Progress as an ordinary callback of small events: the command line draws a bar, the Studio shows the faces, tests count them.

A callback that raises stops the work; what was kept until then is not lost.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doppelganger.images import RGB


@dataclass(frozen=True)
class Event:
    """``done`` of ``total`` units of ``stage`` are finished; ``message`` is a short word for people, may be empty.

    The rest is there at some steps of the two searches only.
    """

    stage: str
    done: int
    total: int
    message: str = ""
    face: "RGB | None" = None
    """The face that was just looked at, uint8 [256, 256, 3]; it may be a preview."""
    lpips: float | None = None
    """Of that face to the portrait (AlexNet, 256²)."""
    distances: Mapping[str, float] | None = None
    """Verifier → distance of that face to the portrait over its threshold: 1 is its border."""


Progress = Callable[[Event], None]


def silent(event: Event) -> None:
    """The progress callback that does nothing."""
