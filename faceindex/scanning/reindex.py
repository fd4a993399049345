"""The nightly job: brings a library up to date with all its folders, and reports what changed.

It scans every folder, describes faces that the model could not describe earlier, deletes photos long missing,
and updates the derived data. Finished work stays when a run is stopped, and the next run does the rest.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

from faceindex.engine import build_runner
from faceindex.lock import turn
from faceindex.results import PersonGain, Planned, ReindexSummary
from faceindex.scanning.date_again import read_dates_again
from faceindex.scanning.drawn import describe_drawn
from faceindex.scanning.motion import with_motion
from faceindex.scanning.plan import plan_scan
from faceindex.scanning.redescribe import describer
from faceindex.scanning.redetect import DetectFaces
from faceindex.scanning.refresh_derived import refresh_derived
from faceindex.scanning.revisit import Revisit, Revisited
from faceindex.scanning.scan import Scan, ScanOptions
from faceindex.session import Session
from index.errors import LibraryError
from index.people.queries import PeopleQueries
from index.photos.photo_roots import Roots
from index.photos.redescription import Redescription
from index.photos.thumbnails import erase_stale_thumbnails
from index.recognition.new_recognitions import NewRecognitions
from index.recognition.stored_calibration import thresholds_for
from index.store.store import Store
from index.values import Pruned
from pipeline.timing import StageClock


def reindex(session: Session, options: ScanOptions | None = None) -> ReindexSummary:
    """Bring a library, in a session that is open to write, up to date with all its folders.

    Raises:
        FaceindexError: Nothing was ever scanned.
    """
    options = options or ScanOptions()
    model, store, listeners, clock = session.model(), session.database, session.listeners, StageClock()
    settings = session.own_settings()
    build = partial(build_runner, settings, model, films=options.films)
    films = with_motion(options.films, session.catalog)
    scan = Scan(store, model, build(clock=clock, films=films, thumbnails=True).run, listeners, clock=clock)
    redescribe = describer(
        lambda patience: nullcontext(session),
        lambda: nullcontext(session),
        partial(Redescription, model=model.model_id),
        lambda detector: build(detector=detector).run,
        listeners,
    )
    task = DetectFaces(settings.detection.detector)
    redetect = Revisit(
        lambda patience: nullcontext(session), lambda: nullcontext(session), task, build().run, listeners
    )
    recognitions = NewRecognitions(store)
    looked = scan.look(session.catalog.roots(), options, with_others=True)
    described = seen = Revisited(0, 0, (), in_time=False)
    pruned = Pruned(0, 0)
    if not looked.left:  # photos may have been away when the library changed its model or its detector
        described = redescribe.run(options.deadline)
        drawn = describe_drawn(
            lambda patience: nullcontext(session),
            lambda: nullcontext(session),
            model.model_id,
            lambda: build().drawn_faces.look_at,
            options.deadline,
        )
        described = replace(described, faces=described.faces + drawn)
    if described.in_time:
        seen = redetect.run(options.deadline)
    dated = seen.in_time and read_dates_again(store, settings, listeners, options.deadline)
    if seen.in_time:
        pruned = Roots(store).prune(session.settings.keep_missing_days)
    _rederive(session)
    _erase_stale_thumbnails(session)
    refresh_derived(store, model, listeners, everything=True)
    if unfinished := scan.films(looked):
        looked = scan.look_at_films(looked, unfinished, options)
        refresh_derived(store, model, listeners)
    summary = scan.summary(looked)
    return ReindexSummary(
        scan=summary,
        described=described.faces,
        looked_at=seen.photos,
        pruned=pruned,
        gains=_gains(store, recognitions),
        review=recognitions.probable(thresholds_for(store, model.model_id)),
        new_failures=tuple(each for each in summary.failures if each.new),
        in_time=dated,
    )


def _rederive(session: Session) -> None:
    """Derive all rows from the journal, and tell of those that were wrong."""
    with turn(session.database.path):
        wrong = session.journal.rederive()
    if wrong:
        rows = ", ".join(f"{count:,} of {table}" for table, count in wrong.items())
        session.listeners.note(
            f"rows that did not follow from the journal of decisions were derived again: {rows}"
        )


def _erase_stale_thumbnails(session: Session) -> None:
    """Erase the pictures of faces that are gone; that it fails costs nothing else."""
    try:
        with turn(session.database.path):
            erase_stale_thumbnails(session.database)
    except LibraryError as error:
        session.listeners.note(f"Pictures of faces that are gone may still be kept: {error}.")


def _gains(store: Store, recognitions: NewRecognitions) -> tuple[PersonGain, ...]:
    """Count new faces by person, most first, without hidden persons."""
    persons = PeopleQueries(store).everyone()
    gains = [
        PersonGain(persons[person_id].name, faces)
        for person_id, faces in recognitions.by_person().items()
        if person_id in persons and not persons[person_id].hidden  # somebody may be named meanwhile
    ]
    return tuple(sorted(gains, key=lambda each: (-each.new, each.person)))


def plan_reindex(session: Session) -> Iterator[Planned]:
    """Say what ``reindex`` would read and why. Nothing is written.

    Raises:
        FaceindexError: Nothing was ever scanned.
    """
    session.model()
    yield from plan_scan(session.settings, session.catalog.roots(), with_others=True)


def plan_pruning(session: Session) -> Pruned:
    """Count the photos and faces that ``reindex`` would delete. Nothing is written."""
    return Roots(session.database).prune(session.settings.keep_missing_days, dry_run=True)
