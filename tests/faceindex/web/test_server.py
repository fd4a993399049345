"""How the server ends."""

import os
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from faceindex.web import server
from tests.waiting import SECONDS, wait_until


def accepts(port: int) -> bool:
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    return False


def test_what_is_being_read_when_the_signal_comes_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "END_SECONDS", SECONDS)
    begun, may_end = threading.Event(), threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await run_in_threadpool(may_end.wait)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"all of it"})

    def read(port: int) -> bytes:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            begun.wait()
            os.kill(os.getpid(), signal.SIGINT)
            wait_until(lambda: not accepts(port))
            may_end.set()
            with connection.makefile("rb") as answer:
                return answer.read()

    said: list[str] = []
    with server.listen("127.0.0.1", 0) as listening, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(read, listening.getsockname()[1])
        with pytest.raises(KeyboardInterrupt):
            server.serve(app, listening, lambda text, error: said.append(text))
        assert may_end.is_set()  # the end of the server was waited for
        assert answer.result(SECONDS).endswith(b"all of it\r\n0\r\n\r\n")
    assert not said


def test_a_server_that_fails_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError("no more files")

    monkeypatch.setattr("uvicorn.Server.run", fails)
    with server.listen("127.0.0.1", 0) as listening, pytest.raises(OSError, match="no more files"):
        server.serve(lambda *_: None, listening, lambda *_: None)  # type: ignore[arg-type]
