"""The library and its use cases: scan, ask, export, statistics. No printing, no command line.

A library is one SQLite file, with its index and its lock beside it.
"""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self, TypeAlias

import numpy as np

from faceindex.errors import BadRequest, FaceindexError, explained
from faceindex.lock import locked
from faceindex.scan import Listeners, Scan, not_a_photo, plan
from faceindex.settings import AUTO, Settings
from faceindex.values import Answer, KnownFace, Planned, ScanSummary
from index.catalog import Catalog
from index.database import check_file, create_database, open_database
from index.identify import Wanted, nearest
from index.sqlite import Access
from index.values import Descriptors, FaceRecord, Statistics
from index.vectors import VectorIndex, load_index
from pipeline.models.registry import ModelSpec, spec
from pipeline.values import F32, PhotoFailed, PhotoFile, PhotoIndexed, PhotoSkipped, Reason, Stage

DEFAULT_NEIGHBORS = 5

Download: TypeAlias = Callable[[int, int], None]
"""Called with the bytes of a download received, and in all."""


class Library:
    """An open library. Use it in a ``with`` block, in one thread."""

    def __init__(self, settings: Settings, catalog: Catalog, stack: ExitStack) -> None:
        self._settings = settings
        self._catalog = catalog
        self._stack = stack

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open an existing library, to read in it.

        Raises:
            NoLibrary: There is none.
            FaceindexError: It cannot be used; see ``faceindex.errors``.
        """
        with explained(), ExitStack() as stack:
            database = stack.enter_context(open_database(settings.library, Access.READ))
            return cls(settings, Catalog(database), stack.pop_all())

    @classmethod
    def open_to_write(cls, settings: Settings) -> Self:
        """Open a library to change it, or make a new one; nobody else can change it meanwhile.

        Raises:
            BadRequest: There is no model of the name in the settings.
            LibraryLocked: Another run is at work on it.
            FaceindexError: It cannot be used; see ``faceindex.errors``.
        """
        with explained(), ExitStack() as stack:
            if settings.model != AUTO:
                spec(settings.model)  # before a library is made for a slip of the pen
            if settings.library.exists():
                check_file(settings.library)  # before a lock is left beside a photo that was taken for one
            stack.enter_context(locked(settings.library))
            database = stack.enter_context(create_database(settings.library))
            return cls(settings, Catalog(database), stack.pop_all())

    def close(self) -> None:
        """Let go of the files and the lock."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def scan(self, roots: Sequence[bytes], listeners: Listeners | None = None) -> ScanSummary:
        """Bring the library up to date with some folders and files.

        Args:
            roots: Absolute paths of folders and files.
            listeners: Who is told how it goes.

        Raises:
            BadRequest: A root cannot be looked at, or another model was asked for than the library's.
            FaceindexError: See ``faceindex.errors``; what was done until then is kept.
        """
        listeners = listeners or Listeners()
        with explained():
            check_roots(roots)
            model = self.settle_model(listeners.note)
            return Scan(self._catalog, model, self._settings, listeners).run(roots)

    def settle_model(
        self, note: Callable[[str], None] = lambda _: None, progress: Download = lambda done, total: None
    ) -> ModelSpec:
        """The library's model; for a new library the one that was asked for, or the best to be had.

        Args:
            note: Called with a sentence for the user, where the choice was left to us.
            progress: Called if the weights are downloaded.

        Raises:
            BadRequest: Another model was asked for than the library's, or one that there is not.
            WeightsUnavailable: The weights of the model that was asked for are not here, or not right.
        """
        with explained():
            own, asked = self._catalog.model(), self._settings.model
            if own is not None:
                if asked != AUTO:
                    self._catalog.choose_model(spec(asked).model_id)  # refuses another one
                return spec(own)
            from pipeline.models.weights import WeightsStore, choose  # they bring OpenVINO

            store = WeightsStore(self._settings.cache_dir)
            choice = choose(asked, store, progress)
            store.locate(choice.model)
            if asked == AUTO:
                note(f"The library's model is {choice.reason}")
            self._catalog.choose_model(choice.model.model_id)
            return choice.model

    def who(
        self,
        photos: Sequence[bytes],
        wanted: Wanted | None = None,
        note: Callable[[str], None] = lambda _: None,
    ) -> Iterator[Answer | PhotoFailed]:
        """Find the faces of photos, and the faces of the library that are nearest to each.

        Args:
            photos: Absolute paths. They need not be in the library; where one is, its own faces are no
                matches.
            wanted: How many near faces, and how similar.
            note: Called with sentences for the user.

        Yields:
            One answer, or failure, for each photo, in order.

        Raises:
            FaceindexError: See ``faceindex.errors``.
        """
        from faceindex.engine import Work, build_runner

        wanted = wanted or Wanted(k=DEFAULT_NEIGHBORS)
        with explained():
            model = self.model()
            loaded = load_index(self._catalog, model.model_id, model.dimension)
            if loaded.note:
                note(loaded.note)
            runner = build_runner(self._settings, model, Work(photos=1))
            for file in map(_photo_file, photos):
                if isinstance(file, PhotoFailed):
                    yield file
                    continue
                (outcome,) = runner.run([file], lambda _: False)
                yield (
                    self._answer(outcome, loaded.index, wanted)
                    if isinstance(outcome, PhotoIndexed)
                    else _failed(outcome)
                )

    def _answer(self, photo: PhotoIndexed, index: VectorIndex, wanted: Wanted) -> Answer:
        if not photo.faces:
            return Answer(photo, ())
        queries: F32 = np.stack([face.vector for face in photo.faces])
        others = Wanted(wanted.k, wanted.min_similarity, not_of=photo.digest)
        near = nearest(self._catalog, index, queries, others)
        return Answer(
            photo, tuple(KnownFace(face, tuple(each)) for face, each in zip(photo.faces, near, strict=True))
        )

    def holds(self, path: bytes) -> bool:
        """Whether there is a photo at this absolute path, or below it, as far as the library knows."""
        with explained():
            return bool(self._catalog.states_under([path]))

    def model(self) -> ModelSpec:
        """The library's model.

        Raises:
            FaceindexError: It has none yet: nothing was ever scanned into it.
        """
        with explained():
            own = self._catalog.model()
            if own is None:
                raise FaceindexError(
                    f"The library {self._settings.library} is empty: fill it with 'faceindex scan FOLDER'."
                )
            return spec(own)

    def faces(self) -> Iterator[FaceRecord]:
        """All faces, by id."""
        with explained():
            for chunk in self._catalog.all_faces():
                yield from chunk

    def descriptors(self, face_ids: Sequence[int]) -> Iterator[Descriptors]:
        """The descriptors of faces by the library's model, in chunks; ``face_ids`` rise."""
        with explained():
            yield from self._catalog.descriptors(self.model().model_id, face_ids)

    def statistics(self) -> Statistics:
        """The library in figures."""
        with explained():
            return self._catalog.statistics()


def plan_scan(settings: Settings, roots: Sequence[bytes]) -> Iterator[Planned]:
    """What a scan would read and why. Nothing is written; there need not be a library.

    Raises:
        BadRequest: A root cannot be looked at.
        FaceindexError: There is a library that cannot be used.
    """
    with explained():
        check_roots(roots)
        states = {}
        if settings.library.exists():
            with open_database(settings.library, Access.READ) as database:
                states = Catalog(database).states_under(roots)
        yield from plan(states, roots)


def check_roots(roots: Sequence[bytes]) -> None:
    """See that folders and files to scan are there.

    Raises:
        BadRequest: One is not.
    """
    for root in roots:
        name = os.fsdecode(root)
        try:
            mode = os.stat(root).st_mode
        except OSError as error:
            raise BadRequest(
                f"{name} cannot be scanned: {(error.strerror or str(error)).lower()}."
            ) from error
        if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            raise BadRequest(f"{name} cannot be scanned: it is neither a folder nor a regular file.")


def _photo_file(path: bytes) -> PhotoFile | PhotoFailed:
    try:
        found = os.stat(path)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        reason = Reason.VANISHED if missing else Reason.UNREADABLE
        message = "there is no such file" if missing else (error.strerror or str(error)).lower()
        return PhotoFailed(PhotoFile(path, 0, 0), Stage.READ, reason, message, None)
    file = PhotoFile(path, found.st_size, found.st_mtime_ns)
    if stat.S_ISDIR(found.st_mode):
        message = "it is a folder: name the photos in it"
        return PhotoFailed(file, Stage.READ, Reason.UNREADABLE, message, None)
    return file


def _failed(outcome: object) -> PhotoFailed:
    if isinstance(outcome, PhotoSkipped):
        return not_a_photo(outcome.file)
    if isinstance(outcome, PhotoFailed):
        return outcome
    raise TypeError(f"unexpected outcome of a question: {outcome!r}")
