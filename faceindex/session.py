"""An open library: its settings, its tables, its model. Every use case takes one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from faceindex.errors import FaceindexError, LibraryLocked, explained
from faceindex.lock import DECISION_PATIENCE, PATIENCE, locked, turn
from faceindex.model_lookup import find_model
from faceindex.results import Listeners
from faceindex.settings import AUTO, Settings
from index.decisions.journal import Journal
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.recognition.stored_calibration import thresholds_for
from index.recognition.thresholds import Thresholds
from index.store.kept_values import KeptValues
from index.store.opening import backend_of, create_store, open_store
from index.store.store import Access, Store
from index.values import I64, Descriptors
from pipeline.models.registry import ModelSpec, spec

if TYPE_CHECKING:
    from index.vectors.vector_store import VectorStore


class Session:
    """A library open for reading, also by several threads; for a run, under its lock; or for a decision."""

    def __init__(self, settings: Settings, database: Store, listeners: Listeners, stack: ExitStack) -> None:
        self.settings = settings
        self.database = database
        self.catalog = Catalog(database)
        self.people = PeopleQueries(database)
        self.kept = KeptValues(database)
        self.journal = Journal(database)
        self.listeners = listeners
        self.open_vectors: Callable[[], VectorStore] | None = None  # by whoever keeps it open
        self._stack = stack

    @classmethod
    def open(cls, settings: Settings, listeners: Listeners | None = None) -> Self:
        """Open an existing library for reading; ``NoLibrary`` if there is none."""
        with explained(), ExitStack() as stack:
            database = stack.enter_context(open_store(settings.library, Access.READ))
            return cls(settings, database, listeners or Listeners(), stack.pop_all())

    @classmethod
    def open_to_write(
        cls,
        settings: Settings,
        listeners: Listeners | None = None,
        *,
        make: bool = True,
        patience: float = PATIENCE,
    ) -> Self:
        """Open a library for a run, or ``make`` a missing one; no other run is at work meanwhile.

        Decisions may be: each transaction is a turn of its own, and ``faceindex.lock.turn`` takes one for
        several.

        Raises:
            NoLibrary: There is none, and ``make`` is false.
            BadRequest: The model in the settings does not exist.
            LibraryLocked: Another run is changing the library, even after ``patience`` seconds.
        """
        with explained(), ExitStack() as stack:
            if not make or settings.library.exists():
                # Before a lock file is left beside something that is no library.
                backend_of(settings.library).check_exists(settings.library)
            elif settings.model != AUTO:
                spec(settings.model)  # before a typing error creates a library
            stack.enter_context(locked(settings.library, patience))
            database = stack.enter_context(create_store(settings.library))
            return cls(settings, database, listeners or Listeners(), stack.pop_all())

    @classmethod
    def open_to_decide(
        cls, settings: Settings, listeners: Listeners | None = None, patience: float = DECISION_PATIENCE
    ) -> Self:
        """Open an existing library for a decision, also during a run; nobody else writes meanwhile.

        If it must wait for more than ``PATIENCE`` seconds, it notes for whom.

        Raises:
            NoLibrary: There is none.
            LibraryLocked: Somebody else is writing, even after ``patience`` seconds.
        """
        listeners = listeners or Listeners()
        with explained(), ExitStack() as stack:
            backend_of(settings.library).check_exists(settings.library)
            try:
                stack.enter_context(turn(settings.library, min(patience, PATIENCE)))
            except LibraryLocked as error:
                if patience <= PATIENCE:
                    raise
                listeners.note(f"{error} Waiting for it.")
                stack.enter_context(turn(settings.library, patience - PATIENCE))
            database = stack.enter_context(create_store(settings.library))
            return cls(settings, database, listeners, stack.pop_all())

    def close(self) -> None:
        """Close the files and release the lock."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def ensure_model(self) -> ModelSpec:
        """Return the library's model; for a new library the one in the settings, or the best available.

        A new library gets the detector of the settings too.

        Raises:
            BadRequest: The settings name another model or detector than the library's, or none that exists.
            WeightsUnavailable: The model's weights are missing or invalid.
        """
        with explained():
            own, asked = self.catalog.model(), self.settings.model
            if own is not None:
                model = find_model(self.database, own)
                wanted = model if asked in (AUTO, model.base) else find_model(self.database, asked)
                detector = self.own_settings().detector
                if self.settings.detector not in (AUTO, detector):
                    detector = self.settings.detector
                self.catalog.choose_model(wanted.model_id, detector)  # refuses others
                return model
            from pipeline.models.weights import WeightsStore, choose  # they bring OpenVINO

            store = WeightsStore(self.settings.cache_dir)
            choice = choose(asked, store, self.listeners.download)
            store.locate(choice.model)
            if asked == AUTO:
                self.listeners.note(f"The library's model is {choice.reason}")
            self.catalog.choose_model(choice.model.model_id, self.settings.detection.detector)
            return choice.model

    def own_settings(self) -> Settings:
        """Return the settings with the library's detector, if it has one yet.

        Raises:
            BadRequest: This program does not know the detector.
        """
        own = self.catalog.detector()
        return self.settings if own is None else self.settings.with_detector(own)

    def thresholds(self) -> Thresholds:
        """Return the thresholds for similarities in this library."""
        with explained():
            return thresholds_for(self.database, self.model().model_id)

    def model(self) -> ModelSpec:
        """Return the library's model; ``FaceindexError`` if nothing was ever scanned into the library."""
        with explained():
            own = self.catalog.model()
            if own is None:
                raise FaceindexError(
                    f"The library {self.settings.library} is empty: fill it with 'faceindex scan FOLDER'."
                )
            return find_model(self.database, own)

    def vectors(self) -> "VectorStore":
        """Return the library's index as it was saved last, or the one that stays open for decisions."""
        if self.open_vectors is not None:
            return self.open_vectors()
        from index.vectors.saved_index import open_saved_index  # it brings FAISS

        with explained():
            model = self.model()
            return open_saved_index(self.catalog, model.model_id, model.dimension).index

    def descriptors(self, face_ids: Sequence[int] | I64) -> Iterator[Descriptors]:
        """Yield the descriptors of faces by the library's model, in chunks; ``face_ids`` are ascending."""
        with explained():
            yield from self.catalog.descriptors(self.model().model_id, face_ids)

    def described(self, face_ids: Sequence[int] | I64) -> Descriptors:
        """Read the descriptors of faces at once; otherwise as ``descriptors``."""
        return Descriptors.joined(self.descriptors(face_ids), self.model().dimension)
