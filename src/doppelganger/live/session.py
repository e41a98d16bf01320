"""A call: who is worn and how, from one camera frame to the next. There is no server and no window in it.

    session = Session(shelf, lambda: Tracker(detector, landmarks))
    shown = session.step(frame, time)          # what goes out
    mine = session.preview()                   # what only the person sees
    session.do(Action.NEXT)                    # what they did

What is handed out is the avatar's in every state: moving, held, or its still. The camera's own picture is in `preview` alone, and
in swapped frames that have passed the gate.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from doppelganger.errors import DoppelgangerError
from doppelganger.images import RGB
from doppelganger.live.actions import Action
from doppelganger.live.meter import Meter, Part
from doppelganger.live.preview import draw_preview
from doppelganger.live.protocols import Guard, Inventor, Server
from doppelganger.live.reference import ReferenceSearch
from doppelganger.live.settings import Settings
from doppelganger.live.shelf import Avatar, Shelf
from doppelganger.live.timed import Timed
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.performance import Gate, Mode, Performance, Shown
from doppelganger.puppet.tracker import Tracker


class Session:
    """Not for several threads."""

    def __init__(
        self,
        shelf: Shelf,
        tracker: Callable[[], Tracker],
        mode: Mode = Mode.AVATAR,
        inventor: Inventor | None = None,
        guard: Guard | None = None,
        server: Server | None = None,
    ) -> None:
        """``tracker`` makes one for the driver, and one for the stills. ``guard``: of the first avatar. ``server``: the one that
        renders, None where this machine does."""
        self.shelf = shelf
        self.server = server
        self.meter = Meter()
        self.settings = Settings()
        self.search: ReferenceSearch | None = None
        """While a better reference is looked for; its scores are for the person."""
        self.notice = ""
        """The last thing that went wrong, a sentence; empty where nothing did."""
        self.ended = False
        self.place = 0
        """Of the avatar that is worn, from 0."""
        self.motion: Motion | None = None
        """The driver's in the last frame, in pixels of what the framing left of it."""
        self._view: RGB | None = None
        self._reference: Motion | None = None
        self._rest: dict[int, Motion | None] = {}
        self._tracker = tracker
        self._inventor = inventor
        self.performance = Performance(Timed(shelf.wear(0), self.meter), tracker(), mode)
        self._guard = self.performance.watch = guard

    @property
    def avatar(self) -> Avatar:
        """Who is worn."""
        return self.shelf.avatars[self.place]

    @property
    def mode(self) -> Mode:
        """What the avatar is put on."""
        return self.performance.mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self.performance.mode = mode
        self.performance.tracker.forget()

    @property
    def inventing(self) -> bool:
        """Whether a new face is being made."""
        return self._inventor is not None and self._inventor.at_work

    def step(self, frame: RGB, time: float) -> Shown:
        """See the camera's frame, uint8 [H, W, 3], of ``time`` seconds, and say what goes out.

        Its image is [512, 512, 3], or [H, W, 3] where a swapped frame is shown.
        """
        self._take_invented()
        with self.meter.measure(Part.PRE):
            view = self.settings.framing.crop(frame, full_size=self.mode is Mode.SWAP)
            shown = self._perform(view, time) if self.settings.on else self._off(view)
        self._view, self.motion = view, shown.motion
        if shown.motion is not None and shown.gate in (Gate.OPEN, Gate.STILL):
            self._refer(shown.motion)
        if not self.settings.mirror_output:
            return shown
        with self.meter.measure(Part.POST):
            return replace(shown, image=np.ascontiguousarray(shown.image[:, ::-1]))

    def preview(self) -> RGB | None:
        """What only the person may see: the last frame as it was framed, with what they asked for over it, [H, W, 3].

        None before the first frame.
        """
        if self._view is None:
            return None
        now = self.settings
        points = self.motion if now.landmarks else None
        return draw_preview(self._view, self.avatar.picture, now.overlay, points, now.mirror_preview)

    def do(self, action: Action) -> None:
        """What the person asked for. What cannot be done leaves everything as it is, and a sentence in `notice`."""
        self._try(lambda: self._do(action))

    def choose(self, place: int) -> None:
        """Like the keys 1–9, for any avatar; ``place`` from 0."""
        self._try(lambda: self.wear(place))

    def wear(self, place: int) -> None:
        """The avatar at ``place``, from 0; the last one where there are not so many. Raises what opening it raises."""
        place = min(place, len(self.shelf.avatars) - 1)
        reenactor = self.shelf.wear(place)
        self.place = place
        self.performance.reenactor = Timed(reenactor, self.meter)
        if self._guard is not None:
            self._guard.wear(self.avatar)
        if self._reference is not None:  # it is the driver's, whoever is worn
            reenactor.calibrate(self._reference)
        if self.search is not None:
            self.search = self._new_search()

    def begin_again(self) -> None:
        """Another camera, or another person: nothing of the one before is known."""
        self._reference = self.motion = self._view = self.search = None
        self.performance.tracker.forget()
        self.wear(self.place)

    def _try(self, what: Callable[[], None]) -> None:
        self.notice = ""
        try:
            what()
        except DoppelgangerError as error:
            self.notice = str(error)

    def _do(self, action: Action) -> None:
        number = action.value.removeprefix("avatar-")
        if number.isdecimal():
            self.wear(int(number) - 1)
        elif action is Action.PREVIOUS:
            self.wear((self.place - 1) % len(self.shelf.avatars))
        elif action is Action.NEXT:
            self.wear((self.place + 1) % len(self.shelf.avatars))
        elif action is Action.RELOAD:
            self._reload()
        elif action is Action.INVENT:
            self._invent()
        elif action is Action.CALIBRATE:
            self._calibrate()
        elif action is Action.SEARCH_REFERENCE:
            self.search = None if self.search else self._new_search()
        elif action is Action.MODE:
            self.mode = Mode.AVATAR if self.mode is Mode.SWAP else Mode.SWAP
        elif action is Action.QUIT:
            self.ended = True
        else:
            before, self.settings = self.settings, self.settings.after(action)
            if self.settings.framing != before.framing:  # the face is elsewhere in the next view
                self.performance.tracker.forget()

    def _perform(self, view: RGB, time: float) -> Shown:
        try:
            return self.performance.step(view, time)
        except DoppelgangerError as error:  # as of a server that may not see the frame on which it is to put the face
            self.notice = str(error)
            self.mode = Mode.AVATAR
            return Shown(self.performance.reenactor.still, Gate.STILL, None)

    def _off(self, view: RGB) -> Shown:
        """The still. The driver is followed all the same, so that they can line themselves up."""
        motion = self.performance.tracker.look(view).motion
        return Shown(self.performance.reenactor.still, Gate.STILL, motion)

    def _refer(self, motion: Motion) -> None:
        """The first motion is the reference until there is a better one."""
        if self._reference is None or (self.search is not None and self.search.better(motion)):
            self._reference = motion
            self.performance.reenactor.calibrate(motion)

    def _calibrate(self) -> None:
        if self.motion is None:
            self.notice = "No face is seen just now; look into the camera first."
            return
        self._reference = self.motion
        self.performance.reenactor.calibrate(self.motion)
        if self.search is not None:
            self.search = self._new_search()

    def _new_search(self) -> ReferenceSearch:
        if self.place not in self._rest:
            self._rest[self.place] = self._tracker().look(self.avatar.picture).motion
        return ReferenceSearch(self._rest[self.place], self._reference)

    def _reload(self) -> None:
        name = self.avatar.name
        self.shelf.reload()
        self._rest.clear()
        names = [avatar.name for avatar in self.shelf.avatars]
        self.wear(names.index(name) if name in names else 0)

    def _invent(self) -> None:
        if self._inventor is None:
            self.notice = "New faces cannot be made here."
        else:
            self._inventor.begin()

    def _take_invented(self) -> None:
        try:
            made = self._inventor.take() if self._inventor is not None else None
            if made is not None:
                self.wear(self.shelf.add(made))
        except DoppelgangerError as error:
            self.notice = str(error)
