"""Downloads one large file over HTTP, within bounds of size and time, and resumes broken transfers.

A broken transfer leaves the received part and a note with the server's ETag and a digest of the part, so that
the next try can ask for the rest (RFC 9110, sections 13.1.5 and 14.2). This module must not judge the file's
content.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeAlias, TypeVar

import requests
from filelock import FileLock, Timeout

from pipeline.errors import PipelineError
from pipeline.models.registry import DownloadedWeights
from pipeline.models.runtime import file_sha256

_T = TypeVar("_T")

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes received so far, and the bytes of the whole file."""

_MOST_BYTES = 1_000_000_000
"""Accepted where the size is not known beforehand: no weights are larger."""

_OK, _PARTIAL, _NOT_SATISFIABLE = 200, 206, 416
_CHUNK = 1 << 16
_STALL_SECONDS = 30.0
"""Longest pause of a transfer that has begun."""


class DownloadFailed(PipelineError):
    """The file could not be fetched; the message is part of a sentence."""


@contextmanager
def downloaded(
    source: DownloadedWeights, connect_seconds: float, partial: Path, progress: Progress
) -> Iterator[None]:
    """Download into ``partial``, which a failure keeps; after the block, remove it if it is still there.

    One process at a time may do this; the operating system releases the lock if the process dies. The server
    must answer within ``connect_seconds``, name lookup included, and tell the size if ``source`` does not.
    ``progress`` is called from this thread.

    Raises:
        DownloadFailed: Another process is fetching the file, or the server is unreachable, too slow, offers
            something else, or breaks off.
        OSError: The partial file cannot be written.
    """
    try:
        lock = FileLock(f"{partial}.lock", timeout=0).acquire()
    except Timeout as error:
        raise DownloadFailed("another process is fetching it") from error
    with lock:
        _download(source, connect_seconds, partial, progress)
        try:
            yield
        finally:
            _discard(partial)


def _download(source: DownloadedWeights, connect_seconds: float, partial: Path, progress: Progress) -> None:
    kept, etag = _resumable(partial)
    headers = {"Accept-Encoding": "identity"}
    if kept:
        headers |= {"Range": f"bytes={kept}-", "If-Range": etag}

    def ask() -> requests.Response:
        timeouts = (connect_seconds, _STALL_SECONDS)
        return requests.get(source.url, headers=headers, stream=True, timeout=timeouts)

    with closing(answer_within(connect_seconds, ask)) as response:
        offset = kept if response.status_code in (_PARTIAL, _NOT_SATISFIABLE) else 0
        rest = response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")
        if not offset or (rest and _etag(response) == etag):
            _receive(response, _checked_size(response, source.size, offset), partial, offset, progress)
            return
    _discard(partial)  # the server ignored If-Range: this is no rest of the same version
    _download(source, connect_seconds, partial, progress)


def answer_within(seconds: float, ask: Callable[[], _T]) -> _T:
    """Call ``ask``, and wait for it no longer than ``seconds``.

    No socket timeout bounds the name lookup, nor the sum over a host's addresses and redirects; so a daemon
    thread asks, and is abandoned when time is up.

    Raises:
        DownloadFailed: No answer came in time, or ``ask`` raised this or a RequestException.
        OSError: ``ask`` raised it.
    """
    answers: SimpleQueue[tuple[_T] | DownloadFailed | OSError] = SimpleQueue()

    def run() -> None:
        try:
            answers.put((ask(),))
        except (DownloadFailed, OSError) as error:
            answers.put(error)

    Thread(target=run, name="faceindex-connect", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise DownloadFailed(f"the server did not answer within {seconds:g} seconds") from None
    if isinstance(answer, requests.TooManyRedirects):
        raise DownloadFailed("the server redirects too often") from answer
    if isinstance(answer, requests.RequestException):
        raise DownloadFailed(f"the server cannot be reached ({_root_cause(answer)})") from answer
    if isinstance(answer, Exception):
        raise answer
    return answer[0]


def _root_cause(error: BaseException) -> str:
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return str(error) or type(error).__name__


def _checked_size(response: requests.Response, known: int | None, offset: int) -> int:
    """Return the bytes of the whole file, if the answer's headers fit the file or its rest."""
    if response.status_code != (_PARTIAL if offset else _OK):
        raise DownloadFailed(f"the server answered {response.status_code} {response.reason}")
    length = response.headers.get("Content-Length", "")
    offered = offset + int(length) if length.isdigit() else None
    size = offered if known is None else known
    if size is None:
        raise DownloadFailed("the server does not say how many bytes it would send")
    if size > _MOST_BYTES:
        raise DownloadFailed(f"the server offers {size} bytes, more than any such file has")
    if offered not in (None, size):
        raise DownloadFailed(f"the server offers {offered} bytes, not {size}")
    return size


def _receive(response: requests.Response, size: int, partial: Path, offset: int, progress: Progress) -> None:
    """Append the body to the partial file; if it breaks off, note what is needed to resume."""
    done = offset
    with partial.open("r+b" if offset else "wb") as file:
        file.seek(offset)
        progress(done, size)
        try:
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                if done > size:
                    raise DownloadFailed(f"the server sends more than {size} bytes")
                progress(done, size)
        except requests.RequestException as error:
            raise DownloadFailed(_broken(done, size)) from error
        finally:
            if done < size:
                file.flush()
                _note(partial).write_text(json.dumps([_etag(response), file_sha256(partial)]))
    if done < size:
        raise DownloadFailed(_broken(done, size))


def _broken(done: int, size: int) -> str:
    return f"the connection broke after {done} of {size} bytes; they are kept for the next try"


def _resumable(partial: Path) -> tuple[int, str]:
    """Return how many bytes an earlier try kept, and their ETag; 0 if they cannot be continued."""
    try:
        etag, digest = json.loads(_note(partial).read_bytes())
        if etag and digest == file_sha256(partial):
            return partial.stat().st_size, str(etag)
    except (FileNotFoundError, ValueError, TypeError):
        pass
    return 0, ""


def _note(partial: Path) -> Path:
    return partial.with_name(partial.name + ".json")


def _etag(response: requests.Response) -> str:
    """Return the file's strong ETag; empty if the server gives none."""
    tag = response.headers.get("ETag", "")
    return "" if tag.startswith("W/") else tag


def _discard(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    _note(partial).unlink(missing_ok=True)
