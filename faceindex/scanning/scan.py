"""The scan: walks the folders, looks at what is new, and brings the library up to date.

Every batch of photos is committed as it is done, so that a scan may be stopped at any moment and finished
by the next one. Scanning twice is the same as scanning once.
"""

import math
import os
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from faceindex.listeners import Listeners
from faceindex.maintenance import place_advice
from faceindex.results import Refusal, ScanSummary
from faceindex.scanning.availability import refusals, unreachable, was_deleted
from faceindex.scanning.recording import BatchRecorder
from faceindex.scanning.refresh_derived import refresh_derived
from faceindex.scanning.survey import Crawl, Survey, not_a_photo
from faceindex.session import Session
from index.photos.catalog import Catalog
from index.photos.presence import Crawled, Presence
from index.store.store import Store
from index.values import Recorded
from pipeline.decoding.readers import is_current
from pipeline.models.registry import ModelSpec
from pipeline.sources.crawl import crawl
from pipeline.timing import StageClock
from pipeline.values import Outcome, Outcomes, PhotoFile, PhotoSkipped


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """How a scan goes about it.

    Attributes:
        allow_missing: Believe that photos are gone also where a whole root seems to be.
        deadline: When to stop, by ``time.monotonic``; the next scan does the rest.
    """

    allow_missing: bool = False
    deadline: float = math.inf


def scan(session: Session, roots: Sequence[bytes], options: ScanOptions | None = None) -> ScanSummary:
    """Bring a library up to date with some folders and files, and choose the model of a new one.

    Args:
        session: Open to write.
        roots: Absolute paths; they exist, or are known to the library.
        options: How to go about it.
    """
    from faceindex.engine import build_runner

    if advice := place_advice(session.settings.library):
        session.listeners.note(advice)
    model, clock = session.ensure_model(), StageClock()
    runner = build_runner(session.settings, model, clock=clock)
    this = Scan(session.database, model, runner.run, session.listeners, clock=clock)
    return this.run(roots, options or ScanOptions())


@dataclass(frozen=True, slots=True)
class ScanPass:
    """What a scan has met and recorded, before anything is derived from it.

    Attributes:
        roots: What was scanned.
        survey: What the crawl met.
        recorded: What became of what was new.
        missing: Photos marked as missing.
        refused: Roots that have lost more than is believed.
        left: Photos not looked at, because the time was up: at least so many.
    """

    roots: Sequence[bytes]
    survey: Survey
    recorded: Recorded
    missing: int = 0
    refused: tuple[Refusal, ...] = ()
    left: int = 0


class Scan:
    """One scan of some folders and files into one library.

    Args:
        store: Of the library; open to write.
        model: The library's.
        outcomes: Looks at the files.
        listeners: Who is told how it goes.
        clock: Where the time of each stage is added up.
        crawl: Walks the folders.
    """

    def __init__(
        self,
        store: Store,
        model: ModelSpec,
        outcomes: Outcomes,
        listeners: Listeners,
        *,
        clock: StageClock | None = None,
        crawl: Crawl = crawl,
    ) -> None:
        self._store = store
        self._catalog = Catalog(store, is_current=is_current)
        self._model = model
        self._outcomes = outcomes
        self._listeners = listeners
        self._clock = clock or StageClock()
        self._crawl = crawl
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
            refresh_derived(self._store, self._model, self._listeners.note)
        return self.summary(looked)

    def look(self, roots: Sequence[bytes], options: ScanOptions) -> ScanPass:
        """The first half: record what is in the roots. Arguments and errors are those of ``run``."""
        self._store.refuse_damaged()
        reasons = {root: unreachable(root) for root in roots}
        there = [root for root in roots if reasons[root] is None]
        self._catalog.add_roots(there)
        survey = Survey(self._catalog.states_under(there))
        recorder = BatchRecorder(self._catalog, survey, self._clock, self._listeners)
        if time.monotonic() < options.deadline:
            with closing(self._look_at(survey, there)) as outcomes:
                recorder.record(outcomes, options.deadline)
        for path in survey.unlisted:
            self._listeners.note(
                f"{os.fsdecode(path)} cannot be looked into: what is there was left as it is."
            )
        presence = Presence(self._store)
        presence.mark_present(survey.returned)
        if recorder.left:  # what seems to be gone may have moved to where nobody has looked yet
            return ScanPass(roots, survey, recorder.total, left=recorder.left)
        away = [root for root in roots if reasons[root] is not None]
        deleted = [photo for photo in self._catalog.photos_at(away) if was_deleted(photo)]
        covered = frozenset(roots if options.allow_missing else [*there, *deleted])
        crawled = Crawled(covered, survey.seen, frozenset(survey.unlisted))
        unmet = presence.unmet(crawled)
        losses = presence.losses(roots, crawled, unmet)
        refused = () if options.allow_missing else refusals(losses, crawled, reasons)
        gone = presence.record_gone(crawled, unmet, {each.root for each in refused})
        return ScanPass(roots, survey, recorder.with_moves(gone.moved), gone.missing, refused)

    def summary(self, looked: ScanPass) -> ScanSummary:
        """What was done, and how the library stands now."""
        statistics = self._catalog.statistics()
        recorded, survey = looked.recorded, looked.survey
        unchanged, failed = survey.unchanged + recorded.unchanged, survey.failed + recorded.failed
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

    def _look_at(self, survey: Survey, roots: Sequence[bytes]) -> Generator[Outcome, None, None]:
        """The outcomes of the files that must be read; one that was named itself is not passed over."""
        known: set[bytes] = set()

        def files() -> Iterator[PhotoFile]:
            for number, file in enumerate(survey.files(roots, self._crawl, self._clock)):
                if number == 0:  # a scan that reads nothing does not ask
                    known.update(self._catalog.known_digests())
                yield file

        with closing(self._outcomes(files(), known.__contains__)) as outcomes:
            for outcome in outcomes:
                is_named = isinstance(outcome, PhotoSkipped) and outcome.file.path in roots
                yield not_a_photo(outcome.file) if is_named else outcome
