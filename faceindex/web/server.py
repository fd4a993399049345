"""Runs the app on a socket until a signal comes: opens the port, serves, and ends what is in work."""

import asyncio
import ipaddress
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait

import h11
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from faceindex.errors import BadRequest, FaceindexError
from faceindex.web.guard import READS

HEADER_SECONDS = 20.0
"""A connection that has asked for nothing after so many seconds is closed."""

END_SECONDS, DECISION_SECONDS = 2.0, 60.0
"""At the end, reads get so many seconds, and changes of the library so many."""


def listen(host: str, port: int) -> socket.socket:
    """Take a port, 0 for any that is free; ``BadRequest`` if it cannot be had."""
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        raise BadRequest(f"{host} is no address: write one such as 192.168.1.20, or 0.0.0.0.") from None
    taken = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # after a restart, at once
        taken.bind((host, port))
        taken.listen(2048)
    except OSError as error:
        taken.close()
        reason = (error.strerror or str(error)).lower()
        raise FaceindexError(
            f"Port {port} of {host} cannot be used ({reason}): choose another one with --port, or 0 for any."
        ) from error
    return taken


def serve(
    app: ASGIApp, listening: socket.socket, report: Callable[[str, BaseException | None], None]
) -> None:
    """Serve until Ctrl-C or SIGTERM comes, which is raised when no change of the library is in work any more.

    Args:
        app: The app.
        listening: The socket, from ``listen``.
        report: Called, in any thread, with what went wrong in a request, and its exception.
    """
    at_work = _AtWork(app)
    logger = _logger(report, at_work)
    config = uvicorn.Config(
        at_work,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,  # addresses hold the token
        server_header=False,
        proxy_headers=False,
    )
    logger.setLevel(
        logging.ERROR
    )  # what a client does wrong is of no interest; set after Config, which sets it
    server = uvicorn.Server(config)
    ended: Future[None] = Future()
    try:  # from here on: a signal may come while the thread begins
        _in_thread(lambda: server.run([listening]), ended)
        ended.result()
    finally:
        at_work.stopping = True
        server.should_exit = True
        wait([ended], END_SECONDS)
        at_work.wait_for_changes(DECISION_SECONDS)


def _in_thread(work: Callable[[], None], ended: Future[None]) -> None:
    """Begin work in a thread that does not keep the process.

    Its end is a future: in Python 3.11 and 3.12, a ``Thread.join`` that a signal interrupts takes the thread
    for ended, and the next one does not wait (since https://github.com/python/cpython/issues/89437).
    """

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 -- raised where the end is waited for
            ended.set_exception(error)
        else:
            ended.set_result(None)

    threading.Thread(target=run, name="server", daemon=True).start()


class _AtWork:
    """Counts the requests in work that may change the library."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._changes = 0
        self._done = threading.Condition()
        self.stopping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in READS:
            await self._app(scope, receive, send)
            return
        with self._done:
            self._changes += 1
        try:
            await self._app(scope, receive, send)
        finally:
            with self._done:
                self._changes -= 1
                self._done.notify_all()

    def wait_for_changes(self, seconds: float) -> None:
        """Wait until none is in work."""
        with self._done:
            self._done.wait_for(lambda: not self._changes, seconds)


class _Protocol(H11Protocol):
    """HTTP/1.1 that closes connections on which no request comes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Watch the connection from now on."""
        super().connection_made(transport)
        self.loop.call_later(HEADER_SECONDS, self._close_if_silent, self.cycle)

    def _close_if_silent(self, before: object) -> None:
        """Close the connection if no request came since a look at it, when it had the cycle ``before``."""
        if self.transport.is_closing():
            return
        if self.cycle is before and self.conn.their_state is h11.IDLE:
            self.transport.close()
        else:
            self.loop.call_later(HEADER_SECONDS, self._close_if_silent, self.cycle)


def _logger(report: Callable[[str, BaseException | None], None], at_work: _AtWork) -> logging.Logger:
    """Return the logger of the server, whose errors are reported, unless it is stopping."""

    class Reporting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not at_work.stopping:
                report(record.getMessage(), None if record.exc_info is None else record.exc_info[1])

    logger = logging.getLogger("uvicorn.error")
    logger.handlers = [Reporting()]
    logger.propagate = False
    return logger
