"""The server's side of the rendering process: one face at a time, the newest wish of each person, sliders before the patient.

A dragged slider never queues: a person's newer wish takes the place of their older one that still waits. Patient wishes (the
endless page's) come last, and while a search is under way the process rests after each as long as it took.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from doppelganger.studio.config import Limits
from doppelganger.studio.helper import Helper
from doppelganger.studio.refusals import Refusal, busy
from doppelganger.studio.speech import where

log = logging.getLogger("doppelganger.studio")
_STATUS_OF = {"gone": 410}
_ENDING = Refusal(503, "trouble", "The Studio ends.")


@dataclass(frozen=True)
class _Wish:
    person: str
    order: dict[str, Any]
    patient: bool
    answer: "asyncio.Future[Any]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def place(self) -> tuple[str, str, bool]:
        """Of two with the same one, the older is not wanted any more."""
        return self.person, self.order["do"], self.patient


class Rendering:
    """``run`` it as a task. ``job_under_way``: whether a search wants the machine as well."""

    def __init__(self, limits: Limits, job_under_way: Callable[[], bool]) -> None:
        self._helper = Helper("doppelganger.studio.renderer")
        self._limits, self._job_under_way = limits, job_under_way
        self._waiting: list[_Wish] = []
        self._news = asyncio.Event()
        self._rest_until = 0.0

    async def picture(self, person: str, order: dict[str, Any], patient: bool) -> bytes:
        """A face, as the file that is sent. Raises Refusal."""
        data: bytes = await self._ask(person, {**order, "do": "picture"}, patient)
        return data

    async def reading(self, person: str, order: dict[str, Any], patient: bool) -> dict[str, Any]:
        """What is read from it. Raises Refusal."""
        said: dict[str, Any] = await self._ask(person, {**order, "do": "reading"}, patient)
        return said

    async def forget(self) -> None:
        """No face that was rendered is in memory any more, once the one under way has been answered."""
        if self._helper.alive:
            await self._helper.say({"do": "forget"})

    async def run(self) -> None:
        """Until the task is cancelled."""
        while True:
            wish = self._next()
            if wish is not None:
                await self._fulfil(wish)
                continue
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), self._pause())
            except TimeoutError:
                if not self._waiting:
                    await self._helper.end()  # nobody has needed its memory for a while

    async def close(self) -> None:
        """End the process; who still waits is sent away."""
        for wish in self._waiting:
            _refuse(wish, _ENDING)
        self._waiting.clear()
        await self._helper.end()

    async def _ask(self, person: str, order: dict[str, Any], patient: bool) -> Any:
        wish = _Wish(person, order, patient)
        for older in [one for one in self._waiting if one.place == wish.place]:
            self._waiting.remove(older)
            _refuse(older, Refusal(409, "state", "A newer wish has taken the place of this one."))
        if len(self._waiting) >= self._limits.renders_waiting:
            raise busy("Many faces are being drawn just now; try again in a minute.")
        self._waiting.append(wish)
        self._news.set()
        return await wish.answer

    def _next(self) -> _Wish | None:
        """Whose turn it is; None while nobody's is."""
        resting = time.monotonic() < self._rest_until
        for wish in sorted(self._waiting, key=lambda one: one.patient):  # stable: the oldest first among equals
            if not (wish.patient and resting):
                self._waiting.remove(wish)
                return wish
        return None

    def _pause(self) -> float:
        """Seconds to wait for news: until the rest is over, or until the process may end."""
        return max(0.0, self._rest_until - time.monotonic()) if self._waiting else self._limits.idle_seconds

    async def _fulfil(self, wish: _Wish) -> None:
        begun = time.monotonic()
        try:
            answer = await self._answer(wish.order)
        except Refusal as refusal:
            _refuse(wish, refusal)
            return
        except asyncio.CancelledError:
            _refuse(wish, _ENDING)
            raise
        except Exception as error:
            log.error("A face could not be drawn: %s.", where(error))
            await self._helper.end()
            _refuse(wish, Refusal(503, "trouble", "The face could not be drawn; try again."))
            return
        if not wish.answer.done():
            wish.answer.set_result(answer)
        if wish.patient and self._job_under_way():
            now = time.monotonic()
            self._rest_until = now + (now - begun)

    async def _answer(self, order: dict[str, Any]) -> Any:
        if not self._helper.alive:
            await self._helper.end()
            await self._helper.start()
        said, data = None, None
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.render_seconds):
                await self._helper.say(order)
                said = await self._helper.hear()
                if said and "bytes" in said:
                    data = await self._helper.hear_bytes(said["bytes"])
        if said is None or ("bytes" in said and data is None):  # died, or far too slow: the next needs a clean pipe
            await self._helper.end()
            raise Refusal(503, "trouble", "The face could not be drawn; try again.")
        if "error" in said:
            raise Refusal(_STATUS_OF.get(said["code"], 503), said["code"], said["error"])
        return said if data is None else data


def _refuse(wish: _Wish, refusal: Refusal) -> None:
    if not wish.answer.done():
        wish.answer.set_exception(refusal)
