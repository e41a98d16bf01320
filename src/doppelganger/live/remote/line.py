"""A connection to a rendering server that is made again whenever it is lost, in a thread of its own."""

import asyncio
import random
import ssl
import threading
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from doppelganger.live.remote.address import Address, RemoteError
from doppelganger.live.remote.mailbox import Mailbox
from doppelganger.live.remote.pictures import decode
from doppelganger.live.remote.wire import FINAL, LARGEST, Hello, Refused, Sent, Welcome, WireError, said_by_server
from doppelganger.studio.speech import where

_PING_SECONDS, _DEAD_SECONDS = 0.5, 2.0  # the line is given up where a ping is not answered for so long
_OPEN_SECONDS, _OPEN_SECONDS_AT_MOST = 3.0, 8.0  # for a connection; longer each time where that was too short
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 0.5  # between two attempts
_UNSENT = 16_000  # bytes that may wait in this process; what is newer waits in the mailbox, where the newest wins
_END_SECONDS = 2.0


class _Idle(Exception):
    """The server wants the place back until there is something to do."""


class _Later(Exception):
    """The server cannot now; the sentence says why."""


class Line:
    """``open`` it, use its ``mailbox``, ``close`` it."""

    def __init__(self, address: Address, avatar: str | None, frames: bool) -> None:
        """``frames``: whether the camera's picture may be sent."""
        self.mailbox = Mailbox(avatar, self._wake)
        self._address, self._frames = address, frames
        self._thread = threading.Thread(target=self._run, name="rendering server", daemon=True)
        self._news = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None

    def open(self, seconds: float) -> None:
        """Begin, and wait for the avatar's still. Raises RemoteError where there is none within ``seconds``."""
        self._thread.start()
        if not self.mailbox.begun(seconds):
            trouble = self.mailbox.trouble or "The rendering server did not answer."
            self.close()
            raise RemoteError(trouble)

    def close(self) -> None:
        """End it. Safe to call again."""
        self.mailbox.over("The connection to the rendering server was ended here.")
        with suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._cancel)
        if self._thread.is_alive():
            self._thread.join(_END_SECONDS)

    def _wake(self) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._news.set)

    # what follows runs in the line's own thread

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner, suppress(asyncio.CancelledError):
            runner.run(self._live())

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _live(self) -> None:
        self._task = asyncio.current_task()
        pause, seconds = _FIRST_PAUSE, _OPEN_SECONDS
        while True:
            try:
                trouble = await self._connection(seconds)
            except _Idle:
                self.mailbox.lost("The rendering server rests until somebody moves.")
                self._news.clear()
                await self._news.wait()
                continue
            except (RemoteError, WireError) as error:
                self.mailbox.over(str(error))
                return
            except ssl.SSLCertVerificationError:
                self.mailbox.over("Nobody known here has signed the server's certificate; give it with --certificate.")
                return
            except _Later as later:
                trouble = str(later)
            except TimeoutError:
                trouble = "The rendering server does not answer."
                seconds = min(seconds * 1.5, _OPEN_SECONDS_AT_MOST)
            except (OSError, WebSocketException) as error:
                trouble = f"The rendering server cannot be reached ({_why(error)})."
            except Exception as error:  # whoever waits must not wait for ever
                self.mailbox.over(f"That is a mistake of the program, not yours ({where(error)}); connect anew.")
                return
            if self.mailbox.lost(trouble):
                pause, seconds = _FIRST_PAUSE, _OPEN_SECONDS
            if not self.mailbox.complete:  # it never began; whoever waits for that wants to know why
                self.mailbox.over(trouble)
                return
            await asyncio.sleep(pause * random.uniform(0.75, 1.0))  # so that not all come back in the same moment
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _connection(self, seconds: float) -> str:
        """One, from its beginning to its end; returns a sentence about that. ``seconds``: for the beginning."""
        connecting = connect(
            self._address.url,
            ssl=self._address.tls,
            proxy=None if self._address.local else True,
            compression=None,
            open_timeout=seconds,
            ping_interval=_PING_SECONDS,
            ping_timeout=_DEAD_SECONDS,
            close_timeout=0.2,
            max_size=LARGEST,
            max_queue=4,
            write_limit=_UNSENT,
            user_agent_header=None,
        )
        async with connecting as socket:
            self._address.check(socket.transport.get_extra_info("ssl_object"))
            hello = Hello(
                token=self._address.token,
                avatar=self.mailbox.avatar,
                uplink="frames" if self._frames else "motion",
                stills=not self.mailbox.complete,
            )
            await socket.send(hello.model_dump_json())
            tasks = [asyncio.create_task(self._send(socket)), asyncio.create_task(self._receive(socket))]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        return "The rendering server has ended the connection."

    async def _send(self, socket: ClientConnection) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while (message := self.mailbox.due()) is not None:
                await socket.send(message)

    async def _receive(self, socket: ClientConnection) -> None:
        async for message in socket:
            if isinstance(message, bytes):
                sent = Sent.from_bytes(message)
                self.mailbox.came(sent, decode(sent.jpeg))
            else:
                self._heard(said_by_server(message))
            self._news.set()

    def _heard(self, said: Welcome | Refused) -> None:
        if isinstance(said, Welcome):
            self.mailbox.welcomed(said)
        elif said.code in FINAL:
            raise RemoteError(said.sentence)
        elif said.code == "idle":
            raise _Idle
        else:
            raise _Later(said.sentence)


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return str(error) or type(error).__name__
