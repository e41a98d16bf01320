"""Who else takes part in a call, as far as its session knows them."""

from typing import Protocol

from doppelganger.live.shelf import Avatar
from doppelganger.puppet.performance import Watch


class Inventor(Protocol):
    """Makes faces of nobody while the call goes on."""

    def begin(self) -> None:
        """Make one, unless one is being made."""

    def take(self) -> Avatar | None:
        """The finished one, once. Raises DoppelgangerError where it could not be made."""

    @property
    def at_work(self) -> bool:
        """Whether one is being made."""


class Guard(Watch, Protocol):
    """Watches over whoever is worn."""

    def wear(self, avatar: Avatar) -> None:
        """Another one is worn from now on."""


class Trips(Protocol):
    """Seconds from a motion sent to its picture; NaN before the first."""

    @property
    def median(self) -> float: ...

    @property
    def p95(self) -> float: ...


class Server(Protocol):
    """Where the avatars are rendered when that is elsewhere, as far as the person is told of it."""

    @property
    def trouble(self) -> str | None:
        """Why no new picture comes, a sentence."""

    @property
    def round_trip(self) -> Trips:
        """As measured."""
