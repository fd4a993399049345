"""The public API: one library and everything that it can do. Nothing is printed."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, Self

from faceindex.errors import BadRequest, explained
from faceindex.paths import AnyPath, AnyPaths, absolute, several, to_path
from faceindex.results import Listeners
from faceindex.settings import Settings
from faceindex.warm_sessions import WarmSessions

if TYPE_CHECKING:
    from datetime import date

    from faceindex import results
    from faceindex.accuracy.calibrate import Calibrated
    from faceindex.accuracy.measures import Evaluation
    from faceindex.adapt.adaptation import Adaptation
    from faceindex.asking.celebrity import Lookalikes
    from faceindex.asking.verify import Unread, Verification
    from faceindex.asking.why import Explanation
    from faceindex.browsing.photo import LibraryPhoto
    from faceindex.browsing.state import LibraryState
    from faceindex.lists import Lists
    from faceindex.maintenance import Checked, Restored
    from faceindex.models import Models
    from faceindex.output.photo_links import Linked
    from faceindex.people import People
    from faceindex.pictures import Pictures
    from faceindex.roots import ScannedRoots
    from faceindex.scanning.scan import ScanOptions
    from index.clustering.regroup import Regrouped
    from index.clustering.ungrouped import Ungrouped
    from index.figures import Statistics
    from index.maintenance.check import Finding
    from index.people.persons import PersonName
    from index.people.photo_search import FoundPhoto
    from index.store.store import BackedUp, Salvage
    from index.values import FailureRecord, Pruned
    from pipeline.values import PhotoFailed


class Library:
    """One library, which threads and other processes may share; close it when done.

    Files and networks open when needed and stay open. A method that changes the library locks it only while
    it works, and decisions are taken also while another thread or process scans. ``scan`` creates a missing
    library; ``plan_scan``, ``verify``, ``celebrities``, ``models``, and ``evaluate`` with a folder need none.
    ``dry_run``, ``plan_...`` and ``preview_...`` write nothing.

    Every method may raise a ``FaceindexError``: ``NoLibrary`` if there is none, ``LibraryLocked`` if another
    run is changing it, ``BadRequest`` if an argument is wrong.

    Args:
        settings: By default ``Settings.load()``.
        listeners: Callbacks for progress and notes.
        source: What the log calls what decisions are made by.
        patience: Seconds that a call waits for another one: by default 2 for another run, and 30 for a turn
            to write between two batches of a run.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        listeners: Listeners | None = None,
        *,
        source: str = "python",
        patience: float | None = None,
    ) -> None:
        self.settings = settings or Settings.load()
        self._listeners = listeners or Listeners()
        self._source = source
        self._sessions = WarmSessions(self.settings, self._listeners, patience)

    def close(self) -> None:
        """Close files, networks and the processes that decode photos."""
        if "pictures" in self.__dict__:
            self.pictures.close()
        self._sessions.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    @cached_property
    def people(self) -> "People":
        """Names, decisions about faces, and the journal of all decisions."""
        from faceindex.people import People

        return People(self._sessions, self._source)

    @cached_property
    def pictures(self) -> "Pictures":
        """Pictures of faces and photos, and films to play."""
        from faceindex.pictures import Pictures

        return Pictures(self._sessions)

    @cached_property
    def lists(self) -> "Lists":
        """Persons, clusters, faces and photos, a page at a time."""
        from faceindex.lists import Lists

        return Lists(self._sessions)

    @cached_property
    def roots(self) -> "ScannedRoots":
        """The folders and files that are scanned."""
        from faceindex.roots import ScannedRoots

        return ScannedRoots(self._sessions)

    @cached_property
    def models(self) -> "Models":
        """The descriptor models and their weights."""
        from faceindex.models import Models

        return Models(self.settings, self._listeners)

    def scan(self, folders: AnyPaths, options: "ScanOptions | None" = None) -> "results.ScanSummary":
        """Index the faces in the photos of folders, with everything below them, and in single files.

        Raises:
            BadRequest: A folder cannot be scanned, and never was; or the library has another model.
        """
        from faceindex.scanning.plan import check_roots
        from faceindex.scanning.scan import scan

        paths = absolute(folders)
        check_roots(self.settings, paths)  # before a typing error creates a library
        with self._sessions.writing(make=True) as session:
            return scan(session, paths, options)

    def plan_scan(
        self, folders: AnyPaths, options: "ScanOptions | None" = None
    ) -> "Iterator[results.Planned]":
        """Yield what ``scan`` would read, and why."""
        from faceindex.scanning.plan import plan_scan

        return plan_scan(self.settings, absolute(folders), options)

    def reindex(self, options: "ScanOptions | None" = None) -> "results.ReindexSummary":
        """Scan all folders of the library again, and remove photos that have been missing for long."""
        from faceindex.scanning.reindex import reindex

        return self._sessions.run(reindex, options)

    def plan_reindex(self) -> "Iterator[results.Planned]":
        """Yield what ``reindex`` would read, and why."""
        from faceindex.scanning.reindex import plan_reindex

        return self._sessions.each(plan_reindex)

    def plan_pruning(self) -> "Pruned":
        """Count the photos and faces that ``reindex`` would remove."""
        from faceindex.scanning.reindex import plan_pruning

        return self._sessions.read(plan_pruning)

    def switch_model(self, name: str, options: "ScanOptions | None" = None) -> "results.ModelSwitch":
        """Describe all faces by another model, then switch to it; the library can be used meanwhile."""
        from faceindex.scanning.model_switch import switch_model

        return switch_model(self.settings, name, self._listeners, options)

    def preview_model(self, name: str) -> "results.Preview":
        """Return how many faces a model has described, and how identities would change."""
        from faceindex.scanning.model_switch import preview

        return self._sessions.read(preview, name)

    def switch_detector(self, name: str, options: "ScanOptions | None" = None) -> "results.DetectorSwitch":
        """Look at all photos by another detector, then switch to it; the library can be used meanwhile."""
        from faceindex.scanning.detector_switch import switch_detector

        return switch_detector(self.settings, name, self._listeners, options)

    def preview_detector(self, name: str) -> "results.DetectorPreview":
        """Return how many photos a detector has looked at, and what it found in them."""
        from faceindex.scanning.detector_switch import preview_detector

        return self._sessions.read(preview_detector, name)

    def who(
        self, photos: AnyPaths, *, k: int = 5, min_similarity: float = -1.0, hidden: bool = False
    ) -> "Iterator[results.Answer | PhotoFailed]":
        """Identify the faces of each photo, in order, and find the ``k`` most similar faces of the library.

        The photos need not be in the library; if one is, its own faces are no matches, and a film that was
        scanned is not looked at again. One may be a URL, or ``-`` for standard input; a folder stands for all
        photos in it. An answer's file may be gone when the next answer is asked for. ``min_similarity`` is
        the least cosine of a match, -1 to 1. ``hidden`` names hidden persons too.
        """
        from faceindex.asking.who import who
        from faceindex.left_out import without_left_out
        from index.recognition.identify import NeighborOptions

        with explained():
            names = several(photos)
            runner, identifier = self._sessions.asking()
            options, aids = NeighborOptions(k, min_similarity), self._sessions.film_aids()
            found = who(names, runner.run, lambda: identifier().naming(hidden=hidden), options, aids)
            answers: Iterator[results.Answer | PhotoFailed] = without_left_out(found, self._listeners.note)
            yield from answers

    def why(
        self, photo: AnyPath, *, face: int | None = None, hidden: bool = False
    ) -> "tuple[Explanation, ...] | PhotoFailed":
        """Explain an answer of ``who``: what each face was compared with, and the rule that decided.

        ``face`` is the number of one face, from 1, as ``who`` counts; by default all are explained.
        """
        from faceindex.asking.examine import examine_named
        from faceindex.asking.why import explain
        from pipeline.values import PhotoFailed

        with explained():
            runner, identifier = self._sessions.asking()
            found = examine_named(photo, runner.run, self._sessions.film_aids())
            if isinstance(found, PhotoFailed):
                return found
            return tuple(self._sessions.each(explain, identifier().naming(hidden=hidden), found, face))

    def ask(self, picture: BinaryIO) -> "tuple[Explanation, ...] | PhotoFailed":
        """Identify and explain the faces of a picture that is no file of the user's; nothing of it is kept.

        ``picture`` is a file to be read, from its beginning; a film is none.
        """
        from faceindex.asking.examine import examine
        from faceindex.asking.uploaded import uploaded
        from faceindex.asking.why import explain
        from pipeline.values import PhotoFailed, PhotoSkipped

        with explained(), uploaded(picture) as photo:
            runner, identifier = self._sessions.asking()
            found = examine(photo, runner.run, films=False)
            if isinstance(found, PhotoSkipped):
                found = found.failed
            if isinstance(found, PhotoFailed):
                return found
            return tuple(self._sessions.each(explain, identifier().naming(hidden=False), found, None))

    def verify(
        self, photo_a: AnyPath, photo_b: AnyPath, *, face_a: int | None = None, face_b: int | None = None
    ) -> "Verification | Unread":
        """Say whether two photos show the same person.

        ``face_a`` and ``face_b`` are numbers of faces, from 1; by default the only or largest of its photo.
        """
        from faceindex.asking.photo_arguments import named_photo
        from faceindex.asking.verify import model_of_library, model_without_library, verify

        with explained(), ExitStack() as stack:
            photos = [stack.enter_context(named_photo(each)) for each in (photo_a, photo_b)]
            chosen = self._sessions.read(model_of_library) if self.settings.library.exists() else None
            chosen = chosen or model_without_library(self.settings, self._listeners)
            outcomes = self._sessions.runner(chosen.model, chosen.settings).run
            aids = self._sessions.film_aids()
            return verify(chosen, photos, (face_a, face_b), outcomes, self._listeners.note, aids)

    def celebrities(self, photos: AnyPaths) -> "Iterator[Lookalikes | PhotoFailed]":
        """Guess which of 8,631 celebrities the faces of each photo resemble."""
        from faceindex.asking.celebrity import CAUTION, celebrity_names, guess
        from faceindex.asking.photo_arguments import named_photos
        from faceindex.left_out import without_left_out
        from pipeline.models.registry import CELEBRITY

        with explained():
            several_photos = several(photos)
            names = celebrity_names(self.settings, self._listeners)
            outcomes = self._sessions.runner(CELEBRITY).run
            self._listeners.note(CAUTION)
            found = (guess(photo, outcomes, names) for photo in named_photos(several_photos))
            guesses: Iterator[Lookalikes | PhotoFailed] = without_left_out(found, self._listeners.note)
            yield from guesses

    def find(
        self,
        *names: "PersonName",
        without: "Sequence[PersonName]" = (),
        only: bool = False,
        since: "str | date | None" = None,
        until: "str | date | None" = None,
        hidden: bool = False,
        probable: bool = False,
    ) -> "tuple[FoundPhoto, ...]":
        """Find photos that show all of ``names`` and none of ``without``, by the time taken, then by path.

        ``only`` excludes photos with other faces; ``hidden`` allows hidden persons. ``since`` and ``until``
        are the first and last day: a date, or text such as 2019, 2019-07 or 2019-07-14; a note says how many
        photos without a date they leave out. ``probable`` adds photos that show ``names`` only probably.
        """
        from faceindex.asking.find import PhotoQuery, find

        first, last = (None if each is None else str(each) for each in (since, until))
        query = PhotoQuery(names, tuple(without), only=only, since=first, until=last, hidden=hidden)
        if probable:
            return self._sessions.read_judged(find, query, self._sessions.identifier)
        return self._sessions.read(find, query)

    def link(self, photos: "Sequence[FoundPhoto]", folder: AnyPath) -> "Linked":
        """Create or update a folder of symbolic links to photos."""
        from faceindex.output.photo_links import link

        return link([photo.path for photo in photos], to_path(folder))

    def cluster(self, *, dry_run: bool = False) -> "Regrouped":
        """Group faces without a name, and recognise people who have one."""
        from faceindex.naming.clusters import group

        run = self._sessions.try_out if dry_run else self._sessions.decide
        return run(group, write=not dry_run)

    def clusters(self, most: int = 20) -> "results.ClusterList":
        """Return the largest clusters without a name, each with its exemplar."""
        from faceindex.naming.clusters import clusters

        return self._sessions.read(clusters, most)

    def ungrouped(self) -> "Ungrouped":
        """Count the faces without a name that are in no cluster, by the cause."""
        from faceindex.naming.clusters import ungrouped

        return self._sessions.read_judged(ungrouped)

    def evaluate(
        self,
        folder: AnyPath | None = None,
        *,
        pairs: AnyPath | None = None,
        groups: AnyPath | None = None,
        model: str | None = None,
    ) -> "Evaluation":
        """Measure how accurately faces are recognised, on labelled photos or the library's confirmed faces.

        Args:
            folder: A folder of photos for each person; by default the library is measured.
            pairs: Compare only the pairs in this file, in the format of LFW's ``pairs.txt``.
            groups: A file of lines PERSON,GROUP, to report figures for each group too.
            model: Describes the faces in ``folder``; by default the one in the settings.
        """
        from faceindex.accuracy.evaluate import evaluate, evaluate_library

        listed, grouped = (None if each is None else to_path(each) for each in (pairs, groups))
        if folder is None:
            if pairs or model:
                raise BadRequest("Pairs and a model need a folder of labelled photos.")
            return self._sessions.read(evaluate_library, grouped)
        settings = self.settings.model_copy(update={"model": model}) if model else self.settings
        with explained():
            return evaluate(settings, to_path(folder), self._listeners, pairs=listed, groups=grouped)

    def plot(self, found: "Evaluation", folder: AnyPath, lines: Iterable[str] = ()) -> tuple[Path, Path]:
        """Draw an evaluation as ``accuracy.png`` and ``accuracy.html``, with lines of text below it."""
        from faceindex.accuracy.report import write_report

        return write_report(found, lines, to_path(folder))

    def calibrate(self, *, reset: bool = False, dry_run: bool = False) -> "Calibrated":
        """Fit the thresholds to this library's decisions, or ``reset`` them to those of the model."""
        from faceindex.accuracy import calibrate

        calibrated = calibrate.reset if reset else calibrate.calibrate
        run = self._sessions.try_out if dry_run else self._sessions.decide
        return run(calibrated, write=not dry_run)

    def adapt(self, dimension: int | None = None, *, dry_run: bool = False) -> "Adaptation":
        """Learn from the confirmed people, and keep the result if it helps to recognise people left out.

        ``dimension`` is the length of the adapted descriptors, by default unchanged.
        """
        from faceindex.adapt.adaptation import adapt

        with explained():
            return adapt(self.settings, dimension, write=not dry_run, listeners=self._listeners)

    def faces(self) -> "Iterator[results.LibraryFace]":
        """Yield all faces of the library with their status, by id."""
        from faceindex.output.export import known_faces

        return self._sessions.each(known_faces)

    def photo(self, photo_id: int, *, hidden: bool = False) -> "LibraryPhoto":
        """Return a photo or film by its id, with its faces and who they are; ``NotFound`` without one.

        ``hidden`` names hidden persons too.
        """
        from faceindex.browsing.photo import library_photo

        return self._sessions.read(library_photo, self._sessions.identifier, photo_id, hidden=hidden)

    def why_face(self, face_id: int, *, hidden: bool = False) -> "Explanation":
        """Explain who a face of the library is, as ``why`` does; its photo is not read.

        Raises:
            NotFound: There is no such face.
            BadRequest: The library's model has not described it.
        """
        from faceindex.browsing.photo import explain_face

        identifier = self._sessions.identifier().naming(hidden=hidden)
        return self._sessions.read(explain_face, identifier, face_id)

    def export(self, file: AnyPath, form: Literal["jsonl", "npz"] = "jsonl") -> None:
        """Write all faces to a file, atomically: as JSON lines, or as arrays with descriptors."""
        from faceindex.output.export import write_jsonl, write_npz

        write = write_jsonl if form == "jsonl" else write_npz
        self._sessions.read(write, to_path(file))

    def check_picture(self, file: AnyPath, photo: AnyPath | None = None) -> None:
        """Check that ``file`` can be a picture of ``photo``; ``BadRequest`` for a photo or a wrong ending."""
        from faceindex.output.annotated_photo import check_target

        shown = None if photo is None else absolute(photo)[0]
        self._sessions.read(check_target, to_path(file), shown)

    def annotate(self, answer: "results.Answer", file: AnyPath) -> None:
        """Write the photo of an answer of ``who``, at full size, with its faces marked; or a film's faces."""
        from faceindex.output.annotated_photo import annotate

        self.check_picture(file, answer.photo.file.path)
        annotate(answer, to_path(file), self.settings, self._listeners.note)

    def draw_faces(self, faces: "Sequence[results.LibraryFace]", file: AnyPath) -> int:
        """Draw faces in rows, each above its number, and return how many are shown."""
        from faceindex.output.face_sheet import SheetFace, draw_sheet

        self.check_picture(file)
        shown = [SheetFace.of_record(each.record) for each in faces]
        return draw_sheet(shown, to_path(file), self.settings)

    def version(self) -> str:
        """Return a text that differs after every change of the library, by whatever process; this is cheap.

        It means nothing to another ``Library``.
        """
        return self._sessions.version()

    def state(self) -> "LibraryState":
        """Return the library's figures, what waits, and whether a run is at work."""
        from faceindex.browsing.state import state

        return self._sessions.read(state)

    def statistics(self) -> "Statistics":
        """Count what the library holds."""
        return self._sessions.read(lambda session: session.catalog.statistics())

    def failures(self) -> "list[FailureRecord]":
        """Return the photos that cannot be read, folder by folder."""
        from faceindex.scanning.failures import failures

        return self._sessions.read(failures)

    def check(self, *, repair: bool = False) -> "Iterator[Finding | Salvage | Checked]":
        """Yield each fault before its repair, what was saved of a damaged database, and last the result."""
        from faceindex.maintenance import check

        return check(self.settings, self._listeners.step, repair=repair)

    def backup(self, file: AnyPath, *, force: bool = False) -> "BackedUp":
        """Copy the library, without photos and even during a scan, to a file that only its owner can read.

        ``force`` replaces an earlier backup of that name.
        """
        from faceindex.maintenance import make_backup

        return make_backup(self.settings, to_path(file), force=force)

    def restore(self, file: AnyPath, *, dry_run: bool = False) -> "Restored":
        """Replace the library by a backup. The replaced library is kept beside it."""
        from faceindex.maintenance import restore_backup

        return restore_backup(self.settings, to_path(file), dry_run=dry_run)
