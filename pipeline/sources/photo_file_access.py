"""Opens a photo file: its first bytes, its content, read once, and whether it has changed since the crawl.

The content is read into memory that a reader process maps, so that digest and pixels are of the same bytes
whatever happens to the file. This module knows no picture format.
"""

import errno
import os
import stat
from collections import deque
from collections.abc import Sequence
from typing import BinaryIO, Self

import numpy as np
from blake3 import blake3

from pipeline.errors import PhotoError
from pipeline.memory import MemoryBudget
from pipeline.platform_support import LARGEST_SHARED, SharedMemory
from pipeline.values import PhotoFile, Reason, Stage

HEAD_BYTES = 1024
"""The first bytes of a file, which tell its format: a ``ftyp`` box, four packets of an MPEG stream."""

FIRST_BYTES = 128 << 10
"""Bytes of the first read, which small files need alone. Linux fetches as many when asked for one."""

_BLOCK = 1 << 20


class OpenPhoto:
    """A photo file open for reading; a context manager that closes it. For one thread at a time.

    ``budget`` holds its content and pixels. Opening raises PhotoError if the file has vanished, is not
    readable, or is no longer a regular file.

    Attributes:
        length: Bytes when opened.
        head: Its first ``HEAD_BYTES`` or fewer.
        part_digest: BLAKE3 of the parts given to ``read_through``, 32 bytes.
    """

    def __init__(self, file: PhotoFile, budget: MemoryBudget | None = None) -> None:
        self.file = file
        self._budget = budget or MemoryBudget()
        self._memory: SharedMemory | None = None
        self._digest: bytes | None = None
        self.part_digest: bytes | None = None
        self._is_read = False
        self._descriptor: int | None = _open(file)
        try:
            self._status = os.fstat(self._descriptor)
            if not stat.S_ISREG(self._status.st_mode):
                raise PhotoError(file, Stage.READ, Reason.UNREADABLE, "it is not a regular file any more")
            self.length = self._status.st_size
            self._start = os.read(self._descriptor, FIRST_BYTES)
        except BaseException as error:
            self.close()
            if isinstance(error, OSError):
                raise read_failure(file, error) from error
            raise
        self.head = self._start[:HEAD_BYTES]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and release its memory; may be called twice."""
        self._close_file()
        if self._memory is not None:
            self._memory.close()
            self._memory = None
        self._budget.hold(self, 0)

    def read(self) -> None:
        """Read the rest of the file, once; close it if its content is kept.

        Raises:
            PhotoError: It cannot be read, or has changed since the crawl.
        """
        if self._is_read:
            return
        self._check(self._status)
        self._memory = self._make_memory()
        try:
            if self._memory is None:
                self._digest = self._hash_blocks()
            else:
                self._fill(self._memory)
        except OSError as error:
            raise read_failure(self.file, error) from error
        self.check_unchanged()
        self._start = b""
        self._is_read = True
        if self._memory is not None:
            self._close_file()

    def read_through(self, parts: Sequence[range] = ()) -> None:
        """Read the rest of the file, once, through a small buffer, and keep only digests; errors as ``read``.

        ``parts`` are ranges of offsets, in order, whose bytes ``part_digest`` is of.
        """
        if self._is_read:
            return
        self._check(self._status)
        try:
            self._digest = self._hash_blocks(parts)
        except OSError as error:
            raise read_failure(self.file, error) from error
        self.check_unchanged()
        self._start = b""
        self._is_read = True

    def trust(self, digest: bytes) -> None:
        """Take the digest that the content had when the file had this size and time; errors as ``read``."""
        self.check_unchanged()
        self._digest, self._is_read = digest, True

    def stream(self) -> BinaryIO:
        """Return a stream of the file itself, to be closed by the caller, before its content is kept."""
        if self._descriptor is None:
            raise ValueError("the photo is closed, or its content is kept")
        return os.fdopen(os.dup(self._descriptor), "rb")

    def read_at(self, offset: int, length: int) -> bytes:
        """Return some bytes of the content, fewer where it ends; errors as ``read``, but read no others."""
        if self._memory is not None:
            return self._memory.read_at(offset, length)
        if self._descriptor is None:
            raise ValueError("the photo is closed")
        try:
            return os.pread(self._descriptor, max(0, min(length, self.length - offset)), offset)
        except OSError as error:
            raise read_failure(self.file, error) from error

    def digest(self) -> bytes:
        """Return BLAKE3 of the content, 32 bytes; errors as ``read``, which the first call does."""
        self.read()
        if self._digest is None:
            if self._memory is None:
                raise ValueError("the photo is closed")
            self._digest = blake3(self._memory.array().data).digest()
            self._memory.freeze()
        return self._digest

    def descriptor(self) -> int:
        """Return the descriptor for ``open_content`` elsewhere, while this is open; errors as ``digest``."""
        self.digest()
        if self._memory is not None:
            return self._memory.descriptor
        if self._descriptor is None:
            raise ValueError("the photo is closed")
        return self._descriptor

    def any_descriptor(self) -> int:
        """Return ``descriptor()`` of a file that was read, or that of the file, not to be read then."""
        if self._is_read or self._descriptor is None:
            return self.descriptor()
        return self._descriptor

    def reserve(self, size: int) -> None:
        """Take ``size`` bytes in all from the budget for decoded pixels; wait for them."""
        content = 0 if self._memory is None else self.length
        self._budget.hold(self, content + size, may_exceed=True)

    @property
    def is_read(self) -> bool:
        """Whether its content was read, or its digest is trusted."""
        return self._is_read

    @property
    def is_kept(self) -> bool:
        """Whether its content is in memory, so that a change of the file since then does not matter."""
        return self._memory is not None

    def check_unchanged(self) -> None:
        """Raise PhotoError if the file has changed since the crawl."""
        try:
            now = os.stat(self.file.path if self._descriptor is None else self._descriptor)
        except OSError as error:
            raise read_failure(self.file, error) from error
        self._check(now)

    def _check(self, now: os.stat_result) -> None:
        if (now.st_size, now.st_mtime_ns) != (self.file.size, self.file.mtime_ns):
            raise PhotoError(
                self.file,
                Stage.READ,
                Reason.CHANGED,
                "it changed while it was read: the next scan tries again",
            )

    def _close_file(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _fill(self, memory: SharedMemory) -> None:
        """Read the file into memory of its length. If it has become shorter, the rest stays as it is."""
        content = memory.array()
        at = min(len(self._start), self.length)
        content[:at] = np.frombuffer(self._start, np.uint8, at)
        while at < self.length and (count := self._read_into(content[at:].data)):
            at += count

    def _hash_blocks(self, parts: Sequence[range] = ()) -> bytes:
        """Read the file through a small buffer, and return its hash; set that of its parts, if any."""
        if self._descriptor is None:
            raise ValueError("the photo is closed")
        hasher, part_hasher, buffer = blake3(), blake3(), np.empty(_BLOCK, np.uint8).data
        at, left = 0, deque(parts)
        while at < self.length and (count := os.preadv(self._descriptor, [buffer], at)):
            hasher.update(buffer[:count])
            while left and left[0].start < at + count:
                part_hasher.update(buffer[max(0, left[0].start - at) : max(0, min(count, left[0].stop - at))])
                if left[0].stop > at + count:
                    break
                left.popleft()
            at += count
        self.part_digest = part_hasher.digest() if parts else None
        return hasher.digest()

    def _read_into(self, buffer: memoryview) -> int:
        if self._descriptor is None:
            raise ValueError("the photo is closed")
        return os.readv(self._descriptor, [buffer])

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


def _open(file: PhotoFile) -> int:
    """Open a file without ever waiting for a named pipe."""
    try:
        return os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise read_failure(file, error) from error
