"""Stands before the app: refuses what does not come from our own pages, and bounds what does.

Against other pages in the same browser: the Host allow-list (DNS rebinding), the cookie that is SameSite, the
Origin of writes, and Fetch Metadata (https://www.w3.org/TR/fetch-metadata/). Against other people: the token.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from faceindex.web.access import Access

PARAMETER = "token"
READS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing; a test walks all routes."""

LOGIN, FILES = "/login", "/static/"
"""The path, and the start of paths, that need no token: what the page that asks for it is made of."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_ICON = '<link rel="icon" href="/static/icon.svg" type="image/svg+xml">'

Refuse = Callable[[Scope, HTTPStatus, str], Response]
"""Makes the page, or JSON, that says why a request is refused."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may hold and take.

    Attributes:
        body: Bytes of a body.
        upload: Bytes of a body to one of the ``upload_paths``.
        body_seconds: Within which each part of a body must come.
    """

    body: int = 1_000_000
    upload: int = 100_000_000
    upload_paths: frozenset[str] = frozenset({"/ask", "/api/ask"})
    body_seconds: float = 30.0

    def of(self, path: str) -> int:
        """Return how many bytes a body to a path may have."""
        return self.upload if path in self.upload_paths else self.body


class Guard:
    """The outermost ASGI application; ``refuse`` makes its answers to what it does not let through."""

    def __init__(self, app: ASGIApp, access: Access, refuse: Refuse, limits: Limits) -> None:
        self._app = app
        self._access = access
        self._refuse = refuse
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        request = HTTPConnection(scope)
        send = _with_headers(send, scope["path"])
        refusal = self._not_ours(request) or self._entered(request) or self._unknown(request)
        refusal = refusal or self._too_large(request)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self._guarded(scope, receive, send)

    def _not_ours(self, request: HTTPConnection) -> Response | None:
        """Refuse requests to another host, and those that other pages make."""
        hosts = request.headers.getlist("host")
        is_for_proxy = not request.scope["path"].startswith("/")  # it names a host too, which may be another
        if is_for_proxy or len(hosts) != 1 or not self._access.is_own_host(hosts[0]):
            status = HTTPStatus.MISDIRECTED_REQUEST
            return self._refuse(request.scope, status, "This server is not the host that was asked for.")
        site, is_read = request.headers.get("sec-fetch-site"), request.scope["method"] in READS
        is_visit = is_read and request.headers.get("sec-fetch-mode") == "navigate"
        if site in ("cross-site", "same-site") and not is_visit:
            return self._refuse(request.scope, HTTPStatus.FORBIDDEN, "Another page asked for this.")
        origin = request.headers.get("origin")
        if not is_read and not self._may_write(request, origin, hosts[0]):
            return self._refuse(request.scope, HTTPStatus.FORBIDDEN, "Another page asked for this change.")
        return None

    def _may_write(self, request: HTTPConnection, origin: str | None, host: str) -> bool:
        """A browser names the origin of every write; only a program with a token of its own names none."""
        if origin is None:
            return self._access.is_token(_bearer(request))
        return origin == f"{request.url.scheme}://{host}"

    def _entered(self, request: HTTPConnection) -> Response | None:
        """Turn the token in an address into the cookie, and lead to the address without it."""
        query = parse_qsl(request.url.query, keep_blank_values=True)
        token = next((value for name, value in query if name == PARAMETER), None)
        if token is None or request.scope["method"] not in READS or not self._access.is_token(token):
            return None
        rest = urlencode([each for each in query if each[0] != PARAMETER])
        place = quote("/" + request.scope["path"].lstrip("/\\")) + (f"?{rest}" if rest else "")
        if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            # With a redirect the browser would still count the visit as that of the other page, and keep the
            # cookie back; a page of our own that goes on is another matter.
            onward = f'<!doctype html>{_ICON}<meta http-equiv="refresh" content="0;url={escape(place)}">'
            return with_cookie(HTMLResponse(onward), self._access)
        return with_cookie(RedirectResponse(place, HTTPStatus.SEE_OTHER), self._access)

    def _unknown(self, request: HTTPConnection) -> Response | None:
        """Refuse whoever has no token."""
        path = request.scope["path"]
        if path == LOGIN or path.startswith(FILES):
            return None
        tokens = (request.cookies.get(self._access.cookie), _bearer(request))
        if any(map(self._access.is_token, tokens)):
            return None
        return self._refuse(
            request.scope, HTTPStatus.UNAUTHORIZED, "This page needs the token of its server."
        )

    def _too_large(self, request: HTTPConnection) -> Response | None:
        length, most = request.headers.get("content-length", "0"), self._limits.of(request.scope["path"])
        if length.isascii() and length.isdigit() and int(length) <= most:
            return None
        return self._refuse(request.scope, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _at_most(most))

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through; what fails in it is answered too, and raised for whoever logs it."""
        answered = False

        async def noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        body = _body(receive, self._limits.of(scope["path"]), self._limits.body_seconds)
        try:
            await self._app(scope, body, noted)
        except Exception:
            if not answered:
                text = "An error in faceindex: the terminal where it runs says more."
                await self._refuse(scope, HTTPStatus.INTERNAL_SERVER_ERROR, text)(scope, receive, send)
            raise


def with_cookie(response: Response, access: Access) -> Response:
    """Let a browser in from now on."""
    response.set_cookie(access.cookie, access.token, httponly=True, samesite="strict", path="/")
    return response


def _bearer(request: HTTPConnection) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _at_most(size: int) -> str:
    return f"This is too large: at most {size // 1_000_000} MB."


def _body(receive: Receive, most: int, seconds: float) -> Receive:
    """Return what receives a body of at most so many bytes, each part of it in so many seconds."""
    left, complete = most, False

    async def receive_bounded() -> Message:
        nonlocal left, complete
        if complete:  # what comes now is that the client has gone, whenever that is
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), seconds)
        except TimeoutError as error:
            text = "The rest of the request did not come."
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, text) from error
        if message["type"] == "http.request":
            left -= len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if left < 0:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _at_most(most))
        return message

    return receive_bounded


def _with_headers(send: Send, path: str) -> Callable[[Message], Awaitable[None]]:
    """Return what sends a response with our headers; only files of ours stay in a browser's cache."""

    async def send_with(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers["Cache-Control"] = "no-cache" if path.startswith(FILES) else "no-store"
        await send(message)

    return send_with
