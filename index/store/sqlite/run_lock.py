"""Locks of a library: files beside it, locked until the process ends at the latest, that name their owner.

The files are never deleted: otherwise two runs could lock two files of one name.
"""

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from index.errors import LockHeld, accessible
from index.store.store import TURN_SECONDS, LastRun
from pipeline.platform_support import try_lock, unlock

_OWNER = re.compile(r"process (\d+), started (.*)")

_POLL = 0.02
"""Seconds between two attempts: short beside the time that a scan reads photos between two of its turns."""


@contextmanager
def lock(path: Path, kind: str, patience: float = 0) -> Iterator[None]:
    """See ``Backend``."""
    deadline = time.monotonic() + patience
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(_lock(path, kind))
                break
            except LockHeld:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(_POLL)
        yield


@contextmanager
def _lock(path: Path, kind: str) -> Iterator[None]:
    file = path.with_name(f"{path.name}.{kind}")
    with accessible(path):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not try_lock(descriptor):
            owner = os.pread(descriptor, 200, 0).decode(errors="replace") or "another process"
            raise LockHeld(path, owner)
        try:
            with accessible(path):
                started = datetime.now().astimezone().isoformat(" ", "seconds")
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"process {os.getpid()}, started {started}".encode(), 0)
            yield
        finally:
            unlock(descriptor)
    finally:
        os.close(descriptor)


def last_run(path: Path, kind: str) -> LastRun | None:
    """See ``Backend``."""
    try:
        descriptor = os.open(path.with_name(f"{path.name}.{kind}"), os.O_RDWR)
    except OSError:  # there was none, or nothing can be written here
        return None
    try:
        at_work = not try_lock(descriptor)
        owner = _OWNER.fullmatch(os.pread(descriptor, 200, 0).decode(errors="replace"))
        if not at_work:
            unlock(descriptor)
    finally:
        os.close(descriptor)
    return None if owner is None else LastRun(int(owner[1]), datetime.fromisoformat(owner[2]), at_work)


class _Turns(threading.local):
    """The libraries that it is this thread's turn to write to."""

    def __init__(self) -> None:
        self.paths: set[Path] = set()


_turns = _Turns()


@contextmanager
def turn(path: Path, patience: float = TURN_SECONDS) -> Iterator[None]:
    """See ``Backend``."""
    path = Path(os.path.abspath(path))
    if path in _turns.paths:
        yield
        return
    with lock(path, "writing", patience):
        _turns.paths.add(path)
        try:
            yield
        finally:
            _turns.paths.remove(path)
