"""What lies between a driver's thread and the line to the server: wishes, the newest of each kind, and the newest picture."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from doppelganger.images import RGB
from doppelganger.live.remote.pacing import Pacing, RoundTrips
from doppelganger.live.remote.wire import Asked, Choose, Kind, Sent, Welcome, WireError


@dataclass(frozen=True)
class Came:
    """A picture that was asked for by ``number``. ``at``: when it came, on the monotonic clock."""

    image: RGB
    number: int
    at: float


class Mailbox:
    """Every method may be called by any thread; only `newest` and `begun` wait, and no longer than they are told to."""

    def __init__(self, avatar: str | None, wake: Callable[[], None]) -> None:
        """``avatar`` None: whichever the server shows. ``wake``: called when there is something to say."""
        self._wake = wake
        self._changed = threading.Condition()
        self._wanted = avatar
        self._acting: str | None = None
        self._avatars: tuple[str, ...] = ()
        self._stills: dict[str, RGB] = {}
        self._newest: Came | None = None
        self._asked: Asked | None = None
        self._reference: bytes | None = None
        self._reference_due = self._choice_due = False
        self._number, self._since, self._kind = 0, 0, Kind.MOTION
        self._pacing = Pacing()
        self._trouble: str | None = "There is no connection to the rendering server yet."
        self._over = False

    @property
    def avatars(self) -> tuple[str, ...]:
        """Whom the server can show."""
        with self._changed:
            return self._avatars

    @property
    def avatar(self) -> str | None:
        """Who is shown, or will be once the server has answered."""
        with self._changed:
            return self._wanted

    @property
    def complete(self) -> bool:
        """Whether the stills of all avatars are here."""
        with self._changed:
            return bool(self._avatars) and len(self._stills) == len(self._avatars)

    def still(self, avatar: str) -> RGB:
        """At rest, once they are here."""
        with self._changed:
            return self._stills[avatar]

    @property
    def trouble(self) -> str | None:
        """Why nothing comes, a sentence; None while all is well."""
        with self._changed:
            return self._trouble

    @property
    def trips(self) -> RoundTrips:
        """As measured over the last pictures."""
        with self._changed:
            return self._pacing.trips

    # a driver's

    def choose(self, avatar: str) -> None:
        """Another one from now on."""
        with self._changed:
            self._wanted, self._choice_due = avatar, True
            self._newest = self._asked = self._reference = None
        self._wake()

    def calibrate(self, reference: bytes) -> None:
        """The driver at rest; said again after every reconnect."""
        with self._changed:
            self._reference, self._reference_due = reference, True
            self._asked = None
        self._wake()

    def ask(self, kind: Kind, motion: bytes, time: float, jpeg: bytes = b"") -> int:
        """Want a picture; an older wish that has not gone out is forgotten. Returns its number."""
        with self._changed:
            self._number += 1
            if kind is not self._kind:  # a swapped frame must not stand for an avatar's, nor the other way round
                self._kind, self._since, self._newest = kind, self._number, None
            self._asked = Asked(kind, self._number, time, motion, jpeg)
            number = self._number
        self._wake()
        return number

    def newest(self, number: int, seconds: float) -> Came | None:
        """The newest picture, after waiting ``seconds`` at most for that of ``number``, and not at all while there is no line."""

        def settled() -> bool:
            return self._trouble is not None or (self._newest is not None and self._newest.number >= number)

        with self._changed:
            self._changed.wait_for(settled, seconds)
            return self._newest

    def begun(self, seconds: float) -> bool:
        """Whether all stills have come within ``seconds``; False as soon as it is clear that they will not."""
        with self._changed:
            self._changed.wait_for(lambda: self.complete or self._over, seconds)
            return self.complete

    # the line's

    def due(self) -> str | bytes | None:
        """What to say next."""
        with self._changed:
            if self._trouble is not None:  # not welcomed yet
                return None
            if self._choice_due and self._wanted:
                self._choice_due = False
                return Choose(avatar=self._wanted).model_dump_json()
            if self._acting != self._wanted:
                return None
            if self._reference_due and self._reference is not None:
                self._reference_due = False
                return Asked(Kind.CALIBRATE, self._number, 0.0, self._reference).to_bytes()
            if self._asked is None or not self._pacing.room:
                return None
            asked, self._asked = self._asked, None
            self._pacing.sent(asked.number, monotonic())
            return asked.to_bytes()

    def welcomed(self, welcome: Welcome) -> None:
        """The server shows somebody, anew. Raises WireError where it is not the server it was."""
        with self._changed:
            if self._avatars and welcome.avatars != self._avatars:
                raise WireError("The rendering server has other avatars now; connect anew.")
            self._acting, self._avatars = welcome.avatar, welcome.avatars
            self._wanted = self._wanted or welcome.avatar
            self._choice_due = self._acting != self._wanted
            self._reference_due = True
            self._pacing.lost()
            self._trouble = None

    def came(self, sent: Sent, image: RGB) -> None:
        """A picture has arrived; one of an avatar or of a mode that is not wanted any more is let go. Raises WireError."""
        with self._changed:
            if sent.kind is Kind.STILL:
                if sent.number >= len(self._avatars):
                    raise WireError("This is the still of nobody.")
                self._stills[self._avatars[sent.number]] = image
            else:
                self._pacing.came(sent.number, monotonic(), sent.waited + sent.rendered)
                if self._acting == self._wanted and sent.number >= self._since:
                    self._newest = Came(image, sent.number, monotonic())
            self._changed.notify_all()

    def lost(self, trouble: str) -> bool:
        """Returns whether there had been a line."""
        with self._changed:
            there, self._trouble = self._trouble is None, trouble
            self._pacing.lost()
            self._changed.notify_all()
            return there

    def over(self, trouble: str) -> None:
        """There will be no line any more."""
        with self._changed:
            self._trouble, self._over = trouble, True
            self._changed.notify_all()
