"""The loop of a call without a browser: the newest frame, what the session makes of it, and everything that shows it.

    camera → (its own thread, newest frame wins) → session → window, virtual camera, film

Nothing of the camera's own picture reaches a sink, but in swapped frames that have passed the gate.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from doppelganger.errors import DoppelgangerError
from doppelganger.images import RGB
from doppelganger.live.desktop.frames import Frames, State
from doppelganger.live.desktop.sink import Sink
from doppelganger.live.desktop.source import Clock
from doppelganger.live.desktop.stages import Span, Stage, Stages
from doppelganger.live.meter import Part
from doppelganger.live.session import Session
from doppelganger.puppet.performance import HELD_SECONDS, Gate

IDLE_SECONDS = 0.1
"""So often the sinks get a picture while no frame comes: call apps let go of a camera that shows nothing."""


@dataclass(frozen=True)
class Called:
    """How a call went.

    ``frames``: shown. ``dropped``: frames of the camera that were passed over for newer ones. ``gates``: frames by why they were
    shown or held. ``lost``: times that the camera had gone. ``seconds``, ``fps``: from the first frame to the last. ``stages``:
    median and 95th percentile of each.
    """

    frames: int
    dropped: int
    gates: dict[Gate, int]
    lost: int
    seconds: float
    fps: float
    stages: dict[Stage, Span]


def run_desktop(session: Session, frames: Frames, sinks: Iterable[Sink], clock: Clock = time.monotonic) -> Called:
    """Go on until the session has ended, the source has, or Ctrl-C. Then everything is closed, and films are finished.

    A sink that fails is closed and left out, and the session's notice says so; without any left its error is raised. While the
    camera is lost the last picture stands, and after a second the avatar's still. Raises what kept the source from opening at all.
    """
    return _Loop(session, frames, list(sinks), clock).run()


class _Loop:
    def __init__(self, session: Session, frames: Frames, sinks: list[Sink], clock: Clock) -> None:
        self._session, self._frames, self._sinks, self._clock = session, frames, sinks, clock
        self._stages = Stages()
        self._gates: dict[Gate, int] = {}
        self._lost, self._away = 0, False
        self._last: tuple[RGB, float] | None = None  # and the time at which it was shown
        self._begun: float | None = None

    def run(self) -> Called:
        try:
            while not self._session.ended and self._once():
                pass
        except KeyboardInterrupt:  # the way to end a call without a window
            pass
        finally:
            self._close()
        shown = sum(self._gates.values())
        seconds = self._last[1] - self._begun if self._last and self._begun is not None else 0.0
        fps = (shown - 1) / seconds if seconds > 0 else 0.0
        spans = self._stages.spans()
        return Called(shown, self._frames.dropped, self._gates, self._lost, seconds, fps, spans)

    def _once(self) -> bool:
        """One frame, or the wait for one; False at the end."""
        captured = self._frames.take(IDLE_SECONDS)
        now = self._clock()
        if captured is None:
            if self._frames.state is State.LOST:
                self._lose()
            if self._frames.state is not State.ENDED:
                self._idle(now)
            return self._frames.state is not State.ENDED
        if self._away:
            self._away, self._session.notice = False, ""
        self._begun = now if self._begun is None else self._begun
        shown = self._session.step(captured.image, captured.time)
        rendered = self._clock()
        self._last = shown.image, rendered
        self._gates[shown.gate] = self._gates.get(shown.gate, 0) + 1
        with self._session.meter.measure(Part.POST):
            self._send(shown.image, captured.time)
        self._session.meter.frame()
        # a video that is read as fast as possible has a clock of its own, on which nothing waits
        waited = max(0.0, now - captured.time) if self._frames.live else 0.0
        self._stages.add(waited, rendered - now, self._clock() - rendered)
        return True

    def _lose(self) -> None:
        self._session.notice = self._frames.notice
        if not self._away:
            self._lost, self._away = self._lost + 1, True
            self._session.performance.tracker.forget()  # whoever comes back may sit elsewhere

    def _idle(self, now: float) -> None:
        if self._last is None:
            return
        image, shown = self._last
        if now - shown > HELD_SECONDS:
            image = self._session.performance.reenactor.still
            if self._session.settings.mirror_output:
                image = np.ascontiguousarray(image[:, ::-1])
        self._send(image, now)

    def _send(self, image: RGB, moment: float) -> None:
        for sink in list(self._sinks):
            try:
                sink.send(image, moment)
            except DoppelgangerError as error:
                self._sinks.remove(sink)
                self._session.notice = str(error)
                _let_go(sink)
                if not self._sinks:
                    raise

    def _close(self) -> None:
        """Everything, whatever fails; the first trouble is raised at the end."""
        self._frames.close()
        trouble: DoppelgangerError | None = None
        for sink in self._sinks:
            try:
                sink.close()
            except DoppelgangerError as error:
                trouble = trouble or error
        if trouble is not None:
            raise trouble


def _let_go(sink: Sink) -> None:
    try:
        sink.close()
    except DoppelgangerError:  # why it failed was said already
        return
