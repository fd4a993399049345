"""Measures the seconds that the threads of a run spend in each stage."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class StageSeconds:
    """One stage of a run, and the seconds of all its threads, waits for a processor included."""

    stage: str
    seconds: float


class StageClock:
    """Adds up the seconds, by the clock ``now``, spent in each stage. Threads may share it."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = Lock()

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Add the time of the block to ``stage``; stages do not nest."""
        started = self._now()
        try:
            yield
        finally:
            spent = self._now() - started
            with self._lock:
                self._seconds[stage] += spent

    def stages(self) -> tuple[StageSeconds, ...]:
        """Return the stages, in the order in which they first ended."""
        with self._lock:
            return tuple(StageSeconds(stage, seconds) for stage, seconds in self._seconds.items())
