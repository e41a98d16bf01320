"""The application: middlewares around routes, and errors that are always JSON."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from doppelganger import __version__
from doppelganger.studio.access.bodies import Bodies
from doppelganger.studio.access.headers import Headers
from doppelganger.studio.access.hosts import Hosts
from doppelganger.studio.access.mistakes import Mistakes
from doppelganger.studio.access.origins import Origins
from doppelganger.studio.access.rates import AddressRate, PersonRate
from doppelganger.studio.access.visits import Visits
from doppelganger.studio.config import Config
from doppelganger.studio.house import House
from doppelganger.studio.pages import Pages
from doppelganger.studio.refusals import Refusal
from doppelganger.studio.routes import about, faces, jobs, pages, personas, results, uploads
from doppelganger.studio.routes.asking import COOKIE
from doppelganger.studio.state import Studio

TOPICS = (about, uploads, jobs, results, faces, personas, pages)
_SENTENCES = {404: "There is no such page.", 405: "This address does not know that method."}
_CODES = {404: "not-found"}


def create_app(config: Config, house: House | None = None) -> FastAPI:
    """The Studio as an ASGI application. ``house``: one that is occupied already; else its lifespan occupies the data folder."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        here = house or House(config.data)
        if house is None:
            here.occupy()
        studio = app.state.studio = Studio(config, here)
        try:
            await studio.begin()
            yield
        finally:
            await studio.end()
            if house is None:
                here.leave()

    limits = config.limits

    def largest_body(method: str, path: str) -> int:
        picture = path == "/api/uploads" or (path.startswith("/api/results/") and path.endswith("/recognise"))
        return limits.body_bytes if picture and method == "POST" else limits.json_bytes

    app = FastAPI(
        title="Doppelgänger Studio",
        version=__version__,
        description=(
            "From one portrait, a face that people take for you and machines take for somebody else. "
            "Methods other than GET need the header `X-Doppelganger: 1`; everything but `about`, `visit` and `health` needs the "
            "cookie that `visit` gives. Every error is `{error, code}`."
        ),
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        middleware=[
            Middleware(Headers),
            Middleware(Mistakes),
            Middleware(Hosts, bound=config.host, names=config.host_names),
            Middleware(Origins),
            Middleware(AddressRate, amount=limits.requests_a_minute * limits.address_factor),
            Middleware(Visits, config=config),
            Middleware(PersonRate, amount=limits.requests_a_minute),
            Middleware(Bodies, limit=largest_body, seconds=limits.body_seconds),
        ],
        exception_handlers={
            Refusal: _refused,
            HTTPException: _http_error,
            RequestValidationError: _not_valid,
        },
    )
    app.state.pages = Pages()
    for topic in TOPICS:
        app.include_router(topic.router)
    app.openapi = lambda: _described(app, config)  # type: ignore[method-assign]
    return app


def _described(app: FastAPI, config: Config) -> dict[str, Any]:
    """The OpenAPI document, with the name that the cookie has here."""
    document = FastAPI.openapi(app)
    document["components"]["securitySchemes"][COOKIE]["name"] = config.cookie
    return document


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.response()


async def _http_error(request: Request, error: Exception) -> Response:
    """The framework's own: unknown addresses and methods, bodies that are not JSON."""
    assert isinstance(error, HTTPException)
    sentence = _SENTENCES.get(error.status_code, "This request cannot be understood.")
    code = _CODES.get(error.status_code, "invalid")
    headers = {"Allow": ", ".join(_methods(request.url.path))} if error.status_code == 405 else error.headers
    return JSONResponse({"error": sentence, "code": code}, error.status_code, headers)


def _methods(path: str) -> list[str]:
    """All that an address knows; the framework names only those of the first route that fits."""
    routes = [route for topic in TOPICS for route in topic.router.routes if isinstance(route, Route)]
    fitting = [route.methods or set() for route in routes if route.path_regex.match(path)]
    return sorted(set().union(*fitting))


async def _not_valid(request: Request, error: Exception) -> Response:
    """Names what is wrong, and never repeats what was sent."""
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:]).encode("ascii", "replace").decode()[:100]
    known = first["type"] != "extra_forbidden" and place
    sentence = f"{place} is not valid: {first['msg']}." if known else f"The request is not valid: {first['msg']}."
    return JSONResponse({"error": sentence, "code": "invalid"}, 422)
