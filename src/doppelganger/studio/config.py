"""How the Studio is set up: decided before it starts, never changed while it runs."""

from dataclasses import dataclass, field
from pathlib import Path

from doppelganger.errors import DoppelgangerError
from doppelganger.studio.identity import digest

MOST_HOURS = 8760.0
"""A year: the longest that anything is kept."""


class HoursError(DoppelgangerError):
    """Nothing is kept for that long."""

    exit_code = 2


@dataclass(frozen=True)
class Limits:
    """What one person, one address and all together may ask of the machine."""

    body_bytes: int = 25_000_000
    """Largest picture taken in, as it arrives."""
    json_bytes: int = 64_000
    """Largest body of every other request."""
    body_seconds: float = 120
    """For a whole body to arrive."""
    bodies_a_person: int = 3
    bodies_in_all: int = 20
    """Pictures that may be arriving or waiting to be looked at, at a time: each is in memory."""
    pixels: int = 50_000_000
    """Most pixels of a picture, by its header, before anything is decoded."""
    look_seconds: float = 60
    """For one picture to be decoded and looked at."""
    look_memory: int = 2_000_000_000
    """Bytes of address space that decoding may take on top of what the looking process has."""
    uploads_an_hour: int = 40
    uploads_kept: int = 20
    uploads_kept_in_all: int = 400
    looks_an_hour: int = 60
    """Questions "is that me?", whose pictures are not kept."""
    faces_a_minute: int = 600
    """Faces drawn or read for one person; a dragged slider asks for a few a second."""
    renders_waiting: int = 32
    render_seconds: float = 120
    """For one face, with the networks that it may have to load."""
    jobs_a_person: int = 3
    """Queued and running."""
    jobs_in_all: int = 20
    job_seconds: float = 3600
    streams_a_person: int = 8
    streams_in_all: int = 256
    requests_a_minute: int = 1200
    visits_an_hour: int = 300
    """New people from one address."""
    wrong_tokens: int = 10
    """From one address in five minutes."""
    address_factor: int = 5
    """An address may do this many times what a person may: several people can share one."""
    free_bytes: int = 500_000_000
    """The disk must have this much room for anything new to be taken in."""
    unused_upload_hours: float = 1.0
    sweep_seconds: float = 60
    """Between two looks for what has expired."""
    idle_seconds: float = 600
    """Without a job, after which the worker ends and gives its memory back."""


@dataclass(frozen=True)
class TLS:
    """Files in PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Config:
    """One Studio's."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8765
    token_hash: str | None = None
    """SHA-256 of the token, hex; None: whoever reaches the page may use it."""
    host_names: tuple[str, ...] = ()
    """Names besides the bound address under which browsers may ask."""
    keep_hours: float = 24.0
    tls: TLS | None = None
    device: str = "auto"
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not 0 < self.keep_hours <= MOST_HOURS:  # nor is it nan
            raise HoursError(f"What is made can be kept for {MOST_HOURS:g} hours at most; correct --keep-hours.")

    @property
    def keep_seconds(self) -> float:
        return self.keep_hours * 3600

    @property
    def cookie(self) -> str:
        """Name of the cookie. Browsers send a host's cookies to all its ports, so it tells this Studio's folder from others'."""
        return f"doppelganger-{digest(str(self.data.resolve()))[:8]}"
