"""The bytes of a film, as a library reads them that knows files only by ``read`` and ``seek``."""

import os
from typing import BinaryIO

from pipeline.decoding.films import film_faults
from pipeline.decoding.format_reader import Unreadable


class FilmBytes:
    """A part of an open file, as FFmpeg reads it."""

    def __init__(self, stream: BinaryIO, begin: int, length: int) -> None:
        self._stream = stream
        self._begin = begin
        self._length = length
        self._at = 0
        self._failure: OSError | None = None

    def read(self, size: int) -> bytes:
        """Return the next bytes; none at the end."""
        size = min(size, self._length - self._at)
        if size <= 0:  # offsets of a damaged film may be beyond what a file can have
            return b""
        try:
            self._stream.seek(self._begin + self._at)
            found = self._stream.read(size)
        except OSError as error:
            self._failure = error
            raise
        self._at += len(found)
        return found

    def check(self) -> None:
        """Raise the OSError that FFmpeg has met and may have hidden, if any."""
        if self._failure is not None:
            raise self._failure

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to an offset, as ``io.IOBase.seek``."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def ends_early(self, container: str) -> bool:
        """As ``film_faults.ends_early``."""
        return film_faults.ends_early(self._stream, self._begin, self._length, container)

    def cannot_be_opened(self, container: str, why: str) -> Unreadable:
        """As ``film_faults.cannot_be_opened``."""
        return film_faults.cannot_be_opened(self._stream, self._begin, self._length, container, why)
