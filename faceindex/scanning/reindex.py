"""The nightly job: everything that keeps a library true to its folders, in one run, and what changed by it.

Every known folder is scanned; faces that the library's model could not describe earlier are described;
photos that have been missing for long are given up; and what follows from all that is brought up to date.
What is done stays done whenever the run is stopped, and the next one does the rest.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext

from faceindex.engine import build_runner
from faceindex.results import PersonGain, Planned, ReindexSummary
from faceindex.scanning.plan import plan_scan
from faceindex.scanning.redescribe import Describer, RedescriptionResult
from faceindex.scanning.refresh_derived import refresh_derived
from faceindex.scanning.scan import Scan, ScanOptions
from faceindex.session import Session
from index.people.queries import PeopleQueries
from index.photos.photo_roots import Roots
from index.recognition.new_recognitions import NewRecognitions
from index.recognition.stored_calibration import thresholds_for
from index.values import Pruned
from pipeline.models.registry import ModelSpec
from pipeline.timing import StageClock


def reindex(session: Session, options: ScanOptions | None = None) -> ReindexSummary:
    """Bring a library up to date with all its folders.

    Args:
        session: Open to write.
        options: When to stop; and whether photos are believed to be gone where a whole folder is.

    Raises:
        FaceindexError: Nothing was ever scanned; or see ``faceindex.errors``. What was done is kept.
    """
    return _Reindex(session, session.model(), options or ScanOptions()).run(session.catalog.roots())


def plan_reindex(session: Session) -> Iterator[Planned]:
    """What ``reindex`` would read and why; nothing is written.

    Raises:
        FaceindexError: Nothing was ever scanned.
    """
    session.model()
    yield from plan_scan(session.settings, session.catalog.roots())


def plan_pruning(session: Session) -> Pruned:
    """What ``reindex`` would give up because it has been missing for so long; nothing is written."""
    return Roots(session.database).prune(session.settings.keep_missing_days, dry_run=True)


class _Reindex:
    def __init__(self, session: Session, model: ModelSpec, options: ScanOptions) -> None:
        self._session = session
        self._model = model
        self._listeners = session.listeners
        self._options = options

    def run(self, roots: Sequence[bytes]) -> ReindexSummary:
        session, database = self._session, self._session.database
        failed_before = {each.path for each in session.catalog.failures_under(roots)}
        newcomers = NewRecognitions(database)
        clock = StageClock()
        runner = build_runner(session.settings, self._model, clock=clock)
        scan = Scan(database, self._model, runner.run, self._listeners, clock=clock)
        looked = scan.look(roots, self._options)
        described, pruned = RedescriptionResult(0, (), in_time=False), Pruned(0, 0)
        if not looked.left:
            described = self._describe_what_was_out_of_reach()
        if described.in_time:
            pruned = Roots(database).prune(session.settings.keep_missing_days)
        refresh_derived(database, self._model, self._listeners.note)
        summary = scan.summary(looked)
        return ReindexSummary(
            scan=summary,
            described=described.faces,
            pruned=pruned,
            gains=self._gains(newcomers),
            review=newcomers.probable(self._model.model_id, thresholds_for(database, self._model.model_id)),
            new_failures=tuple(each for each in summary.failures if each.path not in failed_before),
            in_time=described.in_time,
        )

    def _describe_what_was_out_of_reach(self) -> RedescriptionResult:
        """Describe the faces of photos that were not there when the library changed its model."""
        database = self._session.database
        describer = Describer(
            lambda patience: nullcontext(database),
            lambda: nullcontext(database),
            self._model.model_id,
            lambda detector: build_runner(self._session.settings, self._model, detector=detector).run,
            self._listeners,
        )
        return describer.run(self._options.deadline)

    def _gains(self, newcomers: NewRecognitions) -> tuple[PersonGain, ...]:
        """Who has new faces, those with most of them first; nobody who is hidden."""
        persons = PeopleQueries(self._session.database).everyone()
        gains = [
            PersonGain(persons[who].name, faces)
            for who, faces in newcomers.by_person().items()
            if not persons[who].hidden
        ]
        return tuple(sorted(gains, key=lambda each: (-each.new, each.person)))
