"""Opens a photo file: its first bytes, its content, read once, and whether it has changed since the crawl.

The content is read into memory that a reader process maps, so that digest and pixels are of the same bytes
whatever happens to the file. This module knows no picture format.
"""

import errno
import os
import stat
from io import FileIO
from typing import Self

import numpy as np
from blake3 import blake3

from pipeline.errors import PhotoError
from pipeline.memory import MemoryBudget
from pipeline.platform_support import LARGEST_SHARED, SharedMemory
from pipeline.values import U8, PhotoFile, Reason, Stage

HEAD_BYTES = 64
"""The first bytes of a file, which tell its format: a whole ``ftyp`` box with a dozen compatible brands."""

_BLOCK = 1 << 20


class OpenPhoto:
    """A photo file open for reading; a context manager that closes it. For one thread.

    ``budget`` holds its content and pixels. Opening raises PhotoError if the file has vanished, is not
    readable, or is no longer a regular file.

    Attributes:
        length: Bytes when opened.
        head: Its first ``HEAD_BYTES`` or fewer.
    """

    def __init__(self, file: PhotoFile, budget: MemoryBudget | None = None) -> None:
        self.file = file
        self._budget = budget or MemoryBudget()
        self._memory: SharedMemory | None = None
        self._digest: bytes | None = None
        self._stream = _open(file)
        try:
            self.length = os.fstat(self._stream.fileno()).st_size
            self.head = self._stream.read(HEAD_BYTES)
        except OSError as error:
            self.close()
            raise read_failure(file, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and release its memory; may be called twice."""
        self._stream.close()
        if self._memory is not None:
            self._memory.close()
            self._memory = None
        self._budget.hold(self, 0)

    def digest(self) -> bytes:
        """Return BLAKE3 of the content, 32 bytes; the first call reads the whole file.

        Raises:
            PhotoError: It cannot be read, or has changed since the crawl.
        """
        if self._digest is None:
            self.check_unchanged()
            try:
                self._digest = self._read()
            except OSError as error:
                raise read_failure(self.file, error) from error
            self.check_unchanged()
        return self._digest

    def descriptor(self) -> int:
        """Return the descriptor for ``open_content`` elsewhere, while this is open; errors as ``digest``."""
        self.digest()
        return self._stream.fileno() if self._memory is None else self._memory.descriptor

    def reserve(self, size: int) -> None:
        """Take ``size`` bytes in all from the budget for decoded pixels; wait for them."""
        content = 0 if self._memory is None else self.length
        self._budget.hold(self, content + size, may_exceed=True)

    def check_unchanged(self) -> None:
        """Raise PhotoError if the file has changed since the crawl."""
        try:
            now = os.fstat(self._stream.fileno())
        except OSError as error:
            raise read_failure(self.file, error) from error
        if (now.st_size, now.st_mtime_ns) != (self.file.size, self.file.mtime_ns):
            raise PhotoError(
                self.file,
                Stage.READ,
                Reason.CHANGED,
                "it changed while it was read: the next scan tries again",
            )

    def _read(self) -> bytes:
        """Read the file, keep it if it is not too large, and return the digest."""
        self._memory = self._make_memory()
        if self._memory is None:
            return self._read_into(np.empty(_BLOCK, np.uint8))
        digest = self._read_into(self._memory.array())
        self._memory.freeze()
        return digest

    def _read_into(self, buffer: U8) -> bytes:
        """Read the file into a buffer of its length, or in blocks through a smaller one; return its hash."""
        buffer[: len(self.head)] = np.frombuffer(self.head, np.uint8)
        hasher = blake3(self.head)
        at = len(self.head)
        while at < self.length:
            start = at if len(buffer) == self.length else 0
            block = buffer[start : start + min(_BLOCK, self.length - at)].data
            count = self._stream.readinto(block)
            if not count:  # it has become shorter
                break
            hasher.update(block[:count])
            at += count
        return hasher.digest()

    def _make_memory(self) -> SharedMemory | None:
        """Return memory for the content; ``None`` if it is too large, or memory is short."""
        if not 0 < self.length <= LARGEST_SHARED:
            return None
        self._budget.hold(self, self.length)
        try:
            return SharedMemory(self.length)
        except MemoryError:
            return None


def read_failure(file: PhotoFile, error: OSError) -> PhotoError:
    """Return the PhotoError for an error of the file system."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ESTALE):
        return PhotoError(file, Stage.READ, Reason.VANISHED, "it was gone before it could be read")
    if error.errno in (errno.EACCES, errno.EPERM):
        message = "permission denied: let this user read it, or leave it out"
    else:
        message = f"it cannot be read: {error.strerror or error}"
    return PhotoError(file, Stage.READ, Reason.UNREADABLE, message)


def _open(file: PhotoFile) -> FileIO:
    """Open a file that must be regular, without ever waiting for a named pipe."""
    try:
        descriptor = os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise read_failure(file, error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PhotoError(file, Stage.READ, Reason.UNREADABLE, "it is not a regular file any more")
    return FileIO(descriptor, "rb")
