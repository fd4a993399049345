"""Describes faces that are known already, by another model, or by the library's own where it has not yet.

Each photo is decoded again and its faces are cut as the model wants them, at the places where they were
found: nothing is sought. The work goes on beside whatever else is done with the library, which is locked
only for the moments in which descriptors are written down. What is written stays, whatever ends the run, and
the next run does the rest. This module changes no library's model: ``faceindex.scanning.model_switch`` does.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from faceindex.errors import LibraryLocked
from faceindex.listeners import Listeners
from faceindex.lock import PATIENCE
from faceindex.results import Progress
from faceindex.scanning.recording import BATCH_PHOTOS, BATCH_SECONDS
from faceindex.stopping import undisturbed
from index.photos.redescription import Redescription
from index.store.store import Store
from index.values import FreshDescriptors, Undescribed
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

Turn: TypeAlias = Callable[[float], AbstractContextManager[Store]]
"""Opens the library to write in it, for a moment; waits at most so many seconds for another run.

Raises:
    LibraryLocked: The other run was not done by then.
"""

Reading: TypeAlias = Callable[[], AbstractContextManager[Store]]
"""Opens the library to read in it, whoever writes in it meanwhile."""

Describe: TypeAlias = Callable[[Detector], Outcomes]
"""Builds what looks at files with a detector."""

_AHEAD = 256
"""Contents of which the faces are read at once."""


@dataclass(frozen=True, slots=True)
class RedescriptionResult:
    """What came of a run.

    Attributes:
        faces: Descriptors that were added.
        failures: Photos that could not be read, by path: of their contents no other could either.
        in_time: It came to its end before the time was up.
    """

    faces: int
    failures: tuple[PhotoFailed, ...]
    in_time: bool


class KnownFaces:
    """A detector that looks at no pixel: it finds in each content the faces that are known to be there."""

    name = "known faces"

    def __init__(self) -> None:
        self._contents: dict[bytes, Undescribed] = {}

    def expect(self, content: Undescribed) -> None:
        """Be ready for a content."""
        self._contents[content.digest] = content

    def is_unexpected(self, digest: bytes) -> bool:
        """Whether there is nothing to find in this content."""
        return digest not in self._contents

    def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
        """The known faces, by rising id; none where another copy of the content was done meanwhile."""
        content = self._contents.get(photo.digest)
        return () if content is None else content.faces

    def done(self, digest: bytes) -> Undescribed:
        """Expect a content no more."""
        return self._contents.pop(digest)


class Describer:
    """Describes the faces of one library that a model has not described.

    Args:
        turn: Opens the library to write.
        reading: Opens it to read, in another thread.
        model: The model.
        describe: Looks at files, where a detector has been told which faces are in them.
        listeners: Who is told how it goes.
    """

    def __init__(
        self, turn: Turn, reading: Reading, model: ModelId, describe: Describe, listeners: Listeners
    ) -> None:
        self._turn = turn
        self._reading = reading
        self._model = model
        self._listeners = listeners
        self._detector = KnownFaces()
        self._outcomes = describe(self._detector)
        self._after = 0
        self._batch: list[FreshDescriptors] = []
        self._committed = time.monotonic()
        self._added = 0
        self._failed: dict[bytes, PhotoFailed] = {}
        self._asked: dict[bytes, bytes] = {}  # digests, by the paths that were asked for them
        self._progress = Progress(0, 0, 0, 0)

    def run(self, deadline: float) -> RedescriptionResult:
        """Describe what there is; called again, what came to the library meanwhile.

        Args:
            deadline: When to stop, by ``time.monotonic``.

        Raises:
            LibraryError: The library cannot be read or written.
            ModelError: The model's weights are not there or not right.
        """
        with self._turn(_left(deadline)) as database:
            contents = self._redescription(database).coverage().contents
        in_time = True
        if contents:
            self._progress = Progress(contents, 0, 0, 0)
            with closing(self._outcomes(self._files(), self._detector.is_unexpected)) as outcomes:
                in_time = self._record(outcomes, deadline)
        failures = {failure.file.path: failure for failure in self._failed.values()}
        return RedescriptionResult(self._added, tuple(failures[path] for path in sorted(failures)), in_time)

    @property
    def last(self) -> int:
        """Id of the last content that was looked at: those that come later have higher ones."""
        return self._after

    def _files(self) -> Iterator[PhotoFile]:
        """The photos to read. A content's second photo is read only where the first was not that content."""
        while True:
            with self._reading() as database:
                contents = self._redescription(database).undescribed(self._after, _AHEAD)
            if not contents:
                return
            for content in contents:
                self._after = content.content_id
                self._detector.expect(content)
                for file in content.files:
                    self._asked[file.path] = content.digest
                    yield file

    def _record(self, outcomes: Iterator[Outcome], deadline: float) -> bool:
        """Write down what is found; whether that came to an end before the time was up."""
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
        asked = self._asked.pop(outcome.file.path)
        if isinstance(outcome, PhotoIndexed):
            content = self._detector.done(outcome.digest)
            self._failed.pop(outcome.digest, None)
            if outcome.faces:
                vectors = np.stack([face.vector for face in outcome.faces])
                self._batch.append(FreshDescriptors(content.digest, content.face_ids, vectors))
        elif isinstance(outcome, PhotoFailed) and not self._detector.is_unexpected(asked):
            self._failed[asked] = outcome
        self._report(outcome)

    def _report(self, outcome: Outcome) -> None:
        before = self._progress
        faces = len(outcome.faces) if isinstance(outcome, PhotoIndexed) else 0
        done = min(before.done + 1, before.total)
        self._progress = Progress(before.total, done, before.faces + faces, len(self._failed))
        self._listeners.progress(self._progress)

    def _commit(self, patience: float) -> None:
        if self._batch:
            with self._turn(patience) as database, undisturbed():
                self._added += self._redescription(database).add(self._batch)
                self._batch = []
        self._committed = time.monotonic()

    def _redescription(self, database: Store) -> Redescription:
        return Redescription(database, self._model)


def _left(deadline: float) -> float:
    """Seconds until then; a moment at least, so that what is in hand can be written down."""
    return max(deadline - time.monotonic(), PATIENCE)
