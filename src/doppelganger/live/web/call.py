"""The one call that a server has: frames from a page through the session and back, the newest first, late ones dropped."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from doppelganger.live.meter import Part
from doppelganger.live.session import Session
from doppelganger.live.web.inbox import Inbox
from doppelganger.live.web.standing import standing
from doppelganger.live.web.wire import Frame, WireError, Wish, decode, encode, read_frame, read_wish, reply

BUSY = 4000
"""Close code: another page has the call."""
TAKEN = 4001
"""Close code: another page has taken the call over."""
NOT_UNDERSTOOD = 4002
"""Close code: what the page sent is no frame and no wish; the reason says which."""


class Call:
    """The session belongs to a thread of its own, so that the server goes on answering while a frame is made."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._thread = ThreadPoolExecutor(1, "call")
        self._page: WebSocket | None = None
        self._time = 0.0

    async def talk(self, page: WebSocket, take_over: bool) -> None:
        """Until the page goes. Where another one is there it is sent away with ``take_over``, else this one is."""
        await page.accept()
        if self._page is not None:
            if not take_over:
                await page.close(BUSY)
                return
            await _close(self._page, TAKEN)
        self._page = page
        inbox = Inbox()
        reading = asyncio.create_task(_read(page, inbox))
        answering = asyncio.create_task(self._answer(page, inbox))
        try:
            await asyncio.wait((reading, answering), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, answering):
                task.cancel()
            ends = await asyncio.gather(reading, answering, return_exceptions=True)
            if self._page is page:
                self._page = None
            for error in ends:
                if isinstance(error, WireError):
                    await _close(page, NOT_UNDERSTOOD, str(error))
                elif isinstance(error, Exception) and not isinstance(error, (WebSocketDisconnect, RuntimeError)):
                    await _close(page, 1011)
                    raise error

    def close(self) -> None:
        """Wait for the frame under way; there will be no other."""
        self._thread.shutdown()

    async def _answer(self, page: WebSocket, inbox: Inbox) -> None:
        loop = asyncio.get_running_loop()
        await page.send_bytes(await loop.run_in_executor(self._thread, self._begin))
        while True:
            item = await inbox.take()
            await page.send_bytes(await loop.run_in_executor(self._thread, self._deal_with, item))

    def _begin(self) -> bytes:
        """A page has come: its clock is its own."""
        self._time = 0.0
        self.session.begin_again()
        self.session.ended = False
        return reply(0, 0, standing(self.session), b"")

    def _deal_with(self, item: Frame | Wish) -> bytes:
        return self._see(item) if isinstance(item, Frame) else self._do(item)

    def _see(self, frame: Frame) -> bytes:
        session, meter = self.session, self.session.meter
        with meter.measure(Part.PRE):
            image = decode(frame.jpeg)
        self._time = max(self._time, frame.time)
        shown = session.step(image, self._time)
        with meter.measure(Part.POST):
            jpeg = encode(shown.image)
        meter.frame()
        return reply(frame.number, frame.time, standing(session, shown), jpeg)

    def _do(self, wish: Wish) -> bytes:
        if wish.action is not None:
            self.session.do(wish.action)
        elif wish.place is not None:
            self.session.choose(wish.place)
        elif wish.again:
            self.session.begin_again()
        return reply(0, 0, standing(self.session), b"")


async def _read(page: WebSocket, inbox: Inbox) -> None:
    while True:
        message = await page.receive()
        if message["type"] == "websocket.disconnect":
            return
        data, text = message.get("bytes"), message.get("text")
        inbox.put(read_frame(data) if data is not None else read_wish(text or ""))


async def _close(page: WebSocket, code: int, reason: str = "") -> None:
    if page.application_state is not WebSocketState.DISCONNECTED:
        with suppress(RuntimeError, WebSocketDisconnect):
            await page.close(code, reason)
