"""Downloads one large file over HTTP, within bounds of size and time, and resumes what broke off.

A broken transfer leaves the received part. Beside it stand the server's ETag for that version of the file
and a digest of the part, so that the next try can ask for the rest (RFC 9110, sections 13.1.5 and 14.2).
This module must not judge what the file holds.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeAlias

import requests
from filelock import FileLock, Timeout

from pipeline.errors import PipelineError
from pipeline.models.registry import DownloadedWeights
from pipeline.models.runtime import file_sha256

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes received so far, and the bytes of the whole file."""

MOST_BYTES = 1_000_000_000
"""The most that is accepted where the size is not known beforehand: no weights are larger."""

_OK, _PARTIAL, _NOT_SATISFIABLE = 200, 206, 416
_CHUNK = 1 << 16
_STALL_SECONDS = 30.0
"""How long a transfer that has begun may bring nothing."""


class DownloadFailed(PipelineError):
    """The file could not be fetched; the message is the reason, as a part of a sentence."""


@contextmanager
def downloaded(
    source: DownloadedWeights, connect_seconds: float, partial: Path, progress: Progress
) -> Iterator[None]:
    """Bring ``partial`` to its full size; when the block ends, remove whatever is left of it.

    One process at a time may do this; the operating system releases the lock if the process dies.

    Args:
        source: What to fetch; if its size is unknown, the server must tell it, ``MOST_BYTES`` at most.
        connect_seconds: How long the server may take to answer, the lookup of its name included.
        partial: Where the received part is kept.
        progress: Called from this thread.

    Raises:
        DownloadFailed: If another process is fetching the file, or the server is not reached, does not
            answer in time, offers something else, or breaks off. What was received is kept.
        OSError: If the partial file cannot be written.
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


def answer_within(seconds: float, ask: Callable[[], requests.Response]) -> requests.Response:
    """Call ``ask``, and wait for it no longer than ``seconds``.

    No timeout of a socket bounds the lookup of a name, nor the sum over a host's addresses and redirects;
    so a thread asks, and is left behind when time is up.

    Raises:
        DownloadFailed: If no answer came in time, or ``ask`` raised a RequestException.
    """
    answers: SimpleQueue[requests.Response | requests.RequestException] = SimpleQueue()

    def run() -> None:
        try:
            answers.put(ask())
        except requests.RequestException as error:
            answers.put(error)

    Thread(target=run, name="faceindex-connect", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise DownloadFailed(f"the server did not answer within {seconds:g} seconds") from None
    if isinstance(answer, requests.RequestException):
        raise DownloadFailed(f"the server cannot be reached ({_root_cause(answer)})") from answer
    return answer


def _root_cause(error: BaseException) -> str:
    """The innermost message of a chain that urllib3 and requests wrap several times."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return str(error) or type(error).__name__


def _checked_size(response: requests.Response, known: int | None, offset: int) -> int:
    """The bytes of the whole file; an answer that cannot be the file, or its rest, is refused unread."""
    if response.status_code != (_PARTIAL if offset else _OK):
        raise DownloadFailed(f"the server answered {response.status_code} {response.reason}")
    length = response.headers.get("Content-Length", "")
    offered = offset + int(length) if length.isdigit() else None
    size = offered if known is None else known
    if size is None:
        raise DownloadFailed("the server does not say how many bytes it would send")
    if size > MOST_BYTES:
        raise DownloadFailed(f"the server offers {size} bytes, more than any such file has")
    if offered not in (None, size):
        raise DownloadFailed(f"the server offers {offered} bytes, not {size}")
    return size


def _receive(response: requests.Response, size: int, partial: Path, offset: int, progress: Progress) -> None:
    """Append the body to the partial file; note what is needed to resume, should it break off."""
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
    return f"the connection broke after {done} of {size} bytes; what came is kept for the next try"


def _resumable(partial: Path) -> tuple[int, str]:
    """The bytes of the part that an earlier try kept, and their ETag; 0 if they cannot be continued."""
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
    """The strong ETag of this version of the file; empty if the server gives none."""
    tag = response.headers.get("ETag", "")
    return "" if tag.startswith("W/") else tag


def _discard(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    _note(partial).unlink(missing_ok=True)
