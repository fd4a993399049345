"""Downloads one large file over HTTP: within bounds, resumable, one writer at a time.

What is received stays in a partial file until it is complete. A broken transfer leaves beside it what
is needed to go on: the server's validator for that version of the file, and a digest of the part
received. This module must not know what the file is, nor judge its content.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TypeAlias

import requests

from pipeline.errors import PipelineError
from pipeline.models.runtime import file_sha256

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes there are so far, and the bytes there will be."""

_CHUNK = 1 << 16
"""Bytes read at once; where a connection breaks, those of the unfinished chunk are lost."""

_STALL_SECONDS = 30.0
"""How long a transfer that has begun may bring nothing."""

MOST_BYTES = 1_000_000_000
"""Of a file whose size is not known beforehand: no weights are larger, and no server is to fill the disk."""


class DownloadFailed(PipelineError):
    """The file could not be fetched; the message is the reason, as a part of a sentence."""


@dataclass(frozen=True, slots=True)
class Source:
    """What to fetch.

    Attributes:
        url: Where it is.
        size: Its bytes; where ``None``, the server must say how many there are, ``MOST_BYTES`` at most.
        connect_seconds: How long the server may take to answer, the lookup of its name included.
    """

    url: str
    size: int | None
    connect_seconds: float


def download(source: Source, partial: Path, progress: Progress) -> None:
    """Bring ``partial`` to its full size, going on where an earlier call broke off if that is safe.

    The server is asked to go on only if it still has the same version of the file (RFC 9110, sections
    13.1.5 and 14.2); if it cannot, the file is fetched from its beginning. To be called within ``alone``.

    Raises:
        DownloadFailed: If the server is not reached, does not answer in time, offers something else, or
            breaks off. What was received is kept.
        OSError: If the partial file cannot be written.
    """
    kept = _Kept.of(partial)
    response = _ask(source, kept)
    if kept is not None and not kept.is_continued_by(response):
        kept = None
        if response.status_code != requests.codes.ok:
            response.close()
            response = _ask(source, None)
    offset = 0 if kept is None else kept.size
    with closing(response):
        size = _checked_size(response, source, offset)
        _receive(response, size, partial, offset, progress)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The received part of a file.

    Attributes:
        size: Its bytes.
        validator: The server's ETag or Last-Modified of the version it is a part of.
    """

    size: int
    validator: str

    @classmethod
    def of(cls, partial: Path) -> "_Kept | None":
        """What an earlier call kept, if the part is still as it was then."""
        try:
            note = json.loads(_note(partial).read_bytes())
            if note["sha256"] != file_sha256(partial):
                return None
            return cls(partial.stat().st_size, str(note["validator"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def is_continued_by(self, response: requests.Response) -> bool:
        """Whether ``response`` brings the rest of the same version of the file."""
        begins = response.headers.get("Content-Range", "").startswith(f"bytes {self.size}-")
        partial = response.status_code == requests.codes.partial_content
        return partial and begins and _validator(response) == self.validator


def _note(partial: Path) -> Path:
    return partial.with_name(partial.name + ".json")


def _validator(response: requests.Response) -> str | None:
    """What identifies this version of the file: a strong ETag, else the time of its last change."""
    tag = response.headers.get("ETag")
    if tag is not None and not tag.startswith("W/"):
        return tag
    return response.headers.get("Last-Modified")


def _ask(source: Source, kept: _Kept | None) -> requests.Response:
    """The server's answer, its body yet to be read."""
    headers = {"Accept-Encoding": "identity"}
    if kept is not None:
        headers |= {"Range": f"bytes={kept.size}-", "If-Range": kept.validator}
    timeouts = (source.connect_seconds, _STALL_SECONDS)
    return answer_within(
        source.connect_seconds,
        lambda: requests.get(source.url, headers=headers, stream=True, timeout=timeouts),
    )


def answer_within(seconds: float, ask: Callable[[], requests.Response]) -> requests.Response:
    """Call ``ask``, and wait for it no longer than ``seconds``.

    No timeout that a socket knows bounds the lookup of a name, nor the sum over a host's addresses and
    redirects; so the question is asked in a thread that is left behind when time is up.

    Raises:
        DownloadFailed: If no answer came in time, or ``ask`` raised a RequestException.
    """
    answers: SimpleQueue[requests.Response | requests.RequestException] = SimpleQueue()
    abandoned = Event()

    def run() -> None:
        try:
            response = ask()
        except requests.RequestException as error:
            answers.put(error)
            return
        if abandoned.is_set():
            response.close()
        answers.put(response)

    Thread(target=run, name="faceindex-connect", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        abandoned.set()
        raise DownloadFailed(f"the server did not answer within {seconds:g} seconds") from None
    if isinstance(answer, requests.RequestException):
        raise DownloadFailed(f"the server cannot be reached ({_root_cause(answer)})") from answer
    return answer


def _root_cause(error: BaseException) -> str:
    """The innermost message of a chain that urllib3 and requests wrap several times."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return str(error) or type(error).__name__


def _checked_size(response: requests.Response, source: Source, offset: int) -> int:
    """The bytes of the whole file; an answer that cannot be the file, or its rest, is refused unread."""
    if response.status_code != (requests.codes.partial_content if offset else requests.codes.ok):
        raise DownloadFailed(f"the server answered {response.status_code} {response.reason}")
    length = response.headers.get("Content-Length", "")
    offered = offset + int(length) if length.isdigit() else None
    size = offered if source.size is None else source.size
    if size is None:
        raise DownloadFailed("the server does not say how many bytes it would send")
    if size > MOST_BYTES:
        raise DownloadFailed(f"the server offers {size} bytes, more than any such file has")
    if offered not in (None, size):
        raise DownloadFailed(f"the server offers {offered} bytes, not {size}")
    return size


def _receive(response: requests.Response, size: int, partial: Path, offset: int, progress: Progress) -> None:
    """Append the body to the partial file; keep what is needed to go on, should it break off."""
    done = offset
    with partial.open("r+b" if offset else "wb") as file:
        file.seek(offset)
        progress(done, size)
        try:
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                if done > size:
                    break
                progress(done, size)
        except requests.RequestException as error:
            raise DownloadFailed(_broken(done, size)) from error
        finally:
            if done < size:
                file.flush()
                _keep(partial, _validator(response))
    if done > size:
        raise DownloadFailed(f"the server sends more than {size} bytes")
    if done < size:
        raise DownloadFailed(_broken(done, size))


def _broken(done: int, size: int) -> str:
    return f"the connection broke after {done} of {size} bytes; what came is kept for the next try"


def _keep(partial: Path, validator: str | None) -> None:
    """Note beside the partial file which version it is a part of, and its digest."""
    if validator is None:
        _note(partial).unlink(missing_ok=True)
        return
    note = {"validator": validator, "sha256": file_sha256(partial)}
    _note(partial).write_text(json.dumps(note))


def discard(partial: Path) -> None:
    """Remove a partial file, and what was noted about it."""
    partial.unlink(missing_ok=True)
    _note(partial).unlink(missing_ok=True)


@contextmanager
def alone(partial: Path) -> Iterator[None]:
    """Hold the right to write ``partial``; the operating system gives it back if the process dies.

    Raises:
        DownloadFailed: If another process holds it.
    """
    lock = os.open(partial.with_name(partial.name + ".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DownloadFailed("another process is fetching it") from error
        yield
    finally:
        os.close(lock)
