"""How a rendering server is set up: decided before it starts, never changed while it runs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from doppelganger.errors import DoppelgangerError
from doppelganger.live.remote.wire import AVATARS, NAME_LETTERS
from doppelganger.live.shelf import Avatar
from doppelganger.studio.config import TLS


@dataclass(frozen=True)
class Limits:
    """What one driver, one address and all together may ask of the machine."""

    sessions: int = 4
    """Drivers at a time; who comes later is told so."""
    workers: int = 1
    """Threads that render. Each has its own sessions, which take turns."""
    frames_a_second: float = 30.0
    """Pictures for one session, at most."""
    messages_a_second: float = 150.0
    """Of one session, over two seconds; who sends more is flooding."""
    hello_seconds: float = 5.0
    """From the connection to a whole hello, TLS and all."""
    strangers: int = 64
    strangers_an_address: int = 16
    """Connections that have not said a hello yet, whatever else they said; behind a proxy all share one address."""
    idle_seconds: float = 60.0
    """Without a message, after which a session gives up its place."""
    send_seconds: float = 10.0
    """For a picture to be taken; who does not read is sent away."""


class CastError(DoppelgangerError):
    """These avatars cannot be served together."""


@dataclass(frozen=True)
class Config:
    """One server's. ``avatars``: as `check_cast` has them; opened for every session anew, on the thread that renders."""

    avatars: tuple[Avatar, ...]
    token_hash: str | None = None
    """SHA-256 of the token, hex; None: whoever reaches the port may use it."""
    tls: TLS | None = None
    limits: Limits = field(default_factory=Limits)


def check_cast(avatars: Sequence[Avatar]) -> None:
    """Whether laptops could tell them apart, and be told of them all. Raises CastError."""
    names = [avatar.name for avatar in avatars]
    if len(names) > AVATARS:
        raise CastError(f"These are {len(names)} avatars, and a server has {AVATARS} at most; leave some out.")
    for name, times in Counter(names).items():
        if times > 1:
            raise CastError(
                f"{times} of these avatars are called {name!r}; give each a name of its own in its rig.json, or leave some out."
            )
        if not 0 < len(name) <= NAME_LETTERS:
            raise CastError(
                f"An avatar's name has 1 to {NAME_LETTERS} letters, and {name[:NAME_LETTERS]!r} has {len(name)}; correct it in "
                "its rig.json."
            )
