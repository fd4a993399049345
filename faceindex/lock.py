"""The locks of a library: one run at a time scans it, and one thread of all processes at a time writes to it.

A run holds its lock from beginning to end, and takes a turn to write for each batch. A decision takes a turn
alone, so it waits for the batch in hand, and not for the run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faceindex.errors import explained
from index.store.opening import backend_of
from index.store.store import TURN_SECONDS

PATIENCE = 2.0
"""Seconds to wait for another run: one that only writes some descriptors is done sooner."""

DECISION_PATIENCE = 30.0
"""Seconds that a decision waits for its turn: a batch takes less than one, the end of a scan a few."""


@contextmanager
def locked(library: Path, patience: float = PATIENCE, kind: str = "lock") -> Iterator[None]:
    """Hold a lock of the library, after waiting at most ``patience`` seconds for another process.

    ``kind`` names the lock; the default is that of runs that scan the library, or replace it.

    Raises:
        LibraryLocked: Another process holds it; the message names the process and its start time.
        FaceindexError: The library cannot be locked in its place.
    """
    with explained(), backend_of(library).lock(library, kind, patience):
        yield


@contextmanager
def turn(library: Path, patience: float = TURN_SECONDS) -> Iterator[None]:
    """Take a turn to write: what this thread reads in the block stays true until it writes.

    Errors are those of ``locked``.
    """
    with explained(), backend_of(library).turn(library, patience):
        yield
