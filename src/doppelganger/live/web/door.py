"""Who may come in where a token is asked for: a cookie that the token was exchanged for, kept in memory alone."""

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from doppelganger.studio.access.buckets import Buckets
from doppelganger.studio.access.token import opens
from doppelganger.studio.identity import digest, new_secret
from doppelganger.studio.refusals import Refusal, wait

COOKIE = "doppelganger-live"
OPEN = ("/api/about", "/api/visit")
"""For everybody."""
_WRONG, _SECONDS = 10, 300.0  # tokens from one address
_COOKIES = 100


class Guests:
    """Those who showed the token since the server began. ``token_hash`` None: everybody is one."""

    def __init__(self, token_hash: str | None) -> None:
        self.token_hash = token_hash
        self._cookies: dict[str, None] = {}
        self._wrong = Buckets(_WRONG, _SECONDS)

    def knows(self, connection: HTTPConnection) -> bool:
        """Whether it comes from one of them."""
        cookie = connection.cookies.get(COOKIE)
        return self.token_hash is None or (cookie is not None and digest(cookie) in self._cookies)

    def welcome(self, token: str | None, address: str) -> str:
        """The cookie for somebody who has the token. Raises Refusal for anybody else, and after too many tries."""
        assert self.token_hash is not None
        if seconds := self._wrong.empty(address):
            raise wait(seconds, "There were too many wrong tokens; wait some minutes.")
        if not opens(token, self.token_hash):
            self._wrong.take(address)
            raise Refusal(
                401, "token", "This token does not open the page; use the link that was printed at the start."
            )
        cookie = new_secret()
        self._cookies[digest(cookie)] = None
        while len(self._cookies) > _COOKIES:
            del self._cookies[next(iter(self._cookies))]
        return cookie


class Door:
    """Refuses the API and the call to everybody else."""

    def __init__(self, app: ASGIApp, guests: Guests) -> None:
        self._app, self._guests = app, guests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "websocket" or (scope["type"] == "http" and scope["path"].startswith("/api/"))
        if asked and scope["path"] not in OPEN and not self._guests.knows(HTTPConnection(scope)):
            await Refusal(401, "token", "The page asks for its token.").answer(scope, receive, send)
            return
        await self._app(scope, receive, send)
