"""Turns what a user names as a photo into photo files: a file, a folder, a URL, or standard input.

A folder stands for all photos in it, by the rules of a scan. What a URL or standard input gives is kept in a
temporary file as long as it is needed.
"""

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from faceindex.errors import BadRequest
from faceindex.paths import AnyPath, absolute
from pipeline.sources.crawl import Skipped, SkipReason, crawl
from pipeline.values import PhotoFailed, PhotoFile, Reason, Stage

STANDARD_INPUT = b"-"

MOST_BYTES = 256_000_000
"""What a URL or standard input may give: no photo that a page shows comes near."""


@dataclass(frozen=True, slots=True)
class NamedPhoto:
    """A photo that a user named.

    Attributes:
        name: The URL, ``-``, or the absolute path.
        path: Of the file with its content, absolute.
        found: In a folder that was named: a file that is no photo is passed over.
    """

    name: bytes
    path: bytes
    found: bool = False


def named_photos(names: Iterable[AnyPath]) -> Iterator[NamedPhoto | PhotoFailed]:
    """Yield the photos that some names stand for, in their order; its file may go when the next is asked for.

    Raises:
        BadRequest: A name is empty, or standard input is a terminal.
    """
    for name in names:
        if not is_remote(name) and os.path.isdir(name):
            yield from _in_folder(absolute(name)[0])
        else:
            with named_photo(name) as photo:
                yield photo


@contextmanager
def named_photo(name: AnyPath) -> Iterator[NamedPhoto | PhotoFailed]:
    """Provide the one photo that a name stands for, with its file as long as the block runs.

    Raises:
        BadRequest: The name is empty, or standard input is a terminal.
    """
    if not is_remote(name):
        (path,) = absolute(name)
        if b"://" in os.fsencode(name) and not os.path.lexists(path):
            yield _failed(
                os.fsencode(name), Reason.UNREADABLE, "photos are fetched by http:// and https:// only"
            )
            return
        yield NamedPhoto(path, path)
        return
    with tempfile.NamedTemporaryFile(prefix="faceindex-") as file:
        failure = _read_standard_input(file) if os.fsencode(name) == STANDARD_INPUT else _fetch(name, file)
        yield failure or NamedPhoto(os.fsencode(name), os.fsencode(file.name))


def is_remote(name: AnyPath) -> bool:
    """Tell whether a name is a URL or standard input; a ``Path`` never is."""
    if not isinstance(name, str | bytes):
        return False
    text = os.fsencode(name)
    return text == STANDARD_INPUT or text.lower().startswith((b"http://", b"https://"))


def _fetch(name: AnyPath, file: IO[bytes]) -> PhotoFailed | None:
    from faceindex.asking.photo_download import fetch_photo
    from pipeline.models.download import DownloadFailed  # it brings requests, which takes long

    try:
        fetch_photo(os.fsdecode(name), file, MOST_BYTES)
    except DownloadFailed as error:
        return _failed(os.fsencode(name), Reason.UNREADABLE, str(error))
    return None


def _read_standard_input(file: IO[bytes]) -> PhotoFailed | None:
    if sys.stdin is None or sys.stdin.isatty():
        raise BadRequest(
            "Standard input is a terminal: give it a photo, as in 'faceindex who - < photo.jpg'."
        )
    while block := sys.stdin.buffer.read(1 << 20):
        file.write(block)
        if file.tell() > MOST_BYTES:
            return _failed(STANDARD_INPUT, Reason.TOO_LARGE, f"it has more than {MOST_BYTES / 1e6:,.0f} MB")
    if not file.tell():
        return _failed(STANDARD_INPUT, Reason.UNREADABLE, "standard input gave nothing: name it once")
    file.flush()
    return None


def _in_folder(folder: bytes) -> Iterator[NamedPhoto | PhotoFailed]:
    unlisted: list[bytes] = []

    def skip(skipped: Skipped) -> None:
        if skipped.reason is SkipReason.UNREADABLE:
            unlisted.append(skipped.path)

    for file in crawl([folder], skip):
        yield NamedPhoto(file.path, file.path, found=True)
    for path in unlisted:
        yield _failed(path, Reason.UNREADABLE, "it cannot be listed: let this user read it")


def _failed(name: bytes, reason: Reason, message: str) -> PhotoFailed:
    return PhotoFailed(PhotoFile(name, 0, 0), Stage.READ, reason, message, None)
