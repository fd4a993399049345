"""An open library: its settings, its tables, its model. Every use case takes one.

A library is one SQLite file, with its index and its lock beside it. This module prints nothing, and knows no
use case.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Self

from faceindex.errors import FaceindexError, explained
from faceindex.listeners import Listeners
from faceindex.lock import PATIENCE, locked
from faceindex.model_lookup import find_model
from faceindex.settings import AUTO, Settings
from index.photos.catalog import Catalog
from index.recognition.stored_calibration import thresholds_for
from index.recognition.thresholds import Thresholds
from index.store.opening import backend_of, create_store, open_store
from index.store.store import Access, Store
from index.values import Descriptors
from pipeline.models.registry import ModelSpec, spec


class Session:
    """An open library: to read, or to write under its lock. Use it in a ``with`` block.

    Several threads may read in one.

    Attributes:
        settings: What it was opened with.
        database: Its tables.
        catalog: What it knows of photos and faces.
        listeners: Who is told how work goes.
    """

    def __init__(self, settings: Settings, database: Store, listeners: Listeners, stack: ExitStack) -> None:
        self.settings = settings
        self.database = database
        self.catalog = Catalog(database)
        self.listeners = listeners
        self._stack = stack

    @classmethod
    def open(cls, settings: Settings, listeners: Listeners | None = None) -> Self:
        """Open an existing library, to read in it.

        Raises:
            NoLibrary: There is none.
            FaceindexError: It cannot be used; see ``faceindex.errors``.
        """
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
        """Open a library to change it; nobody else can change it meanwhile.

        Args:
            settings: Where it is, and the model of a new one.
            listeners: Who is told how work goes.
            make: Where there is none, make one.
            patience: Seconds to wait for another run.

        Raises:
            NoLibrary: There is none, and none was to be made.
            BadRequest: There is no model of the name in the settings.
            LibraryLocked: Another run is at work on it.
            FaceindexError: It cannot be used; see ``faceindex.errors``.
        """
        with explained(), ExitStack() as stack:
            if not make or settings.library.exists():
                # Before a lock is left beside a photo that was taken for a library.
                backend_of(settings.library).check_exists(settings.library)
            elif settings.model != AUTO:
                spec(settings.model)  # before a library is made for a slip of the pen
            stack.enter_context(locked(settings.library, patience))
            database = stack.enter_context(create_store(settings.library))
            return cls(settings, database, listeners or Listeners(), stack.pop_all())

    def close(self) -> None:
        """Let go of the files and the lock."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def ensure_model(self) -> ModelSpec:
        """The library's model; for a new library the one that was asked for, or the best to be had.

        Raises:
            BadRequest: Another model was asked for than the library's, or one that there is not.
            WeightsUnavailable: The weights of the model that was asked for are not here, or not right.
        """
        with explained():
            own, asked = self.catalog.model(), self.settings.model
            if own is not None:
                model = find_model(self.database, own)
                if asked not in (AUTO, model.base):
                    self.catalog.choose_model(find_model(self.database, asked).model_id)  # refuses another
                return model
            from pipeline.models.weights import WeightsStore, choose  # they bring OpenVINO

            store = WeightsStore(self.settings.cache_dir)
            choice = choose(asked, store, self.listeners.download)
            store.locate(choice.model)
            if asked == AUTO:
                self.listeners.note(f"The library's model is {choice.reason}")
            self.catalog.choose_model(choice.model.model_id)
            return choice.model

    def thresholds(self) -> Thresholds:
        """What a similarity between two faces of this library means."""
        with explained():
            return thresholds_for(self.database, self.model().model_id)

    def model(self) -> ModelSpec:
        """The library's model.

        Raises:
            FaceindexError: It has none yet: nothing was ever scanned into it.
        """
        with explained():
            own = self.catalog.model()
            if own is None:
                raise FaceindexError(
                    f"The library {self.settings.library} is empty: fill it with 'faceindex scan FOLDER'."
                )
            return find_model(self.database, own)

    def descriptors(self, face_ids: Sequence[int]) -> Iterator[Descriptors]:
        """The descriptors of faces by the library's model, in chunks; ``face_ids`` rise."""
        with explained():
            yield from self.catalog.descriptors(self.model().model_id, face_ids)
