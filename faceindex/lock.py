"""One run at a time: the lock of a library, for which a run waits a little."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from faceindex.errors import LibraryLocked, explained
from index.store.opening import backend_of

PATIENCE = 2.0
"""Seconds to wait for another process: one that only writes down some descriptors is done sooner."""

_POLL = 0.05


@contextmanager
def locked(library: Path, patience: float = PATIENCE, kind: str = "lock") -> Iterator[None]:
    """Hold a lock of the library.

    Args:
        library: Names the library.
        patience: Seconds to wait for another process that holds it.
        kind: Which; by default that of those who change the library.

    Raises:
        LibraryLocked: Another process holds it; the message names the process and when it started.
        FaceindexError: The library cannot be locked where it is.
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
