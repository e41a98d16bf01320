"""What has come from the page and was not dealt with yet: every wish, and of the frames the newest alone."""

import asyncio
from collections import deque

from doppelganger.live.web.wire import Frame, WireError, Wish

_WISHES = 64


class Inbox:
    """``dropped``: frames that a newer one replaced before anybody looked at them."""

    def __init__(self) -> None:
        self.dropped = 0
        self._frame: Frame | None = None
        self._wishes: deque[Wish] = deque()
        self._news = asyncio.Event()

    def put(self, item: Frame | Wish) -> None:
        """Raises WireError where more wishes come than a person can have."""
        if isinstance(item, Frame):
            self.dropped += self._frame is not None
            self._frame = item
        elif len(self._wishes) >= _WISHES:
            raise WireError("These are too many wishes at once.")
        else:
            self._wishes.append(item)
        self._news.set()

    async def take(self) -> Frame | Wish:
        """The next wish, or else the newest frame; waits for one."""
        while True:
            if self._wishes:
                return self._wishes.popleft()
            if self._frame is not None:
                frame, self._frame = self._frame, None
                return frame
            self._news.clear()
            await self._news.wait()
