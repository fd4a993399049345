"""The lock of a run: a file beside the library, locked until the process ends, that names its owner.

The file is never deleted: otherwise two runs could lock two files of one name.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from index.errors import LockHeld, accessible
from pipeline.platform_support import try_lock, unlock


@contextmanager
def lock(path: Path, kind: str) -> Iterator[None]:
    """See ``Backend``."""
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
