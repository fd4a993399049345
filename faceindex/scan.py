"""The scan: walks the folders, looks at what is new, and brings the library up to date.

Every batch of photos is committed as it is done, so that a scan may be stopped at any moment and finished
by the next one. Scanning twice is the same as scanning once.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from faceindex.settings import Settings
from faceindex.values import Planned, Progress, ScanSummary
from index.catalog import Catalog
from index.values import PhotoState, Recorded
from index.vectors import load_index, save_index
from pipeline.crawl import Skipped, SkipReason, crawl
from pipeline.decode import DecodeOptions, OpenPhoto
from pipeline.errors import PhotoError
from pipeline.models.registry import ModelSpec
from pipeline.timing import StageClock
from pipeline.values import Outcome, PhotoFailed, PhotoFile, PhotoIndexed, PhotoSkipped, Reason, Stage

BATCH_PHOTOS = 64
"""Outcomes committed together, at most."""
BATCH_SECONDS = 5.0
"""After this long a batch is committed though it is not full: what a killed scan loses, at most."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told how a scan goes. All are called in the caller's thread.

    Attributes:
        progress: After each photo.
        note: With a sentence for the user.
    """

    progress: Callable[[Progress], None] = lambda _: None
    note: Callable[[str], None] = lambda _: None


@dataclass(slots=True)
class _Survey:
    """What the crawl met."""

    seen: set[bytes] = field(default_factory=set)
    unlisted: list[bytes] = field(default_factory=list)
    unchanged: int = 0
    failed: int = 0
    returned: list[bytes] = field(default_factory=list)
    fresh: list[PhotoFile] = field(default_factory=list)

    def skip(self, skipped: Skipped) -> None:
        """Remember what could not be looked into: of its photos nothing is known."""
        if skipped.reason is SkipReason.UNREADABLE:
            self.unlisted.append(skipped.path)

    def add(self, file: PhotoFile, state: PhotoState | None) -> None:
        """Sort a file by what is known of it."""
        self.seen.add(file.path)
        if state is None or _is_fresh(file, state):
            self.fresh.append(file)
            return
        if state.missing:
            self.returned.append(file.path)
        if state.failed:
            self.failed += 1
        else:
            self.unchanged += 1


class Scan:
    """One scan of some folders and files into one library."""

    def __init__(self, catalog: Catalog, model: ModelSpec, settings: Settings, listeners: Listeners) -> None:
        self._catalog = catalog
        self._model = model
        self._settings = settings
        self._listeners = listeners
        self._clock = StageClock()

    def run(self, roots: Sequence[bytes]) -> ScanSummary:
        """Scan.

        Args:
            roots: Absolute paths of folders and files that exist.

        Raises:
            OSError: A root vanished, or cannot be looked at.
            LibraryError: The library cannot be read or written.
            ModelError: A network's weights are not there or not right.
        """
        started = time.monotonic()
        self._catalog.add_roots(roots)
        with self._clock.time("survey"):
            survey = self._survey(roots)
        recorded = self._look_at(survey, roots)
        self._catalog.mark_present(survey.returned)
        missing = self._catalog.mark_missing(roots, survey.seen, survey.unlisted)
        with self._clock.time("index"):
            self._save_index()
        return self._summary(roots, survey, recorded, missing, time.monotonic() - started)

    def _survey(self, roots: Sequence[bytes]) -> _Survey:
        states = self._catalog.states_under(roots)
        survey = _Survey()
        named = frozenset(roots)
        for file in crawl(roots, survey.skip):
            state = states.get(file.path)
            if state is not None or file.path in named or _may_be_photo(file):
                survey.add(file, state)
        for path in survey.unlisted:
            self._listeners.note(
                f"{os.fsdecode(path)} cannot be looked into: what is there was left as it is."
            )
        return survey

    def _look_at(self, survey: _Survey, roots: Sequence[bytes]) -> Recorded:
        """Run the new and changed files through the pipeline, and record what becomes of them."""
        if not survey.fresh:
            return Recorded()
        from faceindex.engine import Work, build_runner

        with self._clock.time("load"):
            runner = build_runner(self._settings, self._model, Work(len(survey.fresh), self._clock))
        known = self._catalog.known_digests()
        total = Recorded()
        with closing(runner.run(survey.fresh, known.__contains__)) as outcomes:
            for batch in self._batches(_asked_for(outcomes, frozenset(roots)), len(survey.fresh)):
                with self._clock.time("record"):
                    total += self._catalog.record(batch)
        return total

    def _batches(self, outcomes: Iterator[Outcome], total: int) -> Iterator[list[Outcome]]:
        """Outcomes in batches. When the run is stopped, the batch in hand still comes."""
        batch: list[Outcome] = []
        since = time.monotonic()
        done = faces = failed = 0
        try:
            for outcome in outcomes:
                batch.append(outcome)
                done += 1
                faces += len(outcome.faces) if isinstance(outcome, PhotoIndexed) else 0
                failed += isinstance(outcome, PhotoFailed)
                self._listeners.progress(Progress(total, done, faces, failed))
                if len(batch) >= BATCH_PHOTOS or time.monotonic() - since >= BATCH_SECONDS:
                    yield batch
                    batch, since = [], time.monotonic()
        except KeyboardInterrupt:
            yield batch
            raise
        yield batch

    def _save_index(self) -> None:
        loaded = load_index(self._catalog, self._model.model_id, self._model.dimension)
        if loaded.note:
            self._listeners.note(loaded.note)
        if not loaded.saved:
            save_index(loaded.index, self._catalog, self._model.model_id)

    def _summary(
        self, roots: Sequence[bytes], survey: _Survey, recorded: Recorded, missing: int, seconds: float
    ) -> ScanSummary:
        statistics = self._catalog.statistics()
        unchanged, failed = survey.unchanged + recorded.unchanged, survey.failed + recorded.failed
        return ScanSummary(
            seen=recorded.indexed + unchanged + recorded.duplicate + recorded.moved + failed,
            indexed=recorded.indexed,
            unchanged=unchanged,
            duplicate=recorded.duplicate,
            moved=recorded.moved,
            failed=failed,
            missing=missing,
            faces=recorded.faces,
            library_photos=statistics.photos,
            library_faces=statistics.faces,
            model=self._model.model_id,
            seconds=seconds,
            stages=self._clock.stages(),
            failures=tuple(self._catalog.failures_under(roots)),
        )


def _asked_for(outcomes: Iterator[Outcome], roots: frozenset[bytes]) -> Iterator[Outcome]:
    """Outcomes, but a file that was named itself is never skipped in silence for not being a photo."""
    for outcome in outcomes:
        named = isinstance(outcome, PhotoSkipped) and outcome.file.path in roots
        yield not_a_photo(outcome.file) if named else outcome


def not_a_photo(file: PhotoFile) -> PhotoFailed:
    """The failure of a file that was named as a photo and is none."""
    message = "it holds no picture of a format that is read"
    return PhotoFailed(file, Stage.DECODE, Reason.NOT_AN_IMAGE, message, None)


def _may_be_photo(file: PhotoFile) -> bool:
    """Whether a file counts as a photo by its first bytes; one that cannot be opened may be one.

    The pipeline would tell too, but a folder in which only a text is new must not load the networks.
    """
    try:
        with OpenPhoto(file, DecodeOptions()) as photo:
            return photo.is_photo
    except PhotoError:
        return True


def plan(states: Mapping[bytes, PhotoState], roots: Sequence[bytes]) -> Iterator[Planned]:
    """What a scan would read and why; only the first bytes of new files are read for it.

    Args:
        states: What the library knows of the photos under the roots.
        roots: Absolute paths of folders and files that exist.
    """
    skipped: list[Skipped] = []
    for file in crawl(roots, skipped.append):
        yield from map(_left_out, skipped)
        skipped.clear()
        yield _planned(file, states.get(file.path))
    yield from map(_left_out, skipped)


def _left_out(skipped: Skipped) -> Planned:
    return Planned(skipped.path, read=False, reason=skipped.reason)


def _planned(file: PhotoFile, state: PhotoState | None) -> Planned:
    if not _is_fresh(file, state):
        return Planned(file.path, read=False, reason="unchanged")
    try:
        with OpenPhoto(file, DecodeOptions()) as photo:
            if not photo.is_photo:
                return Planned(file.path, read=False, reason="not a photo")
    except PhotoError as error:
        return Planned(file.path, read=False, reason=error.message)
    known = "unread before" if state is not None and state.unread else "changed"
    return Planned(file.path, read=True, reason="new" if state is None else known)


def _is_fresh(file: PhotoFile, state: PhotoState | None) -> bool:
    """Whether a file has to be looked at: it is new, has changed, or could not be read the last time."""
    return state is None or state.unread or (state.size, state.mtime_ns) != (file.size, file.mtime_ns)
