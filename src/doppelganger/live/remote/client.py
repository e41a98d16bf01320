"""The reenactor on another machine: the laptop sends what the driver does, and shows what comes back."""

from pathlib import Path
from time import monotonic

from doppelganger.images import RGB
from doppelganger.live.remote.address import Address, RemoteError
from doppelganger.live.remote.line import Line
from doppelganger.live.remote.pacing import RoundTrips
from doppelganger.live.remote.pictures import encode
from doppelganger.live.remote.wire import Kind
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.performance import HELD_SECONDS

PATIENCE = 0.05
"""Seconds that a frame waits at most for its own picture; where round trips take longer, the newest is shown without waiting."""
_BEGIN_SECONDS = 30.0


class RemoteReenactor:
    """A `puppet.protocol.Reenactor` whose pictures a rendering server makes.

    Only motion leaves this machine, 3 kB a frame, unless ``frames`` allows the camera's picture for `swap`. Nothing here blocks
    for longer than `PATIENCE`. While the line is down the last picture stands for a second, then the still; the line comes back
    by itself, calibrated as before.
    """

    def __init__(self, line: Line, frames: bool) -> None:
        """Of a line that is open; see `connect`."""
        self._line, self._mailbox = line, line.mailbox
        self._calibrated = False
        self.can_swap = frames
        """Whether `swap` may send the camera's picture to the server."""

    @classmethod
    def connect(
        cls,
        url: str,
        token: str | None = None,
        avatar: str | None = None,
        certificate: Path | None = None,
        frames: bool = False,
    ) -> "RemoteReenactor":
        """``url``: as `doppelganger serve` printed it, the token in it or given. ``avatar``: by name; default the server's first.
        ``certificate``: PEM, the only one believed then. Raises RemoteError with a sentence where it cannot be."""
        line = Line(Address.of(url, token, certificate), avatar, frames)
        line.open(_BEGIN_SECONDS)
        return cls(line, frames)

    def close(self) -> None:
        """Give the place on the server back."""
        self._line.close()

    @property
    def name(self) -> str:
        """The avatar's."""
        return self._mailbox.avatar or ""

    @property
    def avatars(self) -> tuple[str, ...]:
        """All that the server has, by name."""
        return self._mailbox.avatars

    @property
    def still(self) -> RGB:
        """At rest, uint8 [512, 512, 3]; it is there without the server, too."""
        return self._mailbox.still(self.name)

    def picture(self, avatar: str) -> RGB:
        """Another of `avatars` at rest, uint8 [512, 512, 3]."""
        return self._mailbox.still(avatar)

    @property
    def trouble(self) -> str | None:
        """Why no new picture comes, a sentence; None while all is well."""
        return self._mailbox.trouble

    @property
    def round_trip(self) -> RoundTrips:
        """From a motion sent to its picture, over the last 300."""
        return self._mailbox.trips

    def choose(self, avatar: str) -> None:
        """Show another of `avatars`, uncalibrated: the next `render` or `calibrate` says from where. Raises RemoteError."""
        if avatar not in self.avatars:
            raise RemoteError(f"The rendering server has no avatar {avatar!r}; it has: {', '.join(self.avatars)}.")
        self._calibrated = False
        self._mailbox.choose(avatar)

    def calibrate(self, reference: Motion) -> None:
        """See the protocol."""
        self._calibrated = True
        self._mailbox.calibrate(reference.to_bytes())

    def render(self, motion: Motion, time: float) -> RGB:
        """The newest picture that has come back, at best that of this very motion."""
        return self._shown(self._ask(Kind.MOTION, motion, time))

    def swap(self, frame: RGB, motion: Motion, time: float) -> RGB:
        """The newest that has come back, like `render`. Raises RemoteError where frames may not be sent, WireError for too large a
        one."""
        if not self.can_swap:
            raise RemoteError(
                "To put the avatar on your own video the server would have to see it, and only motion is sent; use the avatar "
                "mode, or allow frames to be sent."
            )
        return self._shown(self._ask(Kind.FRAME, motion, time, encode(frame, None)))

    def _ask(self, kind: Kind, motion: Motion, time: float, jpeg: bytes = b"") -> int:
        if not self._calibrated:  # here and not by the server, so that it is the same after a reconnect
            self.calibrate(motion)
        return self._mailbox.ask(kind, motion.to_bytes(), time, jpeg)

    def _shown(self, number: int) -> RGB:
        came = self._mailbox.newest(number, 0.0 if self.round_trip.median > PATIENCE else PATIENCE)
        if came is None or monotonic() - came.at > HELD_SECONDS:
            return self.still
        return came.image
