"""One run at a time: a lock beside the library that dies with the process that holds it.

The lock is on a file that is never deleted (deleting a lock file lets two runs lock two files of one name).
The file holds a line about its owner, for the message of whoever comes second.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from faceindex.errors import FaceindexError, LibraryLocked
from pipeline.platform_support import HeldLock, try_lock

PATIENCE = 2.0
"""Seconds to wait for another process: one that only writes down some descriptors is done sooner."""

_POLL = 0.05


@contextmanager
def locked(library: Path, patience: float = PATIENCE, kind: str = "lock") -> Iterator[None]:
    """Hold a lock of the library.

    Args:
        library: The library's file.
        patience: Seconds to wait for another process that holds it.
        kind: Which; by default that of those who change the library.

    Raises:
        LibraryLocked: Another process holds it; the message names the process and when it started.
        FaceindexError: The lock file cannot be made.
    """
    path = library.with_name(f"{library.name}.{kind}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FaceindexError(
            f"The library cannot be kept at {library} ({error.strerror}): name another place with --library."
        ) from error
    try:
        lock = _lock(path, descriptor, library, time.monotonic() + patience)
        try:
            _sign(descriptor, library)
            yield
        finally:
            lock.release()
    finally:
        os.close(descriptor)


def _sign(descriptor: int, library: Path) -> None:
    """Write down whose lock it is."""
    started = datetime.now().astimezone().isoformat(" ", "seconds")
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}, started {started}".encode(), 0)
    except OSError as error:
        raise FaceindexError(
            f"The library {library} cannot be written ({error.strerror}): see what room there is."
        ) from error


def _lock(path: Path, descriptor: int, library: Path, deadline: float) -> HeldLock:
    while (lock := try_lock(path, descriptor)) is None:
        if time.monotonic() >= deadline:
            owner = os.pread(descriptor, 200, 0).decode(errors="replace") or "another process"
            raise LibraryLocked(f"The library {library} is in use by {owner}: try again when it is done.")
        time.sleep(_POLL)
    return lock
