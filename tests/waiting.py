"""Waits for what other threads and processes do. A limit is only there so that a test that fails ends."""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

SECONDS = 300
"""Longer than anything here takes on the busiest machine."""


def wait_until(condition: Callable[[], object], *, seconds: float = SECONDS) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def wait_until_at_rest(process: int) -> None:
    """Wait until a process, and those that it has started, have nothing to do for a while."""
    samples = 0
    while samples < 20:
        samples = samples + 1 if is_at_rest(process) else 0
        time.sleep(0.02)


def is_at_rest(process: int) -> bool:
    """Whether all threads of a process sleep, and all of those that it has started."""
    try:
        threads = list(Path(f"/proc/{process}/task").iterdir())
        children = {int(pid) for thread in threads for pid in (thread / "children").read_text().split()}
        states = {(thread / "stat").read_text().rsplit(")", 1)[1].split()[0] for thread in threads}
    except (FileNotFoundError, ProcessLookupError):  # a thread has just ended
        return False
    return states <= {"S", "Z"} and all(map(is_at_rest, children))


def is_blocked(thread: threading.Thread) -> bool:
    """Whether a thread waits for a lock, an event or a condition of Python's."""
    frame = sys._current_frames().get(thread.ident or 0)
    code = frame and frame.f_code
    return code is not None and (code.co_filename, code.co_name) == (threading.__file__, "wait")
