"""The page that asks for the passphrase of a server that other machines can reach."""

import math
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from faceindex.web.access import Access
from faceindex.web.errors import login_page
from faceindex.web.guard import with_cookie

router = APIRouter(prefix="/login")


@router.get("")
def login(request: Request) -> Response:
    """Ask for the passphrase, or say how to get in without one."""
    return _form(request, "/people", HTTPStatus.OK, None)


@router.post("")
def enter(
    request: Request, passphrase: Annotated[str, Form()] = "", place: Annotated[str, Form()] = "/people"
) -> Response:
    """Let in whoever knows the passphrase."""
    access: Access = request.app.state.access
    if access.passphrase is None:
        return _form(request, place, HTTPStatus.UNAUTHORIZED, None)
    if wait := access.passphrase.seconds_to_wait():
        text = f"Too many wrong tries: wait {math.ceil(wait)} seconds."
        refused = _form(request, place, HTTPStatus.TOO_MANY_REQUESTS, text)
        refused.headers["Retry-After"] = str(math.ceil(wait))
        return refused
    if not access.passphrase.is_right(passphrase):
        return _form(request, place, HTTPStatus.UNAUTHORIZED, "That is not the passphrase.")
    return with_cookie(RedirectResponse(_own(place), HTTPStatus.SEE_OTHER), access)


def _form(request: Request, place: str, status: HTTPStatus, wrong: str | None) -> Response:
    by_passphrase = request.app.state.access.passphrase is not None
    return login_page(request, _own(place), status, by_passphrase=by_passphrase, wrong=wrong)


def _own(place: str) -> str:
    """Return a place to go to if it is on this server, else the first page."""
    is_own = place.startswith("/") and not place.startswith(("//", "/\\", "/login")) and place.isprintable()
    return place if is_own else "/people"
