"""Records the outcomes of a scan in batches, and reports its progress."""

import math
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from faceindex.kept_thumbnails import KeptThumbnails
from faceindex.lock import turn
from faceindex.results import FilmProgress, IncompletePhoto, Listeners, Progress
from faceindex.scanning.survey import Survey
from faceindex.stopping import undisturbed
from index.photos.catalog import Catalog
from index.values import Recorded
from pipeline.timing import StageClock
from pipeline.values import Outcome, PhotoFailed, PhotoIndexed, PhotoSkipped

BATCH_PHOTOS = 64
"""The largest number of outcomes that are committed together."""

BATCH_SECONDS = 5.0
"""After this time a batch is committed even if it is not full. A killed scan loses no more than that."""


class BatchRecorder:
    """Records the outcomes of a scan and counts them in ``total``. Make it before the first file is read.

    Attributes:
        incomplete: The photos of which a part is missing.
        new_failures: Paths of those that fail and did not before.
        left_out: The numbers of files that are no photos, by kind and needed extra.
        films: How much of the films is done, once they are looked at.
    """

    def __init__(self, catalog: Catalog, survey: Survey, clock: StageClock, listeners: Listeners) -> None:
        self.total = Recorded()
        self.incomplete: list[IncompletePhoto] = []
        self.new_failures: set[bytes] = set()
        self.left_out: Counter[tuple[str, str | None]] = Counter()
        self.films: FilmProgress | None = None
        self._perhaps_moved: dict[bytes, str] = {}  # as in Recorded, of all batches
        self._catalog = catalog
        self._survey = survey
        self._clock = clock
        self._listeners = listeners
        self._since = datetime.now(UTC)
        self._batch: list[Outcome] = []
        self._committed = time.monotonic()
        self._thumbnails = KeptThumbnails(catalog.store.thumbnails, listeners.note)
        self._are_thumbnails_kept = True  # what keeps one batch from it would keep the next ones waiting
        self._done = self._skipped = self._faces = self._failed = 0

    @property
    def left(self) -> int:
        """The number of files still to be read; a lower bound if the crawl has not ended."""
        complete = self._survey.complete  # read before the number of files, which grows until then
        left = self._survey.to_read - self._done
        return left if complete else max(left, 1)

    @property
    def arrived(self) -> list[bytes]:
        """The new paths of contents that were known before."""
        return [*self._perhaps_moved]

    def with_moves(self, paths: Iterable[bytes]) -> Recorded:
        """Return the counts if the photos at these paths have moved."""
        moved = [kind for path in paths if (kind := self._perhaps_moved.get(path)) is not None]
        return self.total.with_moves(moved)

    def record(self, outcomes: Iterable[Outcome], deadline: float = math.inf) -> None:
        """Record outcomes until they end, or until ``time.monotonic`` reaches the deadline."""
        try:
            for outcome in outcomes:
                self._add(outcome)
                if time.monotonic() >= deadline:
                    break
        except (KeyboardInterrupt, OSError):  # what was found before the crawl failed is kept
            self._commit()
            raise
        self._commit()

    def _add(self, outcome: Outcome) -> None:
        self._done += outcome.file.rest is None
        self._batch.append(outcome)
        self._skipped += isinstance(outcome, PhotoSkipped)
        self._failed += isinstance(outcome, PhotoFailed)
        if isinstance(outcome, PhotoIndexed):
            self._faces += len(outcome.faces)
            if outcome.note is not None:
                self.incomplete.append(IncompletePhoto(outcome.file.path, outcome.note))
        self.tell()
        if len(self._batch) >= BATCH_PHOTOS or time.monotonic() - self._committed >= BATCH_SECONDS:
            self._commit()

    def tell(self) -> None:
        """Tell the listeners how far the scan is."""
        complete = self._survey.complete  # read before the number of files, which grows until then
        total = self._survey.to_read - self._skipped
        done = self._done - self._skipped if self.films is None else total
        self._listeners.progress(
            Progress(total, done, self._faces, self._failed, complete=complete, films=self.films)
        )

    def _commit(self) -> None:
        if self._batch:
            with turn(self._catalog.path), undisturbed(), self._clock.time("record"):
                recorded = self._catalog.record(self._batch, self._since)
                self.total += recorded
                self._perhaps_moved.update(recorded.perhaps_moved)
                self._survey.unread.update(recorded.unread)
                self.new_failures.update(recorded.new_failures)
                self._count_left_out(recorded.left_out)
                self._batch = []
                # In this turn: a person may be forgotten in the next one.
                if self._are_thumbnails_kept and recorded.thumbnails:
                    self._are_thumbnails_kept = self._thumbnails.keep(recorded.thumbnails)
        self._committed = time.monotonic()

    def _count_left_out(self, files: Iterable[PhotoSkipped]) -> None:
        for each in files:
            self.left_out[each.kind, each.needs] += 1
            self._survey.known_left_out.pop(each.file.path, None)
