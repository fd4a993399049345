"""A photo's file, open: what it holds, its digest, and whether it is still what the crawl saw.

One open file serves everything, so that the digest and the pixels are of the same file even when its name
comes to mean another meanwhile. This module reads bytes; it makes nothing of them but a digest, and knows
no image library.
"""

import errno
import os
import stat
from types import TracebackType
from typing import BinaryIO, Self

from blake3 import blake3

from pipeline.errors import PhotoError
from pipeline.sources.formats import HEAD_BYTES, Kind, identify, is_photo
from pipeline.values import PhotoFile, Reason, Stage

_HASH_BLOCK = 1 << 20


class OpenPhoto:
    """A photo file that is open for reading; a context manager that closes it. Not for use by two threads.

    Args:
        file: The file as the crawl saw it.
        descriptor: Of the file where it is open already; it is closed with this.

    Attributes:
        file: The file as the crawl saw it.
        kind: What it holds, by its first bytes.
        length: Bytes, as it was opened.

    Raises:
        PhotoError: On opening: the file has vanished, may not be read, or is no regular file any more.
    """

    def __init__(self, file: PhotoFile, descriptor: int | None = None) -> None:
        self.file = file
        self._descriptor = _open(file) if descriptor is None else descriptor
        try:
            self.length = os.fstat(self._descriptor).st_size
            self.kind: Kind = identify(file.path, os.pread(self._descriptor, HEAD_BYTES, 0))
        except OSError as error:
            self.close()
            raise read_failure(file, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; once is enough, twice does no harm."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def fileno(self) -> int:
        """The file's descriptor."""
        return self._descriptor

    def stream(self) -> BinaryIO:
        """The file from its start; it is not closed with the stream. One stream at a time."""
        stream = os.fdopen(self._descriptor, "rb", closefd=False)
        stream.seek(0)
        return stream

    @property
    def is_photo(self) -> bool:
        """Whether the file counts as a photo; one that does not is skipped, and never a failure."""
        return is_photo(self.file.path, self.kind)

    def digest(self) -> bytes:
        """Reads the whole file.

        Returns:
            BLAKE3 of its content, 32 bytes.

        Raises:
            PhotoError: It cannot be read, or is not what the crawl saw any more.
        """
        hasher = blake3()
        at = 0
        try:
            # Never past the length that was promised: a file that grows as fast as it is read has no end.
            while block := os.pread(self._descriptor, min(_HASH_BLOCK, self.file.size + 1 - at), at):
                hasher.update(block)
                at += len(block)
        except OSError as error:
            raise read_failure(self.file, error) from error
        self.check_unchanged()
        return hasher.digest()

    def check_unchanged(self) -> None:
        """See that the file is what the crawl saw.

        Raises:
            PhotoError: It is not.
        """
        try:
            now = os.fstat(self._descriptor)
        except OSError as error:
            raise read_failure(self.file, error) from error
        if (now.st_size, now.st_mtime_ns) != (self.file.size, self.file.mtime_ns):
            raise PhotoError(
                self.file,
                Stage.READ,
                Reason.CHANGED,
                "it changed while it was read: the next scan tries again",
            )


def read_failure(file: PhotoFile, error: OSError) -> PhotoError:
    """The failure of a photo that an error of the file system stands for."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ESTALE):
        return PhotoError(file, Stage.READ, Reason.VANISHED, "it was gone before it could be read")
    if error.errno in (errno.EACCES, errno.EPERM):
        message = "permission denied: let this user read it, or leave it out"
    else:
        message = f"it cannot be read: {error.strerror or error}"
    return PhotoError(file, Stage.READ, Reason.UNREADABLE, message)


def _open(file: PhotoFile) -> int:
    """Opens a file that must be regular, without ever waiting for a named pipe."""
    try:
        descriptor = os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise read_failure(file, error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PhotoError(file, Stage.READ, Reason.UNREADABLE, "it is not a regular file any more")
    return descriptor
