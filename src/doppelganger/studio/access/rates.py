"""How often: every request counts, by address before anybody is known and by person afterwards."""

from starlette.types import ASGIApp, Receive, Scope, Send

from doppelganger.studio.access.buckets import Buckets
from doppelganger.studio.refusals import wait

SENTENCE = "That was too often; wait a little."


def address_of(scope: Scope) -> str:
    """The address that the connection comes from. What proxies claim is not believed: anybody can claim it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


class AddressRate:
    """``amount`` requests a minute from one address."""

    def __init__(self, app: ASGIApp, amount: float) -> None:
        self._app, self._buckets = app, Buckets(amount, 60)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (seconds := self._buckets.take(address_of(scope))):
            await wait(seconds, SENTENCE).answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


class PersonRate:
    """``amount`` requests a minute of one person; behind `visits`."""

    def __init__(self, app: ASGIApp, amount: float) -> None:
        self._app, self._buckets = app, Buckets(amount, 60)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        person = scope.get("state", {}).get("person")
        if person and (seconds := self._buckets.take(person)):
            await wait(seconds, SENTENCE).answer(scope, receive, send)
            return
        await self._app(scope, receive, send)
