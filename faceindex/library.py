"""The library and its use cases: scan, ask, export, statistics. No printing, no command line.

A library is one SQLite file, with its index and its lock beside it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Self, TypeAlias

from faceindex.asking.examine import examine
from faceindex.errors import BadRequest, FaceindexError, explained
from faceindex.lock import PATIENCE, locked
from faceindex.maintenance import place_advice
from faceindex.model_lookup import find_model
from faceindex.results import Answer, Planned, ScanSummary
from faceindex.scanning.scan import Scan, ScanListeners, ScanOptions
from faceindex.scanning.scan_roots import unreachable
from faceindex.scanning.survey import plan
from faceindex.settings import AUTO, Settings
from index.photos.catalog import Catalog
from index.photos.photo_roots import Roots
from index.recognition.identify import NeighborOptions
from index.recognition.stored_calibration import thresholds_for
from index.recognition.thresholds import Thresholds
from index.store.opening import create_store, open_store
from index.store.sqlite.database import check_file
from index.store.store import Access, Store
from index.values import Descriptors, FaceRecord, Statistics
from pipeline.models.registry import ModelSpec, spec
from pipeline.values import PhotoFailed

DEFAULT_NEIGHBORS = 5

Download: TypeAlias = Callable[[int, int], None]
"""Called with the bytes of a download received, and in all."""


class Library:
    """An open library. Use it in a ``with`` block, in one thread."""

    def __init__(self, settings: Settings, database: Store, stack: ExitStack) -> None:
        self._settings = settings
        self._database = database
        self._catalog = Catalog(database)
        self._stack = stack

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open an existing library, to read in it.

        Raises:
            NoLibrary: There is none.
            FaceindexError: It cannot be used; see ``faceindex.errors``.
        """
        with explained(), ExitStack() as stack:
            database = stack.enter_context(open_store(settings.library, Access.READ))
            return cls(settings, database, stack.pop_all())

    @classmethod
    def open_to_write(cls, settings: Settings, *, make: bool = True, patience: float = PATIENCE) -> Self:
        """Open a library to change it; nobody else can change it meanwhile.

        Args:
            settings: Where it is, and the model of a new one.
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
                check_file(settings.library)  # before a lock is left beside a photo that was taken for one
            elif settings.model != AUTO:
                spec(settings.model)  # before a library is made for a slip of the pen
            stack.enter_context(locked(settings.library, patience))
            database = stack.enter_context(create_store(settings.library))
            return cls(settings, database, stack.pop_all())

    @property
    def settings(self) -> Settings:
        """What it was opened with."""
        return self._settings

    @property
    def database(self) -> Store:
        """Its tables, for the modules beside this one that have use cases of their own."""
        return self._database

    @property
    def catalog(self) -> Catalog:
        """What it knows of photos and faces, for the same."""
        return self._catalog

    def close(self) -> None:
        """Let go of the files and the lock."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def scan(
        self,
        roots: Sequence[bytes],
        listeners: ScanListeners | None = None,
        options: ScanOptions | None = None,
    ) -> ScanSummary:
        """Bring the library up to date with some folders and files.

        Args:
            roots: Absolute paths of folders and files.
            listeners: Who is told how it goes.
            options: How to go about it.

        Returns:
            What was done; also where the losses of some roots were not believed, which it then names.

        Raises:
            BadRequest: A root cannot be looked at, and is not known either, or another model was asked for
                than the library's.
            FaceindexError: See ``faceindex.errors``; what was done until then is kept.
        """
        listeners = listeners or ScanListeners()
        with explained():
            check_roots(self._settings, roots)
            if advice := place_advice(self._settings.library):
                listeners.note(advice)
            model = self.settle_model(listeners.note)
            scan = Scan(self._database, model, self._settings, listeners)
            return scan.run(roots, options or ScanOptions())

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
                model = find_model(self._database, own)
                if asked not in (AUTO, model.base):
                    self._catalog.choose_model(find_model(self._database, asked).model_id)  # refuses another
                return model
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
        wanted: NeighborOptions | None = None,
        note: Callable[[str], None] = lambda _: None,
        *,
        hidden: bool = False,
    ) -> Iterator[Answer | PhotoFailed]:
        """Find the faces of photos, who they are, and the faces of the library that are nearest to each.

        Args:
            photos: Absolute paths. They need not be in the library; where one is, its own faces are no
                matches.
            wanted: How many near faces, and how similar.
            note: Called with sentences for the user.
            hidden: Name hidden persons too.

        Yields:
            One answer, or failure, for each photo, in order.

        Raises:
            FaceindexError: See ``faceindex.errors``.
        """
        from faceindex.asking.identifier import Identifier
        from faceindex.engine import Work, build_runner

        wanted = wanted or NeighborOptions(k=DEFAULT_NEIGHBORS)
        with explained():
            model = self.model()
            with ThreadPoolExecutor(1) as beside:  # the networks come from other files than the index
                loading = beside.submit(build_runner, self._settings, model, Work(photos=1))
                identifier = Identifier(self, note, hidden=hidden)
                runner = loading.result()
            for found in examine(photos, runner):
                yield found if isinstance(found, PhotoFailed) else identifier.answer(found, wanted)

    def thresholds(self) -> Thresholds:
        """What a similarity between two faces of this library means."""
        with explained():
            return thresholds_for(self._database, self.model().model_id)

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
            return find_model(self._database, own)

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
        BadRequest: A root cannot be looked at, and is not known either.
        FaceindexError: There is a library that cannot be used.
    """
    with explained():
        check_roots(settings, roots)
        states = {}
        if settings.library.exists():
            with open_store(settings.library, Access.READ) as database:
                states = Catalog(database).states_under(roots)
        reasons = {root: unreachable(root) for root in roots}
        yield from (Planned(root, read=False, reason=why) for root, why in reasons.items() if why)
        yield from plan(states, [root for root in roots if reasons[root] is None])


def check_roots(settings: Settings, roots: Sequence[bytes]) -> None:
    """See that folders and files to scan are there, or are known, as a disk that is not mounted.

    Raises:
        BadRequest: One is not.
        FaceindexError: There is a library that cannot be used.
    """
    reasons = [(root, why) for root in roots if (why := unreachable(root)) is not None]
    if not reasons:
        return
    known: set[bytes] = set()
    if settings.library.exists():
        with explained(), open_store(settings.library, Access.READ) as database:
            known = {root for root, _ in reasons if Roots(database).knows(root)}
    for root, why in reasons:
        if root not in known:
            raise BadRequest(f"{os.fsdecode(root)} cannot be scanned: {why}.")
