"""How the page is served: decided before it starts, never changed while it runs."""

from dataclasses import dataclass

from doppelganger.studio.config import TLS


@dataclass(frozen=True)
class Config:
    """``token_hash``: SHA-256 of the token, hex; None: whoever reaches the page may use it. ``host_names``: names besides the bound
    address under which browsers may ask."""

    host: str = "127.0.0.1"
    token_hash: str | None = None
    host_names: tuple[str, ...] = ()
    tls: TLS | None = None
