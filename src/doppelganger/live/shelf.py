"""The avatars of a call, in their order: from folders, read again on demand, opened when they are first worn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from doppelganger.errors import DoppelgangerError
from doppelganger.images import RGB
from doppelganger.puppet.protocol import Reenactor


class NoAvatarError(DoppelgangerError):
    """There is nobody to wear."""


@dataclass(frozen=True)
class Avatar:
    """``name``: for people. ``picture``: at rest, uint8 [H, W, 3]. ``wear``: makes what moves it, which may take a second."""

    name: str
    picture: RGB
    wear: Callable[[], Reenactor]


def worn(reenactor: Reenactor) -> Avatar:
    """An avatar that is open already."""
    return Avatar(reenactor.name, reenactor.still, lambda: reenactor)


class Shelf:
    """``read``: gives the avatars, and again when it is asked to. Raises NoAvatarError where there is none."""

    def __init__(self, read: Callable[[], Sequence[Avatar]]) -> None:
        self._read = read
        self._added: list[Avatar] = []
        self.avatars: tuple[Avatar, ...] = ()
        self.version = 0
        """Another number whenever the avatars are others."""
        self._open: dict[int, Reenactor] = {}
        self.reload()

    def reload(self) -> None:
        """Read them again; those that were added during the call stay. Where there is none any more, the old ones do."""
        avatars = (*self._read(), *self._added)
        if not avatars:
            raise NoAvatarError("There is no avatar here; make one with `doppelganger rig`.")
        self.avatars, self._open = avatars, {}
        self.version += 1

    def add(self, avatar: Avatar) -> int:
        """At the end; returns its place, from 0."""
        self._added.append(avatar)
        self.avatars = (*self.avatars, avatar)
        self.version += 1
        return len(self.avatars) - 1

    def wear(self, place: int) -> Reenactor:
        """What moves the avatar at ``place``, from 0. Raises whatever opening it raises."""
        if place not in self._open:
            self._open[place] = self.avatars[place].wear()
        return self._open[place]
