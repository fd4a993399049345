"""One run at a time: a lock beside the library that dies with the process that holds it.

The lock is flock's, on a file that is never deleted (deleting a lock file lets two runs lock two files of
one name). It holds a line about its owner, for the message of whoever comes second.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from faceindex.errors import FaceindexError, LibraryLocked


@contextmanager
def locked(library: Path) -> Iterator[None]:
    """Hold the library's lock.

    Raises:
        LibraryLocked: Another process holds it; the message names the process and when it started.
        FaceindexError: The lock file cannot be made.
    """
    path = library.with_name(f"{library.name}.lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FaceindexError(
            f"The library cannot be kept at {library} ({error.strerror}): name another place with --library."
        ) from error
    try:
        _lock(descriptor, library)
        started = datetime.now().astimezone().isoformat(" ", "seconds")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}, started {started}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, library: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner = os.pread(descriptor, 200, 0).decode(errors="replace") or "another process"
        raise LibraryLocked(
            f"The library {library} is in use by {owner}: try again when it is done."
        ) from error
