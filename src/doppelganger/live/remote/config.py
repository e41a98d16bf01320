"""How a rendering server is set up: decided before it starts, never changed while it runs."""

from dataclasses import dataclass, field

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
    """From the connection to a whole hello."""
    strangers: int = 64
    strangers_an_address: int = 16
    """Connections that have not said a hello yet; behind a proxy all share one address."""
    idle_seconds: float = 60.0
    """Without a message, after which a session gives up its place."""
    send_seconds: float = 10.0
    """For a picture to be taken; who does not read is sent away."""


@dataclass(frozen=True)
class Config:
    """One server's. ``avatars``: no two of one name, `wire.AVATARS` at most; opened for every session anew, on the thread that
    renders."""

    avatars: tuple[Avatar, ...]
    token_hash: str | None = None
    """SHA-256 of the token, hex; None: whoever reaches the port may use it."""
    tls: TLS | None = None
    limits: Limits = field(default_factory=Limits)
