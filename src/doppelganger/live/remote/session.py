"""One driver on the server: a hello, then motions in and pictures out, until either side goes."""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import replace

from starlette.websockets import WebSocket, WebSocketDisconnect

from doppelganger.errors import DoppelgangerError
from doppelganger.live.remote.acting import Actor, Orders
from doppelganger.live.remote.config import Config
from doppelganger.live.remote.stage import Stage, Worker
from doppelganger.live.remote.wire import (
    VERSION,
    Asked,
    Choose,
    Code,
    Hello,
    Kind,
    Refused,
    Welcome,
    WireError,
    said_by_client,
)
from doppelganger.puppet.motion import MotionError
from doppelganger.studio.access.buckets import Buckets
from doppelganger.studio.access.token import opens
from doppelganger.studio.speech import where

log = logging.getLogger("doppelganger.serve")
_CLOSE: dict[Code, int] = {"full": 1013, "idle": 1000, "trouble": 1011}  # RFC 6455, section 7.4.1; the others 1008
_WRONG_TOKEN_SECONDS = 0.5


class Refusal(DoppelgangerError):
    """Ends a session with a sentence."""

    def __init__(self, code: Code, sentence: str) -> None:
        super().__init__(sentence)
        self.code: Code = code


class Session:
    """``run`` once, with a socket that has been accepted."""

    def __init__(self, socket: WebSocket, config: Config, stage: Stage) -> None:
        self._socket, self._config, self._stage = socket, config, stage
        self._limits = config.limits
        self._names = tuple(avatar.name for avatar in config.avatars)
        self._orders, self._news = Orders(), asyncio.Event()
        self._asked_at = 0.0
        self._rate = Buckets(2 * self._limits.messages_a_second, 2.0)

    async def greet(self) -> Hello:
        """The hello, once it has been judged; the door waits for it no longer than it may. Raises Refusal, WebSocketDisconnect."""
        text = await self._text_or_bytes()
        try:
            hello = said_by_client(text) if isinstance(text, str) else None
        except WireError as error:
            raise Refusal("invalid", str(error)) from None
        if not isinstance(hello, Hello):
            raise Refusal("invalid", "The first message must be a hello.")
        if hello.version != VERSION:
            raise Refusal("version", f"This server speaks version {VERSION}; update the older end.")
        if self._config.token_hash and not opens(hello.token, self._config.token_hash):
            await asyncio.sleep(_WRONG_TOKEN_SECONDS)
            raise Refusal("token", "The token is wrong; take it from the link that the server printed.")
        if hello.avatar is not None and hello.avatar not in self._names:
            raise Refusal("avatar", "This server has no such avatar.")
        if self._stage.sessions >= self._limits.sessions:
            raise Refusal("full", "All places on this server are taken; try again later, or use another server.")
        return hello

    async def perform(self, hello: Hello) -> None:
        """Until either side goes. Raises Refusal, WebSocketDisconnect."""
        async with self._stage.place() as worker:
            self._orders = Orders(hello.avatar or self._names[0], hello.stills)
            self._news.set()
            hearing = asyncio.create_task(self._hear(hello.uplink == "frames"))
            answering = asyncio.create_task(self._answer(worker))
            tasks = (hearing, answering)
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def refuse(self, refusal: Refusal) -> None:
        """Say it, and close."""
        with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(self._limits.send_seconds):
                said = Refused(code=refusal.code, sentence=str(refusal))
                await self._socket.send_text(said.model_dump_json())
                await self._socket.close(_CLOSE.get(refusal.code, 1008))

    async def _hear(self, frames: bool) -> None:
        """Keep the newest of what comes."""
        while True:
            try:
                async with asyncio.timeout(self._limits.idle_seconds):
                    message = await self._text_or_bytes()
            except TimeoutError:
                raise Refusal("idle", "Nothing has come for a while; the place is free for others.") from None
            if self._rate.take(""):
                raise Refusal("rate", "That was far more than a camera sends.")
            try:
                self._note(message, frames)
            except WireError as error:
                raise Refusal("invalid", str(error)) from None
            self._news.set()

    def _note(self, message: str | bytes, frames: bool) -> None:
        if isinstance(message, str):
            choice = said_by_client(message)
            if not isinstance(choice, Choose) or choice.avatar not in self._names:
                raise WireError("This server has no such avatar.")
            # what was meant for the one before is forgotten
            self._orders = Orders(choice.avatar, self._orders.stills)
            return
        asked = Asked.from_bytes(message)
        if asked.kind is Kind.CALIBRATE:
            # a motion from before it would be measured from the new reference
            self._orders = replace(self._orders, reference=asked, asked=None)
            return
        if asked.kind is Kind.FRAME and not frames:
            raise WireError("The hello said that no frames would come.")
        if self._orders.asked is None:
            self._asked_at = time.perf_counter()
        self._orders = replace(self._orders, asked=asked)

    async def _answer(self, worker: Worker) -> None:
        """Turn by turn, as fast as this session may."""
        actor, due, pause = Actor(self._config.avatars), 0.0, 1 / self._limits.frames_a_second
        loop = asyncio.get_running_loop()
        while True:
            await self._news.wait()
            await asyncio.sleep(max(0.0, due - loop.time()))
            async with worker.turn():
                self._news.clear()
                orders, self._orders = self._orders, Orders()
                due = max(due, loop.time() - pause) + pause
                messages = await self._done(worker, actor, orders)
            for message in messages:
                await self._send(message)

    async def _done(self, worker: Worker, actor: Actor, orders: Orders) -> list[str | bytes]:
        messages: list[str | bytes] = []
        try:
            if avatar := orders.avatar:
                await worker.do(lambda: actor.appear(avatar))
                messages += [Welcome(avatar=avatar, avatars=self._names).model_dump_json()]
            if orders.stills:
                messages += await worker.do(actor.stills)
            if reference := orders.reference:
                await worker.do(lambda: actor.calibrate(reference))
            if asked := orders.asked:
                waited = time.perf_counter() - self._asked_at
                messages += [await worker.do(lambda: actor.perform(asked, waited))]
        except (MotionError, WireError) as error:
            raise Refusal("invalid", str(error)) from None
        except Exception as error:
            log.error("Rendering failed: %s.", where(error))
            raise Refusal("trouble", "Rendering failed; that is a mistake of the program.") from None
        return messages

    async def _send(self, message: str | bytes) -> None:
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                if isinstance(message, str):
                    await self._socket.send_text(message)
                else:
                    await self._socket.send_bytes(message)
        except TimeoutError:
            raise Refusal("idle", "Pictures are not being taken.") from None

    async def _text_or_bytes(self) -> str | bytes:
        """The next message; the server underneath has cut off what is too large. Raises WebSocketDisconnect."""
        message = await self._socket.receive()
        if message["type"] != "websocket.receive":
            raise WebSocketDisconnect
        data: str | bytes = message["bytes"] if message.get("bytes") is not None else message["text"]
        return data
