"""Has the films of a scan looked at, once its photos are read: part by part, to their ends or the deadline.

What is found in a part is recorded with it, so that a run that is stopped loses a part at most, and the next
one goes on where it ended.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace

from faceindex.results import FilmProgress
from faceindex.scanning.recording import BatchRecorder
from index.values import UnfinishedFilm
from pipeline.values import FilmRest, Outcome, Outcomes, PhotoFile, PhotoIndexed

_AT_ONCE = 8
"""Films of which one part each is looked at before the next parts: enough that no core waits for long."""


class FilmRounds:
    """Looks at some films, and gives unfinished ones again and again.

    ``outcomes`` end a part of a film after some time, and all at the deadline.
    """

    def __init__(
        self,
        films: Sequence[UnfinishedFilm],
        outcomes: Outcomes,
        recorder: BatchRecorder,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._waiting = deque(each.file for each in films)
        self._outcomes = outcomes
        self._recorder = recorder
        self._now = now
        self._done, self._total = 0.0, sum(each.seconds for each in films)

    def run(self, deadline: float) -> int:
        """Look at the films until a deadline, by the clock ``now``; return how many are left."""
        self._report(0.0)
        self._recorder.tell()
        while self._waiting and self._now() < deadline:
            count = min(_AT_ONCE, len(self._waiting))
            films = [self._waiting.popleft() for _ in range(count)]
            rests: list[PhotoFile] = []
            with closing(self._look_at(films, rests)) as outcomes:
                self._recorder.record(outcomes)
            self._waiting.extendleft(reversed(rests))
        return len(self._waiting)

    def _look_at(self, films: list[PhotoFile], rests: list[PhotoFile]) -> Generator[Outcome, None, None]:
        """Yield one outcome for each film; add what is left of it to ``rests``."""
        with closing(self._outcomes(iter(films), lambda digest: False)) as outcomes:
            for outcome in outcomes:
                if isinstance(outcome, PhotoIndexed) and (part := outcome.film) is not None:
                    self._report((part.duration if part.until is None else part.until) - part.start)
                    if part.until is not None:
                        rest = FilmRest(outcome.digest, part.until, part.per_second)
                        rests.append(replace(outcome.file, rest=rest))
                yield outcome

    def _report(self, seconds: float) -> None:
        self._done += max(0.0, seconds)
        self._total = max(self._total, self._done)  # what a container states may be wrong
        self._recorder.films = FilmProgress(self._done, self._total)
