"""Opens a library for each call of the public API; threads may share the sessions.

One reading session and the networks stay open, as do gallery and index until a process changes the library.
"""

import glob
import os
import shutil
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from faceindex.errors import FaceindexError, explained
from faceindex.lock import DECISION_PATIENCE, PATIENCE
from faceindex.results import Listeners
from faceindex.session import Session
from faceindex.settings import Settings
from index.store.opening import backend_of

if TYPE_CHECKING:
    from faceindex.asking.examine import FilmAids
    from faceindex.asking.identifier import Identifier
    from faceindex.naming.review_queue import ReviewQueue
    from faceindex.open_index import OpenIndex
    from index.vectors.vector_store import VectorStore
    from pipeline.detection.detector import DetectionOptions
    from pipeline.drawn_faces import DrawnFaces
    from pipeline.models.registry import ModelSpec
    from pipeline.runner import Runner
    from pipeline.values import ModelId

_P = ParamSpec("_P")
_T = TypeVar("_T")


class WarmSessions:
    """The sessions of one library; ``patience`` are the seconds that a call waits for another one.

    By default, a run waits ``PATIENCE`` seconds for another run, and a decision ``DECISION_PATIENCE`` for its
    turn.
    """

    def __init__(self, settings: Settings, listeners: Listeners, patience: float | None) -> None:
        self.settings = settings
        self.listeners = listeners
        self._patience = patience
        self._opening = Lock()
        self._reader: Session | None = None
        self._openings = 0
        self._loading = Lock()
        self._runners: dict[tuple[ModelId, DetectionOptions], Runner] = {}
        self._identifying = Lock()
        self._identified: tuple[Session, Hashable, Identifier] | None = None
        self._index: OpenIndex | None = None
        self._queue: ReviewQueue | None = None

    def read(
        self, use_case: Callable[Concatenate[Session, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Call a use case with a reading session."""
        with explained():
            return use_case(self._current()[0], *args, **kwargs)

    def read_judged(
        self, use_case: Callable[Concatenate[Session, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Call a use case with a reading session, after all faces were judged, as after an upgrade none are.

        Where the library cannot be written, it is noted that they are not.
        """
        from index.people.likely_faces import is_known_whom_faces_are_like

        with explained(), self._current()[0].database.read() as connection:
            is_known = is_known_whom_faces_are_like(connection)
        if not is_known:
            from faceindex.naming.clusters import group

            try:
                self.decide(group)
            except FaceindexError as error:
                self.listeners.note(f"{error}. Until then, it is not known whom faces probably show.")
        return self.read(use_case, *args, **kwargs)

    def run(
        self, use_case: Callable[Concatenate[Session, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Call a use case with a session for a run, of an existing library."""
        with self.writing() as session:
            return use_case(session, *args, **kwargs)

    def decide(
        self, use_case: Callable[Concatenate[Session, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Call a use case that writes in one turn, also while a run is at work."""
        with explained(), self._to_decide(self.settings) as session:
            session.open_vectors = partial(self._saved_vectors, session)
            session.people.known = self._current()[0].people.known
            return use_case(session, *args, **kwargs)

    def try_out(
        self, use_case: Callable[Concatenate[Session, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Call a use case that takes back what it writes; with a copy of a library that cannot be written."""
        from index.errors import LibraryInaccessible

        with explained(), ExitStack() as stack:
            try:
                session = stack.enter_context(self._to_decide(self.settings))
            except FaceindexError as error:
                if not isinstance(error.__cause__, LibraryInaccessible):
                    raise
                session = stack.enter_context(self._to_decide(stack.enter_context(_copied(self.settings))))
            return use_case(session, *args, **kwargs)

    def each(
        self, use_case: Callable[Concatenate[Session, _P], Iterator[_T]], *args: _P.args, **kwargs: _P.kwargs
    ) -> Iterator[_T]:
        """Call a use case that yields, with a reading session."""
        with explained():
            yield from use_case(self._current()[0], *args, **kwargs)

    @contextmanager
    def writing(self, *, make: bool = False) -> Iterator[Session]:
        """Open a session for a run; see ``Session.open_to_write``."""
        patience = PATIENCE if self._patience is None else self._patience
        opened = Session.open_to_write(self.settings, self.listeners, make=make, patience=patience)
        with explained(), opened as session:
            yield session

    def runner(self, model: "ModelSpec", settings: Settings | None = None) -> "Runner":
        """Return a runner for single photos that describes faces by ``model``, loaded once.

        ``settings`` name the detector, by default those of the program.
        """
        from faceindex.engine import build_runner

        settings = settings or self.settings
        key = model.model_id, settings.detection
        with self._loading:
            runner = self._runners.get(key)
            if runner is None:
                runner = self._runners[key] = build_runner(settings, model, workers=1)
                runner.prepare()  # in parallel with what the caller does next
            return runner

    def drawn_faces(self) -> "DrawnFaces":
        """Return what looks at faces that people draw, by the networks of the library's model."""
        session, _ = self._current()
        return self.runner(session.model(), session.own_settings()).drawn_faces

    def asking(self) -> "tuple[Runner, Callable[[], Identifier]]":
        """Return the runner of the library's model, and what waits for the identifier of its present state.

        The identifier is loaded meanwhile, in parallel with what the caller does next.
        """
        session, state = self._current()
        runner = self.runner(session.model(), session.own_settings())
        pool = ThreadPoolExecutor(1)
        loading = pool.submit(self._identifier_of, session, state)
        pool.shutdown(wait=False)
        return runner, loading.result

    def film_aids(self) -> "FilmAids":
        """Return what helps with films that are asked about."""
        from faceindex.asking.examine import FilmAids, recorded_film

        if not self.settings.library.exists():
            return FilmAids(step=self.listeners.step)
        return FilmAids(lambda file, digest: self.read(recorded_film, file, digest), self.listeners.step)

    def identifier(self) -> "Identifier":
        """Return the identifier of the library's present state, without a runner."""
        return self._identifier_of(*self._current())

    def read_queued(
        self,
        use_case: "Callable[Concatenate[ReviewQueue, Session, Hashable, _P], _T]",
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _T:
        """Call a use case with what keeps questions ranked, a reading session, and its library's state."""
        from faceindex.naming.review_queue import ReviewQueue

        self.read_judged(lambda session: None)
        with explained():
            session, state = self._current()
            with self._opening:
                self._queue = self._queue or ReviewQueue()
            return use_case(self._queue, session, state, *args, **kwargs)

    def version(self) -> str:
        """Return what ``Library.version`` returns."""
        with explained():
            state = self._current()[1]
            return f"{self._openings}-{state}"

    def close(self) -> None:
        """Close files, networks and the processes that decode photos."""
        with self._opening:
            self._forget()

    def _to_decide(self, settings: Settings) -> Session:
        patience = DECISION_PATIENCE if self._patience is None else self._patience
        return Session.open_to_decide(settings, self.listeners, patience)

    def _current(self) -> tuple[Session, Hashable]:
        """Return the reading session and its library's state; opened anew if the library was replaced."""
        with self._opening:
            state = None if self._reader is None else self._reader.database.state()
            if self._reader is None or state is None:
                self._forget()
                self._reader = Session.open(self.settings, self.listeners)
                self._openings += 1
                state = self._reader.database.state()
            return self._reader, state

    def _identifier_of(self, session: Session, state: Hashable) -> "Identifier":
        from faceindex.asking.identifier import Identifier

        with self._identifying:
            before = self._identified if self._identified and self._identified[0] is session else None
            if before is not None and before[1] == state:
                return before[2]
            vectors = self._open_index().current(session)
            identifier = Identifier(session, vectors, None if before is None else before[2])
            self._identified = session, state, identifier
            return identifier

    def _saved_vectors(self, writer: Session) -> "VectorStore":
        """Return the index by which the decisions of ``writer`` are followed; it stays open."""
        return self._open_index().as_saved(self._current()[0], writer)

    def _open_index(self) -> "OpenIndex":
        from faceindex.open_index import OpenIndex  # it brings FAISS

        with self._opening:
            self._index = self._index or OpenIndex()
            return self._index

    def _forget(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader = self._identified = self._index = None
        self._runners = {}  # a model that a library has learned is its own


@contextmanager
def _copied(settings: Settings) -> Iterator[Settings]:
    """Copy a library and its saved index to a temporary folder; yield settings that name the copy."""
    library = Path(os.path.abspath(settings.library))
    with TemporaryDirectory(prefix="faceindex-") as folder:
        copy = Path(folder) / library.name
        backend_of(library).back_up(library, copy)
        for index in library.parent.glob(f"{glob.escape(library.name)}.*.faiss"):
            shutil.copyfile(index, copy.with_name(index.name))
        yield settings.model_copy(update={"library": copy})
