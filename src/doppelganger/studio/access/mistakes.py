"""A mistake of the program: the visitor gets a sentence, the log gets the line, and neither gets any contents."""

import logging

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doppelganger.studio.refusals import Refusal
from doppelganger.studio.speech import where

log = logging.getLogger("doppelganger.studio")


class Mistakes:
    """Catches what nobody else has caught."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_noting(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except ClientDisconnect:
            return
        except Refusal as refusal:
            if not begun:
                await refusal.answer(scope, receive, send)
        except Exception as error:
            log.error("A request failed: %s.", where(error))
            if not begun:
                await Refusal(500, "trouble", "This is a mistake of the program, not yours.").answer(
                    scope, receive, send
                )
