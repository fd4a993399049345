"""Describes known faces by a model that has not described them.

Faces are cut out of their photos where they were found before; no detector runs. The library is locked only
while descriptors are stored. Stored descriptors stay when a run is stopped, and the next run does the rest.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from faceindex.errors import LibraryLocked
from faceindex.lock import PATIENCE
from faceindex.results import Listeners, Progress
from faceindex.scanning.recording import BATCH_PHOTOS, BATCH_SECONDS
from faceindex.session import Session
from faceindex.stopping import undisturbed
from index.photos.redescription import Redescription
from index.values import NewDescriptors, Undescribed
from pipeline.detection.detector import Detector
from pipeline.values import (
    DecodedPhoto,
    DetectedFace,
    ModelId,
    Outcome,
    Outcomes,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
)

OpenToWrite: TypeAlias = Callable[[float], AbstractContextManager[Session]]
"""Opens the library to write; waits a number of seconds for another run, then raises ``LibraryLocked``."""

OpenToRead: TypeAlias = Callable[[], AbstractContextManager[Session]]
"""Opens the library to read, in another thread; it waits for no other run."""

MakeOutcomes: TypeAlias = Callable[[Detector], Outcomes]
"""Makes a runner that finds faces with a detector."""

_AHEAD = 256
"""The number of contents whose faces are read from the library at once."""


@dataclass(frozen=True, slots=True)
class RedescriptionResult:
    """The number of descriptors that a run added, and whether it ended before its deadline.

    ``failures`` are the photos that could not be read, by path, if no other photo of the content could be.
    """

    faces: int
    failures: tuple[PhotoFailed, ...]
    in_time: bool


class KnownFaces:
    """A detector that gives the known faces of ``contents``, by digest, and looks at no pixel."""

    name = "known faces"

    def __init__(self) -> None:
        self.contents: dict[bytes, Undescribed] = {}

    def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
        """Return the known faces by id; none if another photo of the content was described meanwhile."""
        content = self.contents.get(photo.digest)
        return () if content is None else content.faces


class Describer:
    """Describes the faces of one library that a model has not described.

    ``last`` is the id of the last content that was read; contents added later have higher ids.
    """

    def __init__(
        self,
        open_to_write: OpenToWrite,
        open_to_read: OpenToRead,
        model: ModelId,
        make_outcomes: MakeOutcomes,
        listeners: Listeners,
    ) -> None:
        self.last = 0
        self._open_to_write = open_to_write
        self._open_to_read = open_to_read
        self._model = model
        self._listeners = listeners
        self._detector = KnownFaces()
        self._outcomes = make_outcomes(self._detector)
        self._batch: list[NewDescriptors] = []
        self._committed = time.monotonic()
        self._added = 0
        self._failed: dict[bytes, PhotoFailed] = {}
        self._asked: dict[bytes, bytes] = {}  # the digests that photos should have, by path
        self._done: set[bytes] = set()  # digests of contents that are described
        self._progress = Progress(0, 0, 0, 0)

    def run(self, deadline: float) -> RedescriptionResult:
        """Describe faces, also any added since the last call, until ``time.monotonic`` reaches the deadline.

        Raises:
            LibraryError: The library cannot be read or written.
            ModelError: The model's weights are missing or invalid.
        """
        with self._open_to_write(_left(deadline)) as session:
            coverage = self._redescription(session).coverage()
        in_time = True
        if coverage.contents:
            self._progress = Progress(coverage.contents, 0, 0, 0)
            with closing(self._outcomes(self._files(), self._done.__contains__)) as outcomes:
                in_time = self._record(outcomes, deadline)
        failures = {failure.file.path: failure for failure in self._failed.values()}
        return RedescriptionResult(self._added, tuple(failures[path] for path in sorted(failures)), in_time)

    def _files(self) -> Iterator[PhotoFile]:
        """List photos to read; a second photo of a content is decoded only if the first has other content."""
        while True:
            with self._open_to_read() as session:
                contents = self._redescription(session).undescribed(self.last, _AHEAD)
            if not contents:
                return
            for content in contents:
                self.last = content.content_id
                self._detector.contents.update(dict.fromkeys(content.digests, content))
                for file in content.files:
                    self._asked[file.path] = content.digest
                    yield file

    def _record(self, outcomes: Iterator[Outcome], deadline: float) -> bool:
        """Store descriptors until the outcomes end or the time is up; return whether they ended in time."""
        try:
            for outcome in outcomes:
                self._take(outcome)
                if time.monotonic() >= deadline:
                    break
                if len(self._batch) >= BATCH_PHOTOS or time.monotonic() - self._committed >= BATCH_SECONDS:
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
        asked, faces = self._asked.pop(outcome.file.path), 0
        wanted = self._detector.contents
        if isinstance(outcome, PhotoIndexed) and (content := wanted.get(outcome.digest)):
            faces = len(outcome.faces)
            for digest in content.digests:
                wanted.pop(digest)
            self._done.update(content.digests)
            self._failed.pop(content.digest, None)
            if faces:
                vectors = np.stack([face.vector for face in outcome.faces])
                self._batch.append(NewDescriptors(content.digest, content.face_ids, vectors))
        elif isinstance(outcome, PhotoFailed) and asked in wanted:
            self._failed[asked] = outcome
        before = self._progress
        done = min(before.done + 1, before.total)
        self._progress = Progress(before.total, done, before.faces + faces, len(self._failed))
        self._listeners.progress(self._progress)

    def _commit(self, patience: float) -> None:
        if self._batch:
            with self._open_to_write(patience) as session, undisturbed():
                self._added += self._redescription(session).add(self._batch)
                self._batch = []
        self._committed = time.monotonic()

    def _redescription(self, session: Session) -> Redescription:
        return Redescription(session.database, self._model)


def _left(deadline: float) -> float:
    """Compute the seconds until the deadline, and always enough to store the last batch."""
    return max(deadline - time.monotonic(), PATIENCE)
