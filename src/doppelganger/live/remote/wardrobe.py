"""The avatars of a rendering server, as a call has them: all over one connection, which shows one at a time."""

from functools import partial

from doppelganger.images import RGB
from doppelganger.live.remote.client import RemoteReenactor
from doppelganger.live.shelf import Avatar
from doppelganger.puppet.motion import Motion


class Worn:
    """One of them as a `puppet.protocol.Reenactor`; whoever is asked last is who the server shows."""

    def __init__(self, remote: RemoteReenactor, name: str) -> None:
        self.name, self._remote = name, remote

    @property
    def can_swap(self) -> bool:
        """Whether `swap` may send the camera's picture to the server."""
        return self._remote.can_swap

    @property
    def still(self) -> RGB:
        """See the protocol."""
        return self._remote.picture(self.name)

    def calibrate(self, reference: Motion) -> None:
        """See the protocol."""
        self._here().calibrate(reference)

    def render(self, motion: Motion, time: float) -> RGB:
        """See `RemoteReenactor`."""
        return self._here().render(motion, time)

    def swap(self, frame: RGB, motion: Motion, time: float) -> RGB:
        """See `RemoteReenactor`."""
        return self._here().swap(frame, motion, time)

    def _here(self) -> RemoteReenactor:
        if self._remote.name != self.name:
            self._remote.choose(self.name)
        return self._remote


def avatars_of(remote: RemoteReenactor) -> list[Avatar]:
    """All that the server has, in its order, the one that is shown first of all."""
    names = sorted(remote.avatars, key=lambda name: name != remote.name)  # stable: the others keep their order
    return [Avatar(name, remote.picture(name), partial(Worn, remote, name)) for name in names]
