"""What a person can do during a call, and the keys for it: those that users of Avatarify know, and two more."""

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """Each has a key. A page or a window sends them to `Session.do`."""

    AVATAR_1 = "avatar-1"
    AVATAR_2 = "avatar-2"
    AVATAR_3 = "avatar-3"
    AVATAR_4 = "avatar-4"
    AVATAR_5 = "avatar-5"
    AVATAR_6 = "avatar-6"
    AVATAR_7 = "avatar-7"
    AVATAR_8 = "avatar-8"
    AVATAR_9 = "avatar-9"
    INVENT = "invent"
    ON_OFF = "on-off"
    PREVIOUS = "previous"
    NEXT = "next"
    ZOOM_IN = "zoom-in"
    ZOOM_IN_FINE = "zoom-in-fine"
    ZOOM_OUT = "zoom-out"
    ZOOM_OUT_FINE = "zoom-out-fine"
    LEFT = "left"
    LEFT_FINE = "left-fine"
    RIGHT = "right"
    RIGHT_FINE = "right-fine"
    UP = "up"
    UP_FINE = "up-fine"
    DOWN = "down"
    DOWN_FINE = "down-fine"
    RESET_CAMERA = "reset-camera"
    OVERLAY_LESS = "overlay-less"
    OVERLAY_MORE = "overlay-more"
    CALIBRATE = "calibrate"
    SEARCH_REFERENCE = "search-reference"
    MIRROR_PREVIEW = "mirror-preview"
    MIRROR_OUTPUT = "mirror-output"
    RELOAD = "reload"
    TIMES = "times"
    LANDMARKS = "landmarks"
    MODE = "mode"
    FULL_SCREEN = "full-screen"
    QUIT = "quit"


@dataclass(frozen=True)
class Binding:
    """``key``: the character that the key types, a capital where Shift is held; "Escape" for that key."""

    key: str
    action: Action
    says: str


BINDINGS = (
    *(Binding(str(n), Action(f"avatar-{n}"), f"avatar {n}") for n in range(1, 10)),
    Binding("q", Action.INVENT, "a new invented avatar"),
    Binding("0", Action.ON_OFF, "avatar on or off; off shows its still"),
    Binding("a", Action.PREVIOUS, "previous avatar"),
    Binding("d", Action.NEXT, "next avatar"),
    Binding("w", Action.ZOOM_IN, "camera nearer"),
    Binding("W", Action.ZOOM_IN_FINE, "camera nearer, finely"),
    Binding("s", Action.ZOOM_OUT, "camera further"),
    Binding("S", Action.ZOOM_OUT_FINE, "camera further, finely"),
    Binding("h", Action.LEFT, "camera to the left"),
    Binding("H", Action.LEFT_FINE, "camera to the left, finely"),
    Binding("k", Action.RIGHT, "camera to the right"),
    Binding("K", Action.RIGHT_FINE, "camera to the right, finely"),
    Binding("u", Action.UP, "camera up"),
    Binding("U", Action.UP_FINE, "camera up, finely"),
    Binding("j", Action.DOWN, "camera down"),
    Binding("J", Action.DOWN_FINE, "camera down, finely"),
    Binding("Z", Action.RESET_CAMERA, "camera as it was"),
    Binding("z", Action.OVERLAY_LESS, "less of the avatar over your own picture"),
    Binding("c", Action.OVERLAY_MORE, "more of the avatar over your own picture"),
    Binding("x", Action.CALIBRATE, "take this moment as your face at rest"),
    Binding("f", Action.SEARCH_REFERENCE, "look for a better moment, on or off"),
    Binding("r", Action.MIRROR_PREVIEW, "mirror your own picture"),
    Binding("t", Action.MIRROR_OUTPUT, "mirror the avatar"),
    Binding("l", Action.RELOAD, "read the avatars again"),
    Binding("i", Action.TIMES, "frames a second and times"),
    Binding("o", Action.LANDMARKS, "the points of your face"),
    Binding("m", Action.MODE, "avatar before its own background, or on your video"),
    Binding("v", Action.FULL_SCREEN, "the avatar alone on the screen"),
    Binding("Escape", Action.QUIT, "end"),
)

_BY_KEY = {binding.key: binding.action for binding in BINDINGS}


def action_of(key: str) -> Action | None:
    """What a key means, None where it means nothing. Letters that have no meaning with Shift mean the same without (Caps Lock)."""
    return _BY_KEY.get(key) or (_BY_KEY.get(key.lower()) if len(key) == 1 else None)
