"""The scan: walks the folders, reads what is new, and brings the library up to date.

Photos are committed in batches, so a scan can be stopped at any moment, and the next one does the rest.
"""

import math
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence, Set
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

from faceindex.engine import build_runner
from faceindex.maintenance import place_advice
from faceindex.results import IncompletePhoto, Listeners, Refusal, ScanSummary
from faceindex.scanning.availability import refusals
from faceindex.scanning.failures import by_folder
from faceindex.scanning.films import FilmRounds
from faceindex.scanning.motion import (
    choose_motion,
    find_films_behind,
    looks_at_films_of_photos,
    with_motion,
)
from faceindex.scanning.recording import BatchRecorder
from faceindex.scanning.refresh_derived import refresh_derived
from faceindex.scanning.root_places import find_places
from faceindex.scanning.scan_targets import ScanTargets, find_targets
from faceindex.scanning.survey import Crawl, Survey
from faceindex.session import Session
from index.figures import LeftOutCount
from index.people.named_faces import count_exemplars
from index.photos.catalog import Catalog
from index.photos.left_out import LeftOut, counted
from index.photos.photo_roots import Roots
from index.photos.presence import Crawled, Presence
from index.photos.siblings import Siblings
from index.store.store import Store
from index.values import RawFiles, Recorded, UnfinishedFilm
from pipeline.decoding.films.live_film import live_photo_of_film
from pipeline.decoding.readers import is_current, is_none_of_today
from pipeline.film_examination import THOROUGH_RATE, USUAL_RATE, FilmOptions
from pipeline.models.registry import ModelSpec
from pipeline.sources.crawl import crawl
from pipeline.timing import StageClock
from pipeline.values import Outcome, Outcomes, PhotoFile, PhotoSkipped


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """How to scan.

    ``allow_missing`` marks photos as missing even if most of a root has vanished. At ``deadline``, by
    ``time.monotonic``, the scan stops; the next one does the rest. ``thorough`` looks at more frames of
    films, also of those known. ``raw_files`` says which camera raw the library reads from now on,
    ``motion`` whether it reads the films of motion and live photos.
    """

    allow_missing: bool = False
    deadline: float = math.inf
    thorough: bool = False
    raw_files: RawFiles | None = None
    motion: bool | None = None

    @property
    def films(self) -> FilmOptions:
        """How films are looked at; ``with_motion`` says whether those of photos are."""
        return FilmOptions(THOROUGH_RATE if self.thorough else USUAL_RATE, deadline=self.deadline)


def scan(session: Session, roots: Sequence[bytes], options: ScanOptions | None = None) -> ScanSummary:
    """Scan roots as ``Scan.run`` does, in a session open to write, and choose the model of a new library."""
    if advice := place_advice(session.settings.library):
        session.listeners.note(advice)
    options = options or ScanOptions()
    model, clock = session.ensure_model(), StageClock()
    choose_motion(session.catalog, options.motion)
    films = with_motion(options.films, session.catalog)
    runner = build_runner(session.own_settings(), model, clock=clock, films=films, thumbnails=True)
    new_scan = Scan(
        session.database, model, runner.run, session.listeners, clock=clock, thorough=options.thorough
    )
    return new_scan.run(roots, options)


@dataclass(frozen=True, slots=True)
class ScanPass:
    """What a scan found and recorded, before the derived data is updated.

    Attributes:
        recorded: The counts of the files that were read.
        roots: The paths that it looked at, by which photos are known.
        missing: The number of photos that were marked as missing, without those that could not be read.
        excluded: The number of photos that ignore rules exclude now.
        refused: Roots that lost so many photos that none of them was marked.
        left: A lower bound on the number of files not read because the time was up.
        films_left: The number of films not looked at to their end for this reason.
        incomplete: Photos of which a part is missing.
        left_out: The numbers of files that are no photos, by kind and needed extra.
        new_failures: Paths of photos that fail, and did not before.
    """

    roots: Sequence[bytes]
    survey: Survey
    recorded: Recorded
    missing: int = 0
    excluded: int = 0
    refused: tuple[Refusal, ...] = ()
    left: int = 0
    incomplete: tuple[IncompletePhoto, ...] = ()
    left_out: tuple[LeftOutCount, ...] = ()
    new_failures: Set[bytes] = frozenset()
    films_left: int = 0


class Scan:
    """One scan of some folders and files into one library, which is open to write."""

    def __init__(
        self,
        store: Store,
        model: ModelSpec,
        outcomes: Outcomes,
        listeners: Listeners,
        *,
        clock: StageClock | None = None,
        crawl: Crawl = crawl,
        thorough: bool = False,
    ) -> None:
        self._store = store
        rate = THOROUGH_RATE if thorough else 0.0
        self._catalog = Catalog(store, is_current=is_current, per_second=rate)
        self._left_out = LeftOut(store, is_none_of_today)
        self._model = model
        self._outcomes = outcomes
        self._listeners = listeners
        self._clock = clock or StageClock()
        self._crawl = crawl
        self._started = time.monotonic()
        self._exemplars = 0

    def run(self, roots: Sequence[bytes], options: ScanOptions) -> ScanSummary:
        """Record what is in the roots, absolute paths that exist or are known, and update the derived data.

        Raises:
            OSError: A root vanished, or cannot be looked at.
            LibraryError: The library cannot be read or written.
            ModelError: A network's weights are missing or invalid.
        """
        looked = self.look(roots, options)
        self._refresh()
        if films := self.films(looked):  # they may take long, and photos are not to wait for them
            looked = self.look_at_films(looked, films, options)
            self._refresh()
        return self.summary(looked)

    def _refresh(self) -> None:
        with self._clock.time("index"):
            refresh_derived(self._store, self._model, self._listeners)

    def look(self, roots: Sequence[bytes], options: ScanOptions, *, with_others: bool = False) -> ScanPass:
        """Record what is in the roots, without updating derived data; arguments and errors as for ``run``.

        ``with_others`` looks at the photos under no root too.
        """
        self._listeners.step("checking the library")
        self._store.refuse_damaged(daily=not with_others)
        self._exemplars = count_exemplars(self._store)
        targets = self._find(roots, with_others=with_others)
        self._listeners.step("looking for new photos")
        known = self._catalog.states_under(targets.all), self._left_out.known_under(targets.all)
        survey = Survey(*known)
        recorder = BatchRecorder(self._catalog, survey, self._clock, self._listeners)
        if options.raw_files is not None:
            self._catalog.choose_raw_files(options.raw_files)
        raw_files = self._catalog.raw_files()
        if time.monotonic() < options.deadline:

            def found(crawl: Crawl) -> Iterator[PhotoFile]:
                return survey.files(targets, crawl, self._clock, raw_files)

            with closing(self._look_at(found, targets)) as outcomes:
                recorder.record(outcomes, options.deadline)
        else:
            deque(survey.files(targets, self._crawl, self._clock, raw_files), maxlen=0)  # counts what is left
        left = recorder.left
        for look_further in (self._look_at_raw_files, self._look_for_films_of_photos):
            if not left:
                look_further(survey, targets, recorder, options)
                left = recorder.left
        for path in survey.unlisted:
            self._listeners.note(
                f"{os.fsdecode(path)} cannot be read: its photos were left unchanged in the library."
            )
        Presence(self._store).mark_present(survey.returned)
        looked = ScanPass(
            targets.all,
            survey,
            recorder.total,
            left=left,
            incomplete=tuple(recorder.incomplete),
            left_out=counted(recorder.left_out + survey.left_out + Counter(survey.kinds_passed_over)),
            new_failures=recorder.new_failures,
        )
        if left:  # what seems to be gone may have moved to what was not read yet
            return looked
        return self._record_gone(looked, targets, recorder, allow_missing=options.allow_missing)

    def films(self, looked: ScanPass) -> list[UnfinishedFilm]:
        """Read which films under the roots of a pass are to be looked at further."""
        return self._catalog.unfinished_films(looked.roots)

    def look_at_films(
        self, looked: ScanPass, films: Sequence[UnfinishedFilm], options: ScanOptions
    ) -> ScanPass:
        """Look at films until their end or the deadline; return the pass with what was found in them."""
        if looked.left:
            return replace(looked, films_left=len(films))
        recorder = BatchRecorder(self._catalog, looked.survey, self._clock, self._listeners)
        left = FilmRounds(films, self._outcomes, recorder).run(options.deadline)
        return replace(
            looked,
            recorded=looked.recorded + recorder.total,
            incomplete=(*looked.incomplete, *recorder.incomplete),
            new_failures=looked.new_failures | recorder.new_failures,
            films_left=left,
        )

    def _record_gone(
        self, looked: ScanPass, targets: ScanTargets, recorder: BatchRecorder, *, allow_missing: bool
    ) -> ScanPass:
        """Record what is gone, moved or excluded, but keep the photos of roots that lost too many."""
        presence, survey = Presence(self._store), looked.survey
        covered = frozenset([*targets.there, *targets.deleted])
        crawled = Crawled(
            covered.union(targets.away) if allow_missing else covered,
            survey.left,
            frozenset(survey.unlisted),
            survey.excluded,
            survey.first_paths,
        )
        unseen = presence.unseen(crawled)
        pairs = presence.elsewhere(recorder.arrived, crawled)
        unseen = unseen.with_moves({old: new for new, old in pairs if _is_same_file(new, old)})
        losses = presence.losses([*targets.folders, *targets.away], crawled, unseen)
        self._left_out.replace(filter(crawled.covers, survey.known_left_out), survey.passed_over)
        refused = () if allow_missing else refusals(losses, crawled, targets.reasons, survey.unread)
        kept = {each.root for each in refused}
        gone = unseen.without(kept)
        presence.record_gone(crawled.without(kept), gone)
        Siblings(self._store).replace(crawled.without(kept), survey.siblings)
        named = {**targets.folders, **targets.away}
        return replace(
            looked,
            recorded=recorder.with_moves(gone.moves.values()),
            missing=sum(path not in survey.unread for path in gone.missing),
            excluded=len(gone.excluded),
            refused=tuple(replace(each, root=named[each.root]) for each in refused),
        )

    def _find(self, roots: Sequence[bytes], *, with_others: bool) -> ScanTargets:
        """Record where the roots are, and say what is to be looked at."""
        stored = Roots(self._store)
        before = {each.path: each.place for each in stored.known()}
        placement = find_places(self._store, [root for root in roots if os.path.isdir(root)])
        stored.record(placement.roots, placement.moves, placement.no_folders)
        new_places = {new for _, new in placement.moves}
        for each in placement.roots:
            path, place = os.fsdecode(each.path), os.fsdecode(each.place)
            if each.place == before.get(each.path, each.path):
                continue
            if each.place != each.path:
                self._listeners.note(
                    f"{path} is the same folder as {place}: its photos are known by that path."
                )
            elif each.place in new_places:
                self._listeners.note(f"The photos of {path} are known by its own path now.")
        others = stored.others() if with_others else ()
        return find_targets(placement, roots, self._catalog.photos_at(roots), others)

    def summary(self, looked: ScanPass) -> ScanSummary:
        """Count what the scan did, and the library after it."""
        photos, faces = self._catalog.count()
        failures = self._catalog.failures_under(looked.roots, looked.survey.unread)
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
            excluded=looked.excluded,
            returned=len(survey.returned),
            faces=recorded.faces,
            library_photos=photos,
            library_faces=faces,
            model=self._model.model_id,
            seconds=time.monotonic() - self._started,
            stages=self._clock.stages(),
            failures=tuple(by_folder(failures, looked.new_failures)),
            refused=looked.refused,
            left=looked.left,
            incomplete=looked.incomplete,
            left_out=looked.left_out,
            exemplars=max(0, count_exemplars(self._store) - self._exemplars),
            films_left=looked.films_left,
        )

    def _look_at_raw_files(
        self, survey: Survey, targets: ScanTargets, recorder: BatchRecorder, options: ScanOptions
    ) -> None:
        """Record the camera raw that was held back, where the photo developed from it could not be read."""
        Presence(self._store).mark_present(survey.returned)
        readable = Siblings(self._store).readable(set(survey.held_back.values()))
        self._look_at_files(survey.raw_to_read(readable), targets, recorder, options)

    def _look_for_films_of_photos(
        self, survey: Survey, targets: ScanTargets, recorder: BatchRecorder, options: ScanOptions
    ) -> None:
        """Record the films that were held back, and which of them are those of live photos."""
        Presence(self._store).mark_present(survey.returned)
        if looks_at_films_of_photos(self._catalog):
            self._look_at_films_of_photos(survey, targets, recorder, options)
            return
        stored = Siblings(self._store)
        known = stored.known_under(targets.all) if survey.films else {}
        there = stored.readable({each.other for each in known.values()}) - survey.left
        known = {path: each for path, each in known.items() if each.other in there}
        films = survey.films_to_identify(known, has_new_photos=recorder.total.indexed > 0)
        identified = {file: found for file in films if (found := live_photo_of_film(file)) is not None}
        identifiers = set(identified.values())
        stills = stored.stills(identifiers - stored.decided_films(identifiers))  # a decision stays visible
        live = {
            file: path
            for file, found in identified.items()
            for path in stills.get(found, ())
            if path not in survey.left
        }
        skipped, files = survey.films_to_read(live)
        recorder.record(skipped, math.inf)
        self._look_at_files(files, targets, recorder, options)

    def _look_at_films_of_photos(
        self, survey: Survey, targets: ScanTargets, recorder: BatchRecorder, options: ScanOptions
    ) -> None:
        """Record the films of live photos as films; note what films are behind photos known before."""
        _, files = survey.films_to_read({})
        self._look_at_files(files, targets, recorder, options)
        if options.motion:
            self._listeners.step("looking for films behind known photos")
            find_films_behind(self._store, targets.all, options.films)

    def _look_at_files(
        self,
        files: Sequence[PhotoFile],
        targets: ScanTargets,
        recorder: BatchRecorder,
        options: ScanOptions,
    ) -> None:
        if files and time.monotonic() < options.deadline:
            with closing(self._look_at(lambda crawl: iter(files), targets)) as outcomes:
                recorder.record(outcomes, options.deadline)

    def _look_at(
        self, find: Callable[[Crawl], Iterator[PhotoFile]], targets: ScanTargets
    ) -> Generator[Outcome, None, None]:
        """Yield the outcomes of the files that ``find`` finds by a crawl.

        A named file that is no photo is a failure.
        """
        ended = Event()

        def crawled(*arguments: Any) -> Iterator[PhotoFile]:
            for file in self._crawl(*arguments):
                if ended.is_set():  # the survey may be in use, and the store closed
                    raise RuntimeError("the scan has ended before the crawl")
                yield file

        def is_known(digest: bytes) -> bool:
            return not ended.is_set() and self._catalog.is_known(digest)

        with closing(self._outcomes(find(crawled), is_known)) as outcomes, ExitStack() as at_end:
            at_end.callback(ended.set)
            for outcome in outcomes:
                if isinstance(outcome, PhotoSkipped) and outcome.file.path in targets.named:
                    outcome = outcome.failed
                yield outcome


def _is_same_file(path: bytes, other: bytes) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False
