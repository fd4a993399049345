"""The scan: walks the folders, looks at what is new, and brings the library up to date.

Every batch of photos is committed as it is done, so that a scan may be stopped at any moment and finished
by the next one. Scanning twice is the same as scanning once.
"""

import math
import os
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from faceindex.listeners import Listeners
from faceindex.results import Progress, Refusal, ScanSummary
from faceindex.scanning.refresh_derived import refresh_derived
from faceindex.scanning.scan_roots import refusals, unreachable
from faceindex.scanning.survey import Survey, not_a_photo, survey
from faceindex.settings import Settings
from faceindex.stopping import undisturbed
from index.photos.catalog import Catalog
from index.photos.photo_roots import Roots
from index.store.store import Store
from index.values import Recorded
from pipeline.errors import PhotoError
from pipeline.models.registry import ModelSpec
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.timing import StageClock
from pipeline.values import Outcome, PhotoFailed, PhotoFile, PhotoIndexed, PhotoKnown, PhotoSkipped

BATCH_PHOTOS = 64
"""Outcomes committed together, at most."""
BATCH_SECONDS = 5.0
"""After this long a batch is committed though it is not full: what a killed scan loses, at most."""


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """How a scan goes about it.

    Attributes:
        allow_missing: Believe that photos are gone also where a whole root seems to be.
        deadline: When to stop, by ``time.monotonic``; the next scan does the rest.
    """

    allow_missing: bool = False
    deadline: float = math.inf


@dataclass(frozen=True, slots=True)
class ScanPass:
    """What a scan has met and recorded, before anything is derived from it.

    Attributes:
        roots: What was scanned.
        survey: What the crawl met.
        recorded: What became of what was new.
        missing: Photos marked as missing.
        refused: Roots that have lost more than is believed.
        left: Photos not looked at, because the time was up.
    """

    roots: Sequence[bytes]
    survey: Survey
    recorded: Recorded
    missing: int
    refused: tuple[Refusal, ...]
    left: int


class Scan:
    """One scan of some folders and files into one library."""

    def __init__(self, database: Store, model: ModelSpec, settings: Settings, listeners: Listeners) -> None:
        self._database = database
        self._catalog = Catalog(database)
        self._model = model
        self._settings = settings
        self._listeners = listeners
        self._clock = StageClock()
        self._started = time.monotonic()

    def run(self, roots: Sequence[bytes], options: ScanOptions) -> ScanSummary:
        """Scan.

        Args:
            roots: Absolute paths of folders and files; they exist, or are known to the library.
            options: How to go about it.

        Raises:
            OSError: A root vanished, or cannot be looked at.
            LibraryError: The library cannot be read or written.
            ModelError: A network's weights are not there or not right.
        """
        looked = self.look(roots, options)
        with self._clock.time("index"):
            refresh_derived(self._database, self._model, self._listeners.note)
        return self.summary(looked)

    def look(self, roots: Sequence[bytes], options: ScanOptions) -> ScanPass:
        """The first half: record what is in the roots. Arguments and errors are those of ``run``."""
        self._database.refuse_damaged()
        reasons = {root: unreachable(root) for root in roots}
        there = [root for root in roots if reasons[root] is None]
        self._catalog.add_roots(there)
        since = datetime.now(UTC)
        with self._clock.time("survey"):
            found = survey(self._catalog.states_under(there), there)
        for path in found.unlisted:
            self._listeners.note(
                f"{os.fsdecode(path)} cannot be looked into: what is there was left as it is."
            )
        recorder = _BatchRecorder(self._catalog, since, self._clock, self._listeners)
        left = self._look_at(found, frozenset(there), recorder, options.deadline)
        self._catalog.mark_present(found.returned)
        if left:  # what seems to be gone may have moved to where nobody has looked yet
            return ScanPass(roots, found, recorder.total, 0, (), left)
        losses = Roots(self._database).losses(roots, found.seen, found.unlisted)
        refused = () if options.allow_missing else refusals(losses, found.seen, reasons)
        spared = [refusal.root for refusal in refused]
        believed = [root for root in roots if root not in spared]
        missing = self._catalog.mark_missing(believed, found.seen, [*found.unlisted, *spared])
        return ScanPass(roots, found, recorder.total, missing, refused, 0)

    def summary(self, looked: ScanPass) -> ScanSummary:
        """What was done, and how the library stands now."""
        statistics = self._catalog.statistics()
        recorded, found = looked.recorded, looked.survey
        unchanged, failed = found.unchanged + recorded.unchanged, found.failed + recorded.failed
        return ScanSummary(
            seen=recorded.indexed + unchanged + recorded.duplicate + recorded.moved + failed,
            indexed=recorded.indexed,
            unchanged=unchanged,
            duplicate=recorded.duplicate,
            moved=recorded.moved,
            failed=failed,
            missing=looked.missing,
            faces=recorded.faces,
            library_photos=statistics.photos,
            library_faces=statistics.faces,
            model=self._model.model_id,
            seconds=time.monotonic() - self._started,
            stages=self._clock.stages(),
            failures=tuple(self._catalog.failures_under(looked.roots)),
            refused=looked.refused,
            left=looked.left,
        )

    def _look_at(
        self, found: Survey, named: frozenset[bytes], recorder: "_BatchRecorder", deadline: float
    ) -> int:
        """Look at what may have changed, has changed, or is new, and record what becomes of it.

        Returns:
            How many files were left, because the time was up.
        """
        changed: list[PhotoFile] = []
        recorder.expect(len(found.doubtful) + len(found.fresh))
        recorder.record(self._still_known(found.doubtful, changed), deadline)
        fresh = [*changed, *found.fresh]
        if fresh and time.monotonic() < deadline:
            with closing(self._outcomes(fresh)) as outcomes:
                recorder.record(_asked_for(outcomes, named), deadline)
        return recorder.left

    def _still_known(self, doubtful: Sequence[PhotoFile], changed: list[PhotoFile]) -> Iterator[Outcome]:
        """Those whose content is the one that is known; the others are added to ``changed``."""
        digests = self._catalog.digests_of([file.path for file in doubtful]) if doubtful else {}
        for file in doubtful:
            try:
                with self._clock.time("hash"), OpenPhoto(file) as photo:
                    digest = photo.digest()
            except PhotoError:
                digest = None  # the pipeline will say why
            if digest is not None and digest == digests.get(file.path):
                yield PhotoKnown(file, digest)
            else:
                changed.append(file)

    def _outcomes(self, files: Sequence[PhotoFile]) -> Generator[Outcome, None, None]:
        from faceindex.engine import build_runner

        runner = build_runner(self._settings, self._model, clock=self._clock)
        return runner.run(files, self._catalog.known_digests().__contains__)


class _BatchRecorder:
    """Records outcomes in batches; whatever ends the run, the batch in hand is recorded.

    Args:
        catalog: Of the library.
        since: No file was read before then.
        clock: Where the time is added up.
        listeners: Who is told how it goes.

    Attributes:
        total: What became of all photos so far.
    """

    def __init__(self, catalog: Catalog, since: datetime, clock: StageClock, listeners: Listeners) -> None:
        self.total = Recorded()
        self._catalog = catalog
        self._since = since
        self._clock = clock
        self._listeners = listeners
        self._batch: list[Outcome] = []
        self._committed = time.monotonic()
        self._progress = Progress(0, 0, 0, 0)

    @property
    def left(self) -> int:
        """Files that were expected, and of which nothing was recorded."""
        return self._progress.total - self._progress.done

    def expect(self, total: int) -> None:
        """Say how many files there are."""
        self._progress = Progress(total, 0, 0, 0)

    def record(self, outcomes: Iterable[Outcome], deadline: float) -> None:
        """Record outcomes, until there are no more or the time is up."""
        try:
            for outcome in outcomes:
                self._add(outcome)
                if time.monotonic() >= deadline:
                    break
        except KeyboardInterrupt:
            self._commit()
            raise
        self._commit()

    def _add(self, outcome: Outcome) -> None:
        self._batch.append(outcome)
        before = self._progress
        faces = len(outcome.faces) if isinstance(outcome, PhotoIndexed) else 0
        failed = isinstance(outcome, PhotoFailed)
        self._progress = Progress(before.total, before.done + 1, before.faces + faces, before.failed + failed)
        self._listeners.progress(self._progress)
        if len(self._batch) >= BATCH_PHOTOS or time.monotonic() - self._committed >= BATCH_SECONDS:
            self._commit()

    def _commit(self) -> None:
        if self._batch:
            with undisturbed(), self._clock.time("record"):
                self.total += self._catalog.record(self._batch, self._since)
                self._batch = []
        self._committed = time.monotonic()


def _asked_for(outcomes: Iterator[Outcome], named: frozenset[bytes]) -> Iterator[Outcome]:
    """Outcomes, but a file that was named itself is never skipped in silence for not being a photo."""
    for outcome in outcomes:
        is_named = isinstance(outcome, PhotoSkipped) and outcome.file.path in named
        yield not_a_photo(outcome.file) if is_named else outcome
