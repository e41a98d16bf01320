"""The server's side of the looking process: one picture at a time, a time limit, and a new process where one died."""

import asyncio
from typing import Any

from doppelganger.storage import ResultFolder
from doppelganger.studio.config import Limits
from doppelganger.studio.helper import Helper
from doppelganger.studio.house import HomeOfResult, UploadFolder, private_folder
from doppelganger.studio.refusals import STATUS_OF, Refusal, busy

_WAITING = 16
"""Pictures that may wait for their turn."""
_START_SECONDS = 300
"""For the libraries to load on a very slow machine."""


class Looking:
    """Start it once; ``verifiers`` and ``defaults`` (of settings) are known from then on."""

    def __init__(self, limits: Limits) -> None:
        self._helper = Helper("doppelganger.studio.looker", str(limits.look_memory), str(limits.pixels))
        self._seconds = limits.look_seconds
        self._turn = asyncio.Lock()
        self._waiting = 0
        self.verifiers: list[dict[str, Any]] = []
        self.defaults: dict[str, Any] = {}

    async def start(self) -> None:
        """Raises RuntimeError where the process does not come up."""
        await self._helper.start()
        hello = await asyncio.wait_for(self._helper.hear(), _START_SECONDS)
        if hello is None:
            await self._helper.end()
            raise RuntimeError("the looking process ended before it had begun")
        self.verifiers, self.defaults = hello["verifiers"], hello["defaults"]

    async def take_in(self, data: bytes, folder: UploadFolder) -> dict[str, Any]:
        """Width, height and faces; the pixels lie in ``folder`` then. Raises Refusal."""
        private_folder(folder.root)
        order = {"do": "upload", "photo": str(folder.photo), "preview": str(folder.preview)}
        return await self._ask(order, data)

    async def recognise(self, data: bytes, home: HomeOfResult) -> dict[str, Any]:
        """Number of faces, and verdicts against the result's portrait and doppelgänger. Raises Refusal."""
        saved = ResultFolder(home.saved)
        order = {"do": "recognise", "portrait": str(saved.picture("portrait")), "doppelganger": str(saved.doppelganger)}
        return await self._ask(order, data)

    async def close(self) -> None:
        """End the process."""
        await self._helper.end()

    async def _ask(self, order: dict[str, Any], data: bytes) -> dict[str, Any]:
        if self._waiting >= _WAITING:
            raise busy("Many pictures are being looked at just now; try again in a minute.")
        self._waiting += 1
        try:
            async with self._turn:
                answer = await self._answer(order, data)
        finally:
            self._waiting -= 1
        if "error" in answer:
            raise Refusal(STATUS_OF.get(answer["code"], 503), answer["code"], answer["error"])
        return answer

    async def _answer(self, order: dict[str, Any], data: bytes) -> dict[str, Any]:
        if not self._helper.alive:
            await self._helper.end()
            await self.start()
        answer = None
        whole = False
        try:
            await self._helper.say({**order, "bytes": len(data)}, data)
            answer = await asyncio.wait_for(self._helper.hear(), self._seconds)
            whole = answer is not None
        except TimeoutError:
            pass
        finally:
            if (
                not whole
            ):  # died, too slow, or nobody waits for the answer any more: the next question needs a clean pipe
                await asyncio.shield(self._helper.end())
        if answer is None:
            sentence = "This picture could not be looked at safely; save another copy of it and use that."
            return {"error": sentence, "code": "not-a-picture"}
        return answer
