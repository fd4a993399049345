"""What a page, a part of a page or a program gets when a request fails: one line, and the right status."""

import json
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import Scope

from faceindex.errors import (
    BadRequest,
    FaceindexError,
    LibraryLocked,
    NoLibrary,
    NotFound,
    WeightsUnavailable,
)
from faceindex.printable import printable
from faceindex.web.access import Access
from faceindex.web.context import fragment
from faceindex.web.guard import Refuse

_STATUS: tuple[tuple[type[FaceindexError], HTTPStatus], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (BadRequest, HTTPStatus.BAD_REQUEST),
    (NoLibrary, HTTPStatus.NOT_FOUND),
    (LibraryLocked, HTTPStatus.LOCKED),
    (WeightsUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (FaceindexError, HTTPStatus.CONFLICT),
)
"""The first that fits counts."""


def add_handlers(app: FastAPI) -> None:
    """Let an app answer errors in one line."""

    @app.exception_handler(FaceindexError)
    def failed(request: Request, error: FaceindexError) -> Response:
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        return answer(request, status, str(error))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        problems = (f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in error.errors())
        return answer(request, HTTPStatus.BAD_REQUEST, f"{'; '.join(problems)}.")

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        texts = {HTTPStatus.NOT_FOUND: "There is no such page."}
        text = error.detail if error.detail != status.phrase else texts.get(status, f"{status.phrase}.")
        return answer(request, status, text)

    @app.exception_handler(OSError)
    def inaccessible(request: Request, error: OSError) -> Response:
        return answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, f"Operating system error: {error}.")


def answer(request: Request, status: HTTPStatus, text: str) -> Response:
    """Answer an error: as JSON for programs, as a toast for a part of a page, else as a page."""
    text = printable(text[:1].upper() + text[1:])
    path = request.url.path
    if path == "/api" or path.startswith("/api/"):
        return failed(status, text)
    if request.headers.get("HX-Request") == "true":
        events = {"toast": {"text": text, "class": "error"}}
        return Response(status_code=status, headers={"HX-Trigger": json.dumps(events)})
    return fragment(request, "error.html", status=status, text=text, title=status.phrase)


def login_page(
    request: Request, place: str, status: HTTPStatus, *, by_passphrase: bool, wrong: str | None = None
) -> Response:
    """Return the page that asks for the passphrase, or says how to get in without one."""
    values = {"place": place, "by_passphrase": by_passphrase, "wrong": wrong}
    shown = fragment(request, "login.html", status=status, **values)
    # Its form is sent without a script, and a browser that may name no referrer would name no origin either.
    shown.headers["Referrer-Policy"] = "same-origin"
    return shown


def failed(status: HTTPStatus, text: str) -> Response:
    """Answer an error to a program."""
    return JSONResponse({"detail": text}, status)


def refuse_for(access: Access) -> Refuse:
    """Return what makes the answers of the guard; without a token, a page says how to get in."""

    def refuse(scope: Scope, status: HTTPStatus, text: str) -> Response:
        request = Request(scope)
        is_page = request.headers.get("HX-Request") != "true" and not scope["path"].startswith("/api")
        if status == HTTPStatus.UNAUTHORIZED and is_page:
            query = scope["query_string"].decode("ascii", "replace")
            place = scope["path"] + (f"?{query}" if query and "token=" not in query else "")
            by_passphrase = access.passphrase is not None
            return login_page(request, place, status, by_passphrase=by_passphrase)
        refused = answer(request, status, text)
        if status == HTTPStatus.UNAUTHORIZED:
            refused.headers["WWW-Authenticate"] = "Bearer"
        return refused

    return refuse
