"""What may be wrong in a library that SQLite can read, and what is done about it.

Each inspection looks at one thing: ``find`` says what is wrong and writes nothing, ``repair`` puts right
whatever ``find`` would say now. A repair never invents: it takes out what contradicts itself, and has the
photos concerned read again by the next scan. What SQLite cannot read is the matter of
``index.store.backend``.
"""

import os
import stat
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeAlias

from sqlalchemy import Connection, delete, func, or_, select

from index.arrays import LANDMARKS_BYTES, are_sound
from index.decisions.derived_tables import differences, write_derived_tables
from index.decisions.journal_rows import NotADecision, read_decisions
from index.decisions.model import Decision
from index.decisions.replay import replay
from index.errors import LibraryInaccessible
from index.maintenance.findings import Finding, FindingKind, named
from index.photos.catalog import Catalog
from index.store.conditions import has_declared_type, is_one_of
from index.store.library_files import library_files
from index.store.read_again import read_again
from index.store.schema import decision, descriptor, face
from index.store.store import Store
from index.vectors.saved_index import index_fault, load_index, save_index
from pipeline.values import ModelId

Dimension: TypeAlias = Callable[[ModelId], int | None]
"""The length of a model's descriptors; ``None`` for a model that is not known here."""

CHUNK = 4096
"""Descriptors read at once: 16 MB at most."""


class Inspection(Protocol):
    """Looks at one thing in a library."""

    def find(self) -> list[Finding]:
        """What is wrong; nothing is written.

        Raises:
            LibraryError: The library cannot be read.
        """

    def repair(self) -> None:
        """Put right what is wrong now.

        Raises:
            LibraryError: The library cannot be written.
        """


def inspections(store: Store, dimension: Dimension) -> tuple[Inspection, ...]:
    """All inspections of an open library, in the order in which they are to be repaired."""
    catalog = Catalog(store)
    return (
        ReferenceInspection(store),
        FaceInspection(store),
        DescriptorInspection(store, dimension),
        DerivedTablesInspection(store),
        IndexFileInspection(catalog, dimension),
        PermissionInspection(store.path),
    )


class ReferenceInspection:
    """Rows refer to rows that are there."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self) -> list[Finding]:
        """One finding for each table."""
        return [
            Finding(
                FindingKind.REFERENCES,
                f"rows of the table {table} that refer to others that are not there: {count:,}",
                "delete them; photos among them are read again by the next scan",
            )
            for table, count in self._store.dangling_rows().items()
        ]

    def repair(self) -> None:
        """Delete rows until none refers to nothing."""
        self._store.delete_dangling_rows()


class FaceInspection:
    """Every face is at a place where a face can be.

    What was decided of a face is in the journal by content and box, and finds its way back when the photo
    has been read again.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self) -> list[Finding]:
        """At most one finding."""
        with self._store.read() as connection:
            faces = _misplaced(connection)
        if not faces:
            return []
        message = f"faces whose box or landmarks are none: {len(faces):,} (faces {named(faces)})"
        remedy = "read their photos again at the next scan; delete those whose photos are missing"
        return [Finding(FindingKind.FACES, message, remedy)]

    def repair(self) -> None:
        """Forget the contents that the faces are in, or, where their photos are missing, the faces."""
        with self._store.write() as connection:
            misplaced = is_one_of(face.c.id, _misplaced(connection))
            contents = connection.scalars(select(face.c.content_id).distinct().where(misplaced))
            read_again(connection, list(contents))
            connection.execute(delete(face).where(misplaced))


class DescriptorInspection:
    """Every descriptor is one: as long as its model makes them, finite, and of unit norm.

    A face without a descriptor is no fault: its photo may have been out of reach when the library got
    another model. The nightly run describes it when it can.
    """

    def __init__(self, store: Store, dimension: Dimension) -> None:
        self._store = store
        self._dimension = dimension

    def find(self) -> list[Finding]:
        """One finding for each model."""
        with self._store.read() as connection:
            unsound = self._unsound(connection)
        remedy = "delete them; 'faceindex reindex' describes these faces again"
        return [
            Finding(
                FindingKind.DESCRIPTORS,
                f"descriptors by {model} that are none: {len(faces):,} (faces {named(faces)})",
                remedy,
            )
            for model, faces in unsound.items()
        ]

    def repair(self) -> None:
        """Delete those that are none."""
        columns = descriptor.c
        with self._store.write() as connection:
            for model, faces in self._unsound(connection).items():
                unsound = is_one_of(columns.face_id, faces)
                connection.execute(delete(descriptor).where(columns.model == model, unsound))

    def _unsound(self, connection: Connection) -> dict[ModelId, list[int]]:
        """Faces by model, for models whose dimension is known."""
        unsound: dict[ModelId, list[int]] = defaultdict(list)
        for model in map(ModelId, connection.scalars(select(descriptor.c.model).distinct()).all()):
            dimension = self._dimension(model)
            if dimension is None:
                continue
            for ids, blobs in _descriptors(connection, model):
                sound = are_sound(blobs, dimension)
                unsound[model] += [each for each, is_sound in zip(ids, sound, strict=True) if not is_sound]
        return {model: faces for model, faces in unsound.items() if faces}


def _misplaced(connection: Connection) -> list[int]:
    is_none = or_(
        *(~has_declared_type(face.c[name]) for name in ("x", "y", "w", "h", "landmarks")),
        func.length(face.c.landmarks) != LANDMARKS_BYTES,
        # Infinity and NaN (which SQLite stores as NULL) are no numbers of pixels.
        *(~(func.abs(face.c[name]) < 1e9) for name in ("x", "y")),
        *(~face.c[name].between(0, 1e9) for name in ("w", "h")),
    )
    return list(connection.scalars(select(face.c.id).where(is_none)))


def _descriptors(connection: Connection, model: ModelId) -> Iterator[tuple[list[int], list[bytes]]]:
    query = select(descriptor.c.face_id, descriptor.c.vector).where(descriptor.c.model == model)
    rows = connection.execution_options(yield_per=CHUNK).execute(query)
    for chunk in rows.partitions():
        ids, blobs = zip(*chunk, strict=True)
        yield list(ids), list(blobs)


class DerivedTablesInspection:
    """Persons and verdicts are what the journal of decisions, replayed, comes to."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self) -> list[Finding]:
        """One finding for each table; or one, where the journal cannot be read."""
        try:
            with self._store.read() as connection:
                counts = differences(connection, replay(read_decisions(connection)))
        except NotADecision as error:
            return [Finding(FindingKind.JOURNAL, str(error), "delete this decision, and go by the others")]
        remedy = "make it anew from the journal"
        return [
            Finding(
                FindingKind.JOURNAL,
                f"rows of the table {table} that are not what the journal of decisions comes to: {count:,}",
                remedy,
            )
            for table, count in counts.items()
        ]

    def repair(self) -> None:
        """Delete decisions that are none, and replay the others."""
        with self._store.write() as connection:
            write_derived_tables(connection, replay(_readable(connection)))


def _readable(connection: Connection) -> list[Decision]:
    while True:
        try:
            return read_decisions(connection)
        except NotADecision as error:
            connection.execute(delete(decision).where(decision.c.id == error.number))


class IndexFileInspection:
    """The saved index is the one that the database knows."""

    def __init__(self, catalog: Catalog, dimension: Dimension) -> None:
        self._catalog = catalog
        self._dimension = dimension

    def find(self) -> list[Finding]:
        """At most one finding."""
        model = self._catalog.model()
        fault = None if model is None else index_fault(self._catalog, model)
        if fault is None:
            return []
        message = f"the file of the saved index cannot be used: {fault}"
        return [Finding(FindingKind.INDEX, message, "build the index anew, and save it")]

    def repair(self) -> None:
        """Build it from the database, and save it."""
        model = self._catalog.model()
        dimension = None if model is None else self._dimension(model)
        if model is not None and dimension is not None and self.find():
            save_index(load_index(self._catalog, model, dimension).index, self._catalog, model)


class PermissionInspection:
    """Nobody but the owner can read the library's files: descriptors of faces are biometric data."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self) -> list[Finding]:
        """One finding for each file."""
        return [
            Finding(
                FindingKind.PERMISSIONS,
                f"others than the owner may use {path} (its mode is {mode:04o})",
                f"set the mode to {mode & 0o700:04o}",
            )
            for path, mode in self._open_to_others()
        ]

    def repair(self) -> None:
        """Take all rights from others."""
        try:
            for path, mode in self._open_to_others():
                path.chmod(mode & 0o700)
        except OSError as error:
            raise LibraryInaccessible(self._path, error.strerror or str(error)) from error

    def _open_to_others(self) -> list[tuple[Path, int]]:
        folder = self._path.parent
        try:
            own = library_files(self._path)
            # A folder that holds other things too is the user's own, who may have others look into it.
            looked_at = [*own, *([folder] if len(own) == len(os.listdir(folder)) else [])]
            modes = [(path, stat.S_IMODE(path.stat().st_mode)) for path in looked_at]
        except OSError as error:
            raise LibraryInaccessible(self._path, error.strerror or str(error)) from error
        return [(path, mode) for path, mode in modes if mode & 0o077]
