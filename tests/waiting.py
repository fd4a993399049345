"""Waits for what other threads and processes do. A limit is only there so that a test that fails ends."""

import sys
import threading
import time
from collections.abc import Callable

SECONDS = 300
"""Longer than anything here takes on the busiest machine."""


def wait_until(condition: Callable[[], object], *, seconds: float = SECONDS) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def is_blocked(thread: threading.Thread) -> bool:
    """Whether a thread waits for a lock, an event or a condition of Python's."""
    frame = sys._current_frames().get(thread.ident or 0)
    code = frame and frame.f_code
    return code is not None and (code.co_filename, code.co_name) == (threading.__file__, "wait")
