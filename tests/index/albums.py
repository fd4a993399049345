"""Libraries whose faces are as alike as a test wants them: who is in which photo, and how well to be seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from sqlalchemy import select

from index.clustering.regroup import Regrouped, regroup
from index.decisions.journal import Journal
from index.decisions.model import Assign, Ignore, NotAFace, Reject, new_key
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.recognition.thresholds import Thresholds
from index.store.schema import cluster, cluster_face, recognised
from index.store.store import Store
from index.values import I64, Descriptors
from index.vectors.exact_index import ExactIndex
from index.vectors.saved_index import load_index, open_saved_index, save_index
from index.vectors.vector_store import VectorStore
from pipeline.values import F32, Box, Descriptor, DetectedFace, PhotoIndexed, Quality, Size
from tests.index.builders import MODEL, digest_of, make_file

THRESHOLDS = Thresholds(accept=0.5, review=0.4, provenance="made for tests")
"""With them, two single faces are a cluster from a similarity of 0.56 on."""

DIMENSION = 512
_NOISE = 64
"""The first so many dimensions are persons; each face has one of the others for itself."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A face to be: a share of its descriptor is each person, and the rest is its own.

    Attributes:
        persons: Whom it looks like, by number, and how much: two faces are as similar as the products of
            their shares, added up.
        quality: 0 to 1.
        noise: The direction of the rest; by default one that no other face has.
    """

    persons: dict[int, float]
    quality: float = 1.0
    noise: int | None = None


def of(person: int, likeness: float = 0.7, quality: float = 1.0, noise: int | None = None) -> Shot:
    """A face of one person: two of the same likeness are so similar."""
    return Shot({person: likeness**0.5}, quality, noise)


class Album:
    """A library, to which photos and decisions are added.

    Args:
        database: Open to write, and empty.
        photos: Folder for the files.
    """

    def __init__(self, database: Store, photos: Path) -> None:
        self.database = database
        self.catalog = Catalog(database)
        self.catalog.choose_model(MODEL)
        self.journal = Journal(database)
        self._photos = photos
        self._faces = 0
        self._made = 0

    def add(self, *shots: Shot, year: int | None = None) -> list[int]:
        """One more photo with these faces, taken in this year; their ids."""
        self._made += 1
        file = make_file(self._photos / f"{self._made}.jpg")
        faces = tuple(self._described(shot, place) for place, shot in enumerate(shots))
        digest = digest_of(f"photo {self._made}")
        taken_at = None if year is None else datetime(year, 5, 6, tzinfo=UTC)
        size, decoder = Size(4000, 400), "png pillow 12.0.0"
        self.catalog.record([PhotoIndexed(file, digest, size, taken_at, faces, decoder, "mtcnn", digest)])
        return self.catalog.face_ids_of(digest)

    def add_each(self, *shots: Shot) -> list[int]:
        """One more photo for each face; their ids."""
        return [face_id for shot in shots for face_id in self.add(shot)]

    def regroup(self, thresholds: Thresholds = THRESHOLDS, *, write: bool = True) -> Regrouped:
        """What a scan does in the end."""
        loaded = load_index(self.catalog, MODEL, DIMENSION)
        if write and not loaded.saved:
            save_index(loaded.index, self.catalog, MODEL)
        return regroup(self.database, thresholds, loaded.index, write=write)

    def follow(self, thresholds: Thresholds = THRESHOLDS) -> Regrouped:
        """What follows a decision."""
        return regroup(self.database, thresholds, self.saved_vectors(), decided_only=True)

    def saved_vectors(self) -> VectorStore:
        return open_saved_index(self.catalog, MODEL, DIMENSION).index

    def name(self, name: str, *face_ids: int) -> str:
        """Confirm faces as a new person; the key."""
        key = new_key()
        self.journal.append(Assign(self.journal.face_keys(face_ids), key, name))
        return key

    def confirm(self, person: str, name: str, *face_ids: int) -> None:
        """Confirm faces as a person, who need not be known."""
        self.journal.append(Assign(self.journal.face_keys(face_ids), person, name))

    def reject(self, person: str, *face_ids: int) -> None:
        self.journal.append(Reject(self.journal.face_keys(face_ids), person))

    def ignore(self, *face_ids: int) -> None:
        self.journal.append(Ignore(self.journal.face_keys(face_ids)))

    def is_no_face(self, *face_ids: int) -> None:
        self.journal.append(NotAFace(self.journal.face_keys(face_ids)))

    def clusters(self) -> dict[int, tuple[int, ...]]:
        """The open faces of each cluster."""
        return {each.cluster_id: each.face_ids for each in PeopleQueries(self.database).clusters()}

    def partition(self) -> set[tuple[int, ...]]:
        """The same, whatever the numbers."""
        return set(self.clusters().values())

    def recognised(self, person: str) -> list[int]:
        """The faces that count as a person without anybody having said so."""
        people = PeopleQueries(self.database)
        return [
            face.face_id
            for known in people.everyone().values()
            if known.key == person
            for face in people.faces_of(known.id).recognised
        ]

    def rows(self) -> list[Sequence[object]]:
        """All rows that grouping writes."""
        with self.database.read() as connection:
            return [
                tuple(row)
                for table in (cluster, cluster_face, recognised)
                for row in connection.execute(select(table).order_by(*table.primary_key))
            ]

    def _described(self, shot: Shot, place: int) -> Descriptor:
        vector = np.zeros(DIMENSION, np.float32)
        for person, share in shot.persons.items():
            vector[person] = share
        own = self._faces if shot.noise is None else shot.noise
        vector[_NOISE + own] = np.sqrt(1.0 - float(vector @ vector))
        self._faces += shot.noise is None
        box = Box(100.0 * place, 10.0, 60.0, 80.0)
        face = DetectedFace(box, np.zeros((5, 2), np.float32), 0.99)
        return Descriptor(face, Quality(shot.quality, ()), MODEL, _unit(vector))


def _unit(vector: F32) -> F32:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


class CountingIndex(ExactIndex):
    """The index of an album; ``fetched`` counts the descriptors that were fetched from it."""

    def __init__(self, album: Album) -> None:
        super().__init__(DIMENSION, partial(album.catalog.stored_descriptors, MODEL))
        self.sync(album.catalog.described_faces(MODEL))
        self.fetched = 0

    def fetch(self, face_ids: I64) -> Descriptors:
        self.fetched += len(face_ids)
        return super().fetch(face_ids)
