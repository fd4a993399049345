"""Finds faults of a library that the store can read, and repairs them.

A repair invents nothing: it deletes contradictory rows, and lets the next scan read the photos again.
``Backend.salvage`` saves a library that the store cannot read.
"""

import os
import stat
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import compress
from pathlib import Path
from typing import ClassVar, Protocol, TypeAlias

from sqlalchemy import Connection, and_, delete, func, or_, select

from index.arrays import LANDMARKS_BYTES, are_sound
from index.decisions.derived_tables import differences, read_state, write_derived_tables
from index.decisions.journal_rows import NotADecision, readable
from index.decisions.tracklets import is_track
from index.errors import LibraryBusy, accessible
from index.photos.catalog import Catalog
from index.photos.detections import forget_hidden_groups, show, wrongly_shown
from index.store.read_again import read_again
from index.store.schema import DRAWN, decision, descriptor, library, stored_face, tracklet
from index.store.statements import HasDeclaredType, is_one_of
from index.store.store import Store, library_files
from index.vectors.saved_index import index_fault, load_index, save_index
from pipeline.values import ModelId

Dimension: TypeAlias = Callable[[ModelId], int | None]
"""The length of a model's descriptors; ``None`` for an unknown model."""

CHUNK = 4096
"""Descriptors read at once, 16 MB at most."""


class FindingKind(StrEnum):
    """The part of the library that is at fault."""

    DATABASE = "database"
    REFERENCES = "references"
    FACES = "faces"
    DESCRIPTORS = "descriptors"
    JOURNAL = "journal"
    INDEX = "index"
    THUMBNAILS = "thumbnails"
    PERMISSIONS = "permissions"


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of a library; ``message`` and ``remedy`` are one line each, without a full stop."""

    kind: FindingKind
    message: str
    remedy: str


class Inspection(Protocol):
    """Checks one thing in a library, ``about`` which it is; may raise a ``LibraryError``."""

    about: ClassVar[str]

    def find(self) -> list[Finding]:
        """Find faults without writing."""

    def repair(self) -> None:
        """Repair all faults that ``find`` would report now."""


def inspections(store: Store, dimension: Dimension) -> tuple[Inspection, ...]:
    """Return all inspections of an open library, in the order of repair."""
    catalog = Catalog(store)
    return (
        ReferenceInspection(store),
        FaceInspection(store),
        DescriptorInspection(store, dimension),
        DetectorInspection(store),
        DerivedTablesInspection(store),
        IndexFileInspection(catalog, dimension),
        ThumbnailInspection(store),
        PermissionInspection(store.path),
    )


@dataclass(frozen=True, slots=True)
class ReferenceInspection:
    """Checks that rows refer to existing rows."""

    about: ClassVar[str] = "references between rows"
    store: Store

    def find(self) -> list[Finding]:
        """Report one finding for each table."""
        remedy = "delete them; photos among them are read again by the next scan"
        return [
            Finding(FindingKind.REFERENCES, f"rows of {table} that refer to missing rows: {count:,}", remedy)
            for table, count in self.store.dangling_rows().items()
        ]

    def repair(self) -> None:
        """Delete rows until all references hold."""
        self.store.delete_dangling_rows()


@dataclass(frozen=True, slots=True)
class FaceInspection:
    """Checks that every face has a valid box and landmarks, and in a film a track.

    Decisions about deleted faces stay in the journal, and apply again once the photo has been read again.
    """

    about: ClassVar[str] = "boxes and landmarks"
    store: Store

    def find(self) -> list[Finding]:
        """Report at most one finding."""
        with self.store.read() as connection:
            faces = _misplaced(connection)
        if not faces:
            return []
        message = f"faces with an invalid box, landmarks or track: {len(faces):,} (faces {_some(faces)})"
        remedy = "read their photos again at the next scan; delete those whose photos are missing"
        return [Finding(FindingKind.FACES, message, remedy)]

    def repair(self) -> None:
        """Delete the faces; the next scan finds them again if their photos are present."""
        with self.store.write() as connection:
            misplaced = is_one_of(stored_face.c.id, _misplaced(connection))
            contents = connection.scalars(select(stored_face.c.content_id).distinct().where(misplaced))
            read_again(connection, list(contents))
            connection.execute(delete(stored_face).where(misplaced))


@dataclass(frozen=True, slots=True)
class DescriptorInspection:
    """Checks that every descriptor has the length of its model, finite numbers, and unit norm.

    A face without a descriptor is no fault: ``reindex`` describes photos that were unavailable when the
    library changed its model.
    """

    about: ClassVar[str] = "descriptors"
    store: Store
    dimension: Dimension

    def find(self) -> list[Finding]:
        """Report one finding for each model."""
        with self.store.read() as connection:
            unsound = self._unsound(connection)
        return [
            Finding(
                FindingKind.DESCRIPTORS,
                f"invalid descriptors of {model}: {len(faces):,} (faces {_some(faces)})",
                "delete them; 'faceindex reindex' describes these faces again",
            )
            for model, faces in unsound.items()
        ]

    def repair(self) -> None:
        """Delete the invalid descriptors."""
        columns = descriptor.c
        with self.store.write() as connection:
            for model, faces in self._unsound(connection).items():
                unsound = is_one_of(columns.face_id, faces)
                connection.execute(delete(descriptor).where(columns.model == model, unsound))

    def _unsound(self, connection: Connection) -> dict[ModelId, list[int]]:
        """Find the faces whose descriptor is invalid, by model, for models whose dimension is known."""
        unsound: dict[ModelId, list[int]] = defaultdict(list)
        for model in map(ModelId, connection.scalars(select(descriptor.c.model).distinct()).all()):
            dimension = self.dimension(model)
            if dimension is None:
                continue
            query = select(descriptor.c.face_id, descriptor.c.vector).where(descriptor.c.model == model)
            rows = connection.execution_options(yield_per=CHUNK).execute(query)
            for chunk in rows.partitions():
                ids, blobs = zip(*chunk, strict=True)
                unsound[model] += compress(ids, ~are_sound(blobs, dimension))
        return {model: faces for model, faces in unsound.items() if faces}


def _misplaced(connection: Connection) -> list[int]:
    is_invalid = or_(
        *(~HasDeclaredType(stored_face.c[name]) for name in ("x", "y", "w", "h", "landmarks")),
        and_(
            func.length(stored_face.c.landmarks) != LANDMARKS_BYTES,
            # A face that a person drew may have none.
            or_(func.length(stored_face.c.landmarks) > 0, stored_face.c.detector.is_distinct_from(DRAWN)),
        ),
        # These also exclude infinity, and NaN, which SQLite stores as NULL.
        *(~(func.abs(stored_face.c[name]) < 1e9) for name in ("x", "y")),
        *(~stored_face.c[name].between(0, 1e9) for name in ("w", "h")),
        ~stored_face.c.moment.between(0, 1e9),
        # A face in a film has a track, and no other face has one.
        stored_face.c.moment.is_(None) != tracklet.c.face_id.is_(None),
        ~is_track(tracklet.c.track),
    )
    joined = select(stored_face.c.id).outerjoin(tracklet, tracklet.c.face_id == stored_face.c.id)
    return list(connection.scalars(joined.where(is_invalid)))


def _some(faces: Sequence[int]) -> str:
    return ", ".join(map(str, faces[:5])) + (", ..." if len(faces) > 5 else "")


@dataclass(frozen=True, slots=True)
class DetectorInspection:
    """Checks that photos show the faces that the library's detector found, where it has looked at them."""

    about: ClassVar[str] = "which faces are shown"
    store: Store

    def find(self) -> list[Finding]:
        """Report at most one finding."""
        with self.store.read() as connection:
            detector = connection.scalar(select(library.c.detector))
            wrong = list(connection.scalars(wrongly_shown(detector))) if detector else []
        if not wrong:
            return []
        message = f"faces that are hidden, or shown, against the library's detector: {len(wrong):,}"
        remedy = f"show those that {detector} found, and those of others that decisions are about"
        return [Finding(FindingKind.FACES, f"{message} (faces {_some(wrong)})", remedy)]

    def repair(self) -> None:
        """Show the faces that the library's detector found, and no others."""
        with readable(self.store.path), self.store.write() as connection:
            detector = connection.scalar(select(library.c.detector))
            if detector and connection.scalar(wrongly_shown(detector).limit(1)) is not None:
                show(connection, detector)
                write_derived_tables(connection, read_state(connection))
                forget_hidden_groups(connection)


@dataclass(frozen=True, slots=True)
class DerivedTablesInspection:
    """Checks that the derived tables follow from the journal of decisions."""

    about: ClassVar[str] = "what follows from decisions"
    store: Store

    def find(self) -> list[Finding]:
        """Report one finding for each table, or one if the journal cannot be read."""
        try:
            with self.store.read() as connection:
                counts = differences(connection, read_state(connection))
        except NotADecision as error:
            return [Finding(FindingKind.JOURNAL, str(error), "delete this decision, and keep the others")]
        return [
            Finding(
                FindingKind.JOURNAL,
                f"rows of {table} that do not follow from the journal of decisions: {count:,}",
                "derive them from the journal again",
            )
            for table, count in counts.items()
        ]

    def repair(self) -> None:
        """Delete unreadable decisions, and replay the others."""
        with self.store.write() as connection:
            while True:
                try:
                    state = read_state(connection)
                    break
                except NotADecision as error:
                    connection.execute(delete(decision).where(decision.c.id == error.number))
            write_derived_tables(connection, state)


@dataclass(frozen=True, slots=True)
class IndexFileInspection:
    """Checks that this library saved its index file."""

    about: ClassVar[str] = "the saved index"
    catalog: Catalog
    dimension: Dimension

    def find(self) -> list[Finding]:
        """Report at most one finding."""
        model = self.catalog.model()
        fault = None if model is None else index_fault(self.catalog, model)
        if fault is None:
            return []
        message = f"the file of the saved index cannot be used: {fault}"
        return [Finding(FindingKind.INDEX, message, "build the index anew, and save it")]

    def repair(self) -> None:
        """Rebuild the index from the database, and save it."""
        model = self.catalog.model()
        dimension = None if model is None else self.dimension(model)
        if model is not None and dimension is not None and self.find():
            save_index(load_index(self.catalog, model, dimension).index, self.catalog, model)


@dataclass(frozen=True, slots=True)
class ThumbnailInspection:
    """Checks that the pictures of faces beside the library can be read."""

    about: ClassVar[str] = "the pictures of faces"
    store: Store

    def find(self) -> list[Finding]:
        """Report at most one finding; that another program uses the file is none."""
        try:
            fault = self.store.thumbnails.damage()
        except LibraryBusy:
            return []
        if fault is None:
            return []
        message = f"the file of the pictures of faces cannot be used: {fault}"
        remedy = "throw it away: pictures are cut out of the photos again when they are looked at"
        return [Finding(FindingKind.THUMBNAILS, message, remedy)]

    def repair(self) -> None:
        """Throw the file away."""
        if self.find():
            self.store.thumbnails.throw_away()


@dataclass(frozen=True, slots=True)
class PermissionInspection:
    """Checks that only the owner can use the library's files: descriptors of faces are biometric data."""

    about: ClassVar[str] = "permissions"
    path: Path

    def find(self) -> list[Finding]:
        """Report one finding for each file."""
        return [
            Finding(
                FindingKind.PERMISSIONS,
                f"others than the owner may use {path} (its mode is {mode:04o})",
                f"set the mode to {mode & 0o700:04o}",
            )
            for path, mode in self._open_to_others()
        ]

    def repair(self) -> None:
        """Remove all permissions of others."""
        with accessible(self.path):
            for path, mode in self._open_to_others():
                path.chmod(mode & 0o700)

    def _open_to_others(self) -> list[tuple[Path, int]]:
        folder = self.path.parent
        with accessible(self.path):
            own = library_files(self.path)
            # A folder with other files is the user's own, who may let others read it.
            checked = [*own, *([folder] if len(own) == len(os.listdir(folder)) else [])]
            modes = [(path, stat.S_IMODE(path.stat().st_mode)) for path in checked]
        return [(path, mode) for path, mode in modes if mode & 0o077]
