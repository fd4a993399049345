"""Silences TensorFlow's reports on itself and on missing GPUs while it loads."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

_lock = RLock()


@contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Discard what TensorFlow's C++ code writes to standard error, before it can be told not to.

    File descriptor 2 belongs to the whole process, so one thread at a time runs such a block. What Python
    code writes to ``sys.stderr`` meanwhile is not lost.
    """
    with _lock:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        kept = os.dup(2)
        redirected = _writes_to(2)
        if redirected:
            _redirect(kept)
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            if redirected:
                _redirect(2)
            os.close(kept)


def _writes_to(descriptor: int) -> bool:
    """Whether ``sys.stderr`` writes to this file descriptor."""
    try:
        return sys.stderr.fileno() == descriptor
    except (AttributeError, OSError):  # there is none, or it is no file
        return False


def _redirect(descriptor: int) -> None:
    """Have ``sys.stderr`` write to another file descriptor; the object stays, as others may hold it."""
    sys.stderr.flush()
    binary = sys.stderr.buffer
    file = getattr(binary, "raw", binary)  # unbuffered, it is the file itself
    file.__init__(descriptor, "wb", closefd=False)  # type: ignore[misc]  # the class is FileIO
