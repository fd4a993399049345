"""The app: its routes, its files, and the guard before them."""

from http import HTTPStatus

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from faceindex.library import Library
from faceindex.web.access import Access
from faceindex.web.api import reference, routes
from faceindex.web.context import HERE, VERSION_AFTER, VERSION_BEFORE, version_of
from faceindex.web.errors import add_handlers, refuse_for
from faceindex.web.guard import READS, Guard, Limits
from faceindex.web.pages import (
    ask,
    clusters,
    find,
    log,
    login,
    media,
    people,
    person,
    photos,
    review,
    state,
)

PAGES = (ask, clusters, find, log, login, media, people, person, photos, review, state)


def make_app(library: Library, access: Access, limits: Limits | None = None) -> FastAPI:
    """Make the app over a library, which stays the caller's to close."""
    app = FastAPI(title="faceindex", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.library = library
    app.state.access = access
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    for each in PAGES:
        app.include_router(each.router, include_in_schema=False)
    app.include_router(routes.router)
    app.include_router(reference.router)
    app.add_api_route("/", _first_page, include_in_schema=False)
    add_handlers(app)
    app.add_middleware(_WithVersions, library=library)
    app.add_middleware(Guard, access=access, refuse=refuse_for(access), limits=limits or Limits())
    return app


def _first_page() -> RedirectResponse:
    return RedirectResponse("/people", HTTPStatus.SEE_OTHER)


class _WithVersions:
    """Says of each action at which version of the library it began and ended."""

    def __init__(self, app: ASGIApp, library: Library) -> None:
        self._app = app
        self._library = library

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in READS:
            await self._app(scope, receive, send)
            return
        before = await run_in_threadpool(version_of, self._library)

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[VERSION_BEFORE] = before
                headers[VERSION_AFTER] = await run_in_threadpool(version_of, self._library)
            await send(message)

        await self._app(scope, receive, send_with)
