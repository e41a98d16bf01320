"""Progress as an ordinary callback of small events: the command line draws a bar, tests count them."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """``done`` of ``total`` units of ``stage`` are finished; ``message`` is a short word for people, may be empty."""

    stage: str
    done: int
    total: int
    message: str = ""


Progress = Callable[[Event], None]


def silent(event: Event) -> None:
    """The progress callback that does nothing."""
