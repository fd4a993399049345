"""Writes the outcomes of a scan down in batches; when the scan is stopped, also the one that is not full."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime

from faceindex.listeners import Listeners
from faceindex.results import Progress
from faceindex.scanning.survey import Survey
from faceindex.stopping import undisturbed
from index.photos.catalog import Catalog
from index.values import Recorded
from pipeline.timing import StageClock
from pipeline.values import Outcome, PhotoFailed, PhotoIndexed, PhotoSkipped

BATCH_PHOTOS = 64
"""Outcomes committed together, at most."""

BATCH_SECONDS = 5.0
"""After this long a batch is committed though it is not full: what a killed scan loses, at most."""


class BatchRecorder:
    """Records outcomes, and tells how far the scan is.

    Args:
        catalog: Of the library.
        survey: Of the scan that the outcomes come from; none of their files was read before now.
        clock: Where the time is added up.
        listeners: Who is told how it goes.

    Attributes:
        total: What became of all photos so far.
        perhaps_moved: As in ``Recorded``, of all batches.
    """

    def __init__(self, catalog: Catalog, survey: Survey, clock: StageClock, listeners: Listeners) -> None:
        self.total = Recorded()
        self.perhaps_moved: dict[bytes, str] = {}
        self._catalog = catalog
        self._survey = survey
        self._clock = clock
        self._listeners = listeners
        self._since = datetime.now(UTC)
        self._batch: list[Outcome] = []
        self._committed = time.monotonic()
        self._done = self._skipped = self._faces = self._failed = 0

    @property
    def left(self) -> int:
        """Files that are to be read, and were not: at least so many where the crawl came to no end."""
        left = self._survey.to_read - self._done
        return left if self._survey.complete else max(left, 1)

    def with_moves(self, paths: Iterable[bytes]) -> Recorded:
        """What became of all photos, some of which have moved."""
        moved = [kind for path in paths if (kind := self.perhaps_moved.get(path)) is not None]
        return self.total.with_moves(moved)

    def record(self, outcomes: Iterable[Outcome], deadline: float) -> None:
        """Record outcomes, until there are no more or the time is up, by ``time.monotonic``."""
        try:
            for outcome in outcomes:
                self._add(outcome)
                if time.monotonic() >= deadline:
                    break
        except (KeyboardInterrupt, OSError):  # the crawl, too, may come to a sudden end
            self._commit()
            raise
        self._commit()

    def _add(self, outcome: Outcome) -> None:
        self._batch.append(outcome)
        self._done += 1
        match outcome:
            case PhotoIndexed():
                self._faces += len(outcome.faces)
            case PhotoFailed():
                self._failed += 1
            case PhotoSkipped():
                self._skipped += 1
        if not isinstance(outcome, PhotoSkipped):
            self._survey.seen.add(outcome.file.path)
        self._listeners.progress(self._progress())
        if len(self._batch) >= BATCH_PHOTOS or time.monotonic() - self._committed >= BATCH_SECONDS:
            self._commit()

    def _progress(self) -> Progress:
        """What is no photo is not counted, once that is known."""
        complete = self._survey.complete  # before the files are counted: then they are all
        total, done = self._survey.to_read - self._skipped, self._done - self._skipped
        return Progress(total, done, self._faces, self._failed, complete=complete)

    def _commit(self) -> None:
        if self._batch:
            with undisturbed(), self._clock.time("record"):
                recorded = self._catalog.record(self._batch, self._since)
                self.total += recorded
                self.perhaps_moved.update(recorded.perhaps_moved)
                self._batch = []
        self._committed = time.monotonic()
