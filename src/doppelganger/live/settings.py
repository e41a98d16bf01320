"""What a person has chosen during a call, and what an action changes of it."""

from dataclasses import dataclass, field, replace
from typing import Any

from doppelganger.live.actions import Action
from doppelganger.live.framing import FINE, MOVE, MOVE_FINE, STEP, Framing

_OVERLAY_STEP = 0.1
_ZOOMS = {
    Action.ZOOM_IN: -STEP,
    Action.ZOOM_IN_FINE: -FINE,
    Action.ZOOM_OUT: STEP,
    Action.ZOOM_OUT_FINE: FINE,
}
_MOVES = {
    Action.LEFT: (-MOVE, 0.0),
    Action.LEFT_FINE: (-MOVE_FINE, 0.0),
    Action.RIGHT: (MOVE, 0.0),
    Action.RIGHT_FINE: (MOVE_FINE, 0.0),
    Action.UP: (0.0, -MOVE),
    Action.UP_FINE: (0.0, -MOVE_FINE),
    Action.DOWN: (0.0, MOVE),
    Action.DOWN_FINE: (0.0, MOVE_FINE),
}
_OVERLAYS = {Action.OVERLAY_LESS: -_OVERLAY_STEP, Action.OVERLAY_MORE: _OVERLAY_STEP}
_SWITCHES = {
    Action.ON_OFF: "on",
    Action.LANDMARKS: "landmarks",
    Action.MIRROR_PREVIEW: "mirror_preview",
    Action.MIRROR_OUTPUT: "mirror_output",
    Action.TIMES: "times",
}


@dataclass(frozen=True)
class Settings:
    """``on``: whether the avatar moves; else its still is shown. ``overlay``: opacity, 0–1, of the avatar over the person's own
    picture. ``landmarks``: whether the points of their face are drawn there. ``times``: whether the meter is shown."""

    on: bool = True
    framing: Framing = field(default_factory=Framing)
    overlay: float = 0.0
    landmarks: bool = False
    mirror_preview: bool = True
    mirror_output: bool = False
    times: bool = False

    def after(self, action: Action) -> "Settings":
        """What they are after an action: the same where it is about something else."""
        if action in _ZOOMS:
            return replace(self, framing=self.framing.zoomed(_ZOOMS[action]))
        if action in _MOVES:
            return replace(self, framing=self.framing.moved(*_MOVES[action]))
        if action is Action.RESET_CAMERA:
            return replace(self, framing=Framing())
        if action in _OVERLAYS:
            return replace(self, overlay=round(min(max(self.overlay + _OVERLAYS[action], 0.0), 1.0), 2))
        if action in _SWITCHES:
            name = _SWITCHES[action]
            switched: dict[str, Any] = {name: not getattr(self, name)}
            return replace(self, **switched)
        return self
