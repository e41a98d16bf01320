"""The application: the Studio's access rules around a page, a call and what little the page asks for besides."""

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response

from doppelganger.live.web import routes
from doppelganger.live.web.call import Call
from doppelganger.live.web.config import Config
from doppelganger.live.web.door import Door, Guests
from doppelganger.studio.access.bodies import Bodies
from doppelganger.studio.access.headers import Headers
from doppelganger.studio.access.hosts import Hosts
from doppelganger.studio.access.mistakes import Mistakes
from doppelganger.studio.access.origins import Origins
from doppelganger.studio.access.rates import AddressRate
from doppelganger.studio.pages import Pages
from doppelganger.studio.refusals import Refusal
from doppelganger.studio.routes import pages

_BODY_BYTES, _BODY_SECONDS = 4_000, 10.0
_REQUESTS_A_MINUTE = 1200


def create_app(call: Call, config: Config) -> FastAPI:
    """As an ASGI application. What the page shares with the Studio's (type, colours, words) is served from there."""
    guests = Guests(config.token_hash)
    app = FastAPI(
        openapi_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(Headers),
            Middleware(Mistakes),
            Middleware(Hosts, bound=config.host, names=config.host_names),
            Middleware(Origins),
            Middleware(AddressRate, amount=_REQUESTS_A_MINUTE),
            Middleware(Door, guests=guests),
            Middleware(Bodies, limit=lambda method, path: _BODY_BYTES, seconds=_BODY_SECONDS),
        ],
        exception_handlers={Refusal: _refused, HTTPException: _http_error, RequestValidationError: _not_valid},
    )
    app.state.call, app.state.guests = call, guests
    app.state.pages = Pages(
        Path(str(files("doppelganger.live") / "page")), Path(str(files("doppelganger.studio") / "page"))
    )
    app.include_router(routes.router)
    app.include_router(pages.router)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.response()


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = "not-found" if error.status_code == 404 else "invalid"
    return JSONResponse({"error": "There is no such page.", "code": code}, error.status_code, error.headers)


async def _not_valid(request: Request, error: Exception) -> Response:
    """Never repeats what was sent."""
    return JSONResponse({"error": "This request is not valid.", "code": "invalid"}, 422)
