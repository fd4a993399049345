"""Sends the file of a film, or the part of it that a player asks for (RFC 9110, section 14).

It is read by blocks, each when the one before is sent: the film is never in memory, and a slow client holds
no thread.
"""

import re
from email.utils import formatdate
from http import HTTPStatus

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from faceindex.viewing.film_files import FilmFile

_BLOCK = 256 << 10
"""Bytes read at once."""

_RANGE = re.compile(r"bytes=(?:(\d{1,19})-(\d{0,19})|-(\d{1,19}))")
"""One range. Of several the whole file is sent, as a server may; players ask for one."""


class FilmResponse(Response):
    """Sends an open film, and closes it."""

    def __init__(self, film: FilmFile, asked: Headers) -> None:
        self._film = film
        self._part = range(film.size)
        etag = f'"{film.mtime_ns:x}-{film.size:x}"'
        changed = formatdate(film.mtime_ns // 1_000_000_000, usegmt=True)
        headers = {"Accept-Ranges": "bytes", "ETag": etag, "Last-Modified": changed}
        status = HTTPStatus.OK
        if asked.get("if-range", etag) in (etag, changed):
            found = _part(asked.get("range", ""), film.size)
            if found is not None and not found:
                status, headers["Content-Range"] = _NOT_SATISFIABLE, f"bytes */{film.size}"
                self._part = found
            elif found is not None:
                status = HTTPStatus.PARTIAL_CONTENT
                headers["Content-Range"] = f"bytes {found.start}-{found.stop - 1}/{film.size}"
                self._part = found
        super().__init__(status_code=status, headers=headers, media_type=film.media_type)
        self.headers["Content-Length"] = str(len(self._part))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what was asked for; of HEAD, only what it would be."""
        try:
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            await send(start)
            if scope["method"] != "HEAD":
                await self._send_body(send)
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._film.close()

    async def _send_body(self, send: Send) -> None:
        at, end = self._part.start, self._part.stop
        while at < end:
            block = await to_thread.run_sync(self._film.read, at, min(_BLOCK, end - at))
            if not block:
                raise OSError(f"the file ended at {at} of {end} bytes while it was sent")
            await send({"type": "http.response.body", "body": block, "more_body": True})
            at += len(block)


_NOT_SATISFIABLE = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE


def _part(asked: str, size: int) -> range | None:
    """Return the offsets that a Range asks for: none of what lies beyond the end; ``None`` for all."""
    found = _RANGE.fullmatch(asked.replace(" ", ""))
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        return range(max(0, size - int(suffix)), size)
    if last and int(last) < int(first):
        return None  # no range at all (14.1.1)
    return range(int(first), min(int(last) + 1, size) if last else size)
