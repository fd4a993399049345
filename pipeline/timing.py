"""Where the time goes: seconds that the threads of a run spent in each stage, added up."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class StageSeconds:
    """One stage of a run.

    Attributes:
        stage: Its name.
        seconds: Of all threads together, waiting for a processor included; with two threads, up to
            twice the time of the run.
    """

    stage: str
    seconds: float


class StageClock:
    """Adds up the seconds spent in each stage. Shared by threads.

    Args:
        now: Seconds from any moment on.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = Lock()

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Count the body as time of ``stage``; stages do not nest."""
        started = self._now()
        try:
            yield
        finally:
            spent = self._now() - started
            with self._lock:
                self._seconds[stage] += spent

    def stages(self) -> tuple[StageSeconds, ...]:
        """The stages so far, in the order in which they were first finished."""
        with self._lock:
            return tuple(StageSeconds(stage, seconds) for stage, seconds in self._seconds.items())
