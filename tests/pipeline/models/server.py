"""A real web server of files, which can be told to behave as badly as real ones do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from pipeline.models.registry import DownloadedWeights, Fetchable


@dataclass
class FileServer:
    """What is served, and how; change it between requests.

    Attributes:
        content: The file, whatever its name.
        others: Files that have other content, by name.
        redirects: Where a request for a name is sent on to.
        etag: Its ETag.
        status: Answer to every request, unless 200.
        ranges: Whether a Range is honoured.
        if_range: Whether If-Range is honoured, where Range is.
        cut_after: Break the connection off after this many bytes of the body.
        tells_length: Whether Content-Length is sent; without it the body ends with the connection.
        claims: What Content-Length says, if not the truth.
        asked: The Range of every request so far, oldest first.
        url: Address of the folder.
    """

    content: bytes
    etag: str = '"one"'
    status: int = 200
    ranges: bool = True
    if_range: bool = True
    cut_after: int | None = None
    tells_length: bool = True
    claims: int | None = None
    others: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[str | None] = field(default_factory=list)
    url: str = ""

    def source(self, model: Fetchable, size: int | None = None) -> DownloadedWeights:
        """Where this server has the weights of ``model``."""
        assert isinstance(model.weights, DownloadedWeights)
        return replace(model.weights, url=f"{self.url}/{model.weights.file_name}", size=size)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    state: FileServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        state = cast(_Server, self.server).state
        wanted = self.headers.get("Range")
        state.asked.append(wanted)
        start = self._start(state, wanted)
        if state.status != 200:
            self.send_error(state.status)
            return
        if (other := state.redirects.get(self.path.removeprefix("/"))) is not None:
            self.send_response(302)
            self.send_header("Location", other)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = state.others.get(self.path.removeprefix("/"), state.content)
        body = content[start:]
        self.send_response(206 if start else 200)
        self.send_header("ETag", state.etag)
        if state.tells_length:
            self.send_header("Content-Length", str(len(body) if state.claims is None else state.claims))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        self.wfile.write(body if state.cut_after is None else body[: state.cut_after])
        self.close_connection = state.cut_after is not None or not state.tells_length

    def _start(self, state: FileServer, wanted: str | None) -> int:
        changed = state.if_range and self.headers.get("If-Range") not in (None, state.etag)
        if wanted is None or not state.ranges or changed:
            return 0
        return int(wanted.removeprefix("bytes=").partition("-")[0])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing on standard error."""


@contextmanager
def serving(state: FileServer) -> Iterator[FileServer]:
    """Serve on a free port of this machine."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.state = state
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
