"""Looks again at known contents: reads their photos, and stores what a task makes of them.

The library is locked only while results are stored. Stored results stay when a run is stopped, and the next
run does the rest.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeAlias

from faceindex.errors import LibraryLocked
from faceindex.lock import PATIENCE
from faceindex.results import Listeners, Progress
from faceindex.scanning.recording import BATCH_PHOTOS, BATCH_SECONDS
from faceindex.session import Session
from faceindex.settings import Settings
from faceindex.stopping import undisturbed
from index.values import KnownContent
from pipeline.values import FilmPart, FilmRest, Outcome, Outcomes, PhotoFailed, PhotoFile, PhotoIndexed

OpenToWrite: TypeAlias = Callable[[float], AbstractContextManager[Session]]
"""Opens the library to write; waits a number of seconds for another run, then raises ``LibraryLocked``."""

OpenToRead: TypeAlias = Callable[[], AbstractContextManager[Session]]
"""Opens the library to read, in another thread; it waits for no other run."""

_AHEAD = 256
"""The number of contents that are read from the library at once."""


@dataclass(frozen=True, slots=True)
class Revisited:
    """What a run has done: photos looked at, faces stored, and whether it ended before its deadline.

    ``failures`` are the photos that could not be read, by path, if no other photo of the content could be.
    """

    photos: int
    faces: int
    failures: tuple[PhotoFailed, ...]
    in_time: bool


class RevisitTask(Protocol):
    """What is done with contents; the methods are called by one thread, but for ``contents``."""

    def waiting(self, session: Session) -> int:
        """Count the contents to look at."""

    def contents(self, session: Session, after: int, limit: int) -> Sequence[KnownContent]:
        """Read the first contents after an id; called by the thread that reads photos."""

    def take(self, content: KnownContent, found: PhotoIndexed) -> None:
        """Keep what was found in a content, or in a part of a film, until it is stored."""

    def store(self, session: Session) -> int:
        """Store what was kept since the last time, in a session open to write; count the faces."""


class Revisit:
    """Looks at the contents of one library for a task.

    ``last`` is the id of the last content that was read; contents added later have higher ids.
    """

    def __init__(
        self,
        open_to_write: OpenToWrite,
        open_to_read: OpenToRead,
        task: RevisitTask,
        outcomes: Outcomes,
        listeners: Listeners,
    ) -> None:
        self.last = 0
        self._open_to_write = open_to_write
        self._open_to_read = open_to_read
        self._task = task
        self._outcomes = outcomes
        self._listeners = listeners
        self._batch = self._parts = self._photos = self._faces = 0
        self._committed = time.monotonic()
        self._wanted: dict[bytes, KnownContent] = {}  # contents to look at, by digest
        self._asked: dict[bytes, bytes] = {}  # the digests that photos should have, by path
        self._failed: dict[bytes, PhotoFailed] = {}
        self._done: set[bytes] = set()  # digests of contents that were looked at
        self._rests: list[PhotoFile] = []  # films that are to be looked at further
        self._progress = Progress(0, 0, 0, 0)

    def run(self, deadline: float) -> Revisited:
        """Look at contents, also any added since the last call, until the deadline, by ``time.monotonic``.

        Raises:
            LibraryError: The library cannot be read or written.
            ModelError: The weights of a network are missing or invalid.
        """
        with self._open_to_write(_left(deadline)) as session:
            waiting = self._task.waiting(session)
        in_time = True
        if waiting:
            self._progress = Progress(waiting, 0, 0, 0)
            in_time = self._look_at(self._files(), deadline)
            while in_time and self._rests:
                rests, self._rests = self._rests, []
                in_time = self._look_at(iter(rests), deadline)
        failures = {failure.file.path: failure for failure in self._failed.values()}
        found = tuple(failures[path] for path in sorted(failures))
        return Revisited(self._photos, self._faces, found, in_time)

    def _look_at(self, files: Iterator[PhotoFile], deadline: float) -> bool:
        with closing(self._outcomes(files, self._done.__contains__)) as outcomes:
            return self._record(outcomes, deadline)

    def _files(self) -> Iterator[PhotoFile]:
        """List photos to read; a second photo of a content is decoded only if the first has other content."""
        while True:
            with self._open_to_read() as session:
                contents = self._task.contents(session, self.last, _AHEAD)
            if not contents:
                return
            for content in contents:
                self.last = content.content_id
                self._wanted.update(dict.fromkeys(content.digests, content))
                for file in content.files:
                    self._asked[file.path] = content.digest
                    yield file

    def _record(self, outcomes: Iterator[Outcome], deadline: float) -> bool:
        """Store results until the outcomes end or the time is up; return whether they ended in time."""
        try:
            for outcome in outcomes:
                self._take(outcome)
                if time.monotonic() >= deadline:
                    break
                if self._batch >= BATCH_PHOTOS or time.monotonic() - self._committed >= BATCH_SECONDS:
                    self._commit(_left(deadline))
            self._commit(_left(deadline))
        except KeyboardInterrupt:
            with suppress(LibraryLocked):
                self._commit(0)
            raise
        except LibraryLocked:
            pass
        return time.monotonic() < deadline

    def _take(self, outcome: Outcome) -> None:
        path, faces = outcome.file.path, 0
        if isinstance(outcome, PhotoIndexed):
            outcome = self._with_film_behind(outcome)
        if isinstance(outcome, PhotoIndexed) and outcome.film is not None and outcome.film.until is not None:
            self._take_part(outcome, outcome.film, outcome.film.until)
            return
        asked = self._asked.pop(path)
        if isinstance(outcome, PhotoIndexed) and (content := self._wanted.get(outcome.digest)):
            faces = len(outcome.faces)
            self._task.take(content, outcome)
            for digest in content.digests:
                self._wanted.pop(digest)
            self._done.update(content.digests)
            self._failed.pop(content.digest, None)
            self._batch += 1
        elif isinstance(outcome, PhotoFailed) and asked in self._wanted:
            self._failed[asked] = outcome
        before = self._progress
        done = min(before.done + 1, before.total)
        self._progress = Progress(before.total, done, before.faces + faces, len(self._failed))
        self._listeners.progress(self._progress)

    def _with_film_behind(self, outcome: PhotoIndexed) -> PhotoIndexed:
        """Say of a photo, if its content has a film behind it, that all of that film is left."""
        content = self._wanted.get(outcome.digest)
        if content is None or content.behind is None or outcome.film is not None:
            return outcome
        return replace(outcome, film=FilmPart(0.0, 0.0, 0.0, content.behind))

    def _take_part(self, outcome: PhotoIndexed, part: FilmPart, until: float) -> None:
        """Take the first part of a film, or a further one; the rest follows."""
        if content := self._wanted.get(outcome.digest):
            self._task.take(content, outcome)
            self._parts += 1
            rest = FilmRest(outcome.digest, until, part.per_second)
            self._rests.append(replace(outcome.file, rest=rest))

    def _commit(self, patience: float) -> None:
        if self._batch or self._parts:
            with self._open_to_write(patience) as session, undisturbed():
                self._faces += self._task.store(session)
            self._photos += self._batch
            self._batch = self._parts = 0
        self._committed = time.monotonic()


def patiently(settings: Settings, listeners: Listeners) -> OpenToWrite:
    """Return how to open an existing library to write, which notes for whom it waits."""

    def open_session(patience: float) -> Session:
        opened = partial(Session.open_to_write, settings, make=False)
        try:
            return opened(patience=min(patience, PATIENCE))
        except LibraryLocked as error:
            if patience <= PATIENCE:
                raise
            listeners.note(f"{error} Waiting for it.")
            return opened(patience=patience)

    return open_session


def _left(deadline: float) -> float:
    """Compute the seconds until the deadline, and always enough to store the last batch."""
    return max(deadline - time.monotonic(), PATIENCE)
