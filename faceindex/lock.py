"""The lock of a library: one run at a time changes it."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from faceindex.errors import LibraryLocked, explained
from index.store.opening import backend_of

PATIENCE = 2.0
"""Seconds to wait for another process: one that only writes some descriptors is done sooner."""

_POLL = 0.05


@contextmanager
def locked(library: Path, patience: float = PATIENCE, kind: str = "lock") -> Iterator[None]:
    """Hold a lock of the library, after waiting at most ``patience`` seconds for another process.

    ``kind`` names the lock; the default is that of runs that change the library.

    Raises:
        LibraryLocked: Another process holds it; the message names the process and its start time.
        FaceindexError: The library cannot be locked in its place.
    """
    deadline = time.monotonic() + patience
    with ExitStack() as stack:
        while True:
            try:
                with explained():
                    stack.enter_context(backend_of(library).lock(library, kind))
                break
            except LibraryLocked:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(_POLL)
        yield
