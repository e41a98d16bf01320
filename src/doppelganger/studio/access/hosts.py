"""Which hosts a browser may believe to talk to: a page elsewhere whose name suddenly leads here (DNS rebinding) is refused."""

import ipaddress
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from doppelganger.studio.refusals import Refusal

LOOPBACK = ("127.0.0.1", "localhost", "::1")
WILDCARDS = ("0.0.0.0", "::", "")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Hosts:
    """Lets only the allowed names through: loopback's, the one that is bound, and those that were given. Ports do not matter.

    Bound to every address, any literal address is right: what rebinding needs is a name.
    """

    def __init__(self, app: ASGIApp, bound: str, names: Iterable[str]) -> None:
        self._app = app
        self._any_address = bound in WILDCARDS
        self._allowed = {name.lower().rstrip(".") for name in (*LOOPBACK, bound, *names) if name not in WILDCARDS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not self._right(Headers(scope=scope).get("host", "")):
            sentence = "This name does not belong to this page; its owner can allow it with --host-name."
            await Refusal(403, "forbidden", sentence).answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _right(self, host: str) -> bool:
        name = host_name(host)
        return name is not None and (name in self._allowed or (self._any_address and _is_address(name)))


def host_name(host: str) -> str | None:
    """The name or address in a Host header, None where it is neither."""
    if host.startswith("["):
        name, bracket, port = host[1:].partition("]")
        port = port.removeprefix(":") if not port or port.startswith(":") else "?"
        if not bracket:
            return None
    else:
        name, _, port = host.partition(":")
    if not name or (port and not port.isdecimal()):
        return None
    return name.lower().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
