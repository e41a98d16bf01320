"""The avatars of a call that are rigs on this machine."""

from collections.abc import Sequence
from pathlib import Path

from doppelganger.live.shelf import Avatar, NoAvatarError
from doppelganger.puppet.puppet import Puppet
from doppelganger.puppet.rig import Rig, is_rig


def avatar_of(folder: Path) -> Avatar:
    """The one of a rig: read now, so that a damaged one is found before the call, and again when it is worn. Raises RigError."""
    rig = Rig.load(folder)
    return Avatar(rig.name, rig.still, lambda: Puppet(Rig.load(folder)))


def avatars_in(places: Sequence[Path]) -> list[Avatar]:
    """Of rigs, and of folders of rigs in the order of their names. Raises NoAvatarError for a place without any, and RigError."""
    return [avatar_of(folder) for folder in rigs_in(places)]


def rigs_in(places: Sequence[Path]) -> list[Path]:
    """Their folders. Raises NoAvatarError."""
    found = []
    for place in places:
        rigs = [place] if is_rig(place) else sorted(folder for folder in _folders(place) if is_rig(folder))
        if not rigs:
            raise NoAvatarError(f"There is no avatar in {place}; make one with `doppelganger rig`.")
        found += rigs
    return found


def _folders(place: Path) -> list[Path]:
    try:
        return [folder for folder in place.iterdir() if folder.is_dir()]
    except OSError:
        return []
