"""Queries for persons, faces and clusters; only faces in a photo, perhaps a missing one, count.

A decision about a face hides its recognised person and cluster; a rejection hides that recognised person. The
tables keep both for when the decision is undone.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, and_, case, select

from index.decisions.names import folded
from index.errors import PersonUnknown
from index.people.face_counts import (
    NO_FACES,
    FaceCounts,
    count_clustered,
    count_faces,
    count_faces_of,
    largest_clusters,
)
from index.people.named_faces import exemplars, is_in_photo, is_open, is_refused, named_faces
from index.people.persons import KnownPersons, Person, PersonName, Persons, current_key
from index.store.schema import cluster_face, content, face, in_photo, photo, recognised, rejection, verdict
from index.store.statements import is_one_of
from index.store.store import Store


@dataclass(frozen=True, slots=True)
class PersonSummary:
    """A person with the numbers of its faces.

    Attributes:
        missing: Of the confirmed and recognised ones, those whose photos are all missing.
        exemplar_ids: Confirmed faces in no photo any more, by which the person is still known.
        added: The number of photos in which the person is without a face, by decisions.
    """

    person: Person
    confirmed: int
    recognised: int
    missing: int
    exemplar_ids: tuple[int, ...] = ()
    added: int = 0

    @property
    def exemplars(self) -> int:
        """The number of ``exemplar_ids``."""
        return len(self.exemplar_ids)


@dataclass(frozen=True, slots=True)
class RecognisedFace:
    """A recognised face and its similarity to the person, -1 to 1."""

    face_id: int
    similarity: float


@dataclass(frozen=True, slots=True)
class PersonFaces:
    """The faces of a person: confirmed ones by rising id, recognised ones by falling similarity."""

    confirmed: tuple[int, ...]
    recognised: tuple[RecognisedFace, ...]


@dataclass(frozen=True, slots=True)
class FaceStatus:
    """What decisions and recognition say of a face.

    Attributes:
        similarity: To the person; only if the face is recognised.
        rejected: Persons that it is not, by decisions.
        cluster_id: Its cluster; ``None`` also if a decision covers it, or it was recognised.
        decision_id: Number of the decision that confirmed it, ignored it, or called it no face.
        edited: That decision was about the face in another version of its photo.
    """

    person: Person | None = None
    confirmed: bool = False
    similarity: float | None = None
    ignored: bool = False
    not_a_face: bool = False
    rejected: tuple[Person, ...] = ()
    cluster_id: int | None = None
    decision_id: int | None = None
    edited: bool = False


@dataclass(frozen=True, slots=True)
class ClusterFaces:
    """A cluster with its undecided, unrecognised faces, by rising id."""

    cluster_id: int
    face_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LargestClusters:
    """The clusters with most faces, the largest first, and the number of all that have a face."""

    clusters: tuple[ClusterFaces, ...]
    total: int


class PeopleQueries:
    """The persons, faces and clusters of one library. Every method is one transaction.

    ``known`` keeps the persons between them.
    """

    def __init__(self, store: Store, known: KnownPersons | None = None) -> None:
        self._store = store
        self.known = known or KnownPersons()

    def persons(self) -> Persons:
        """Read all persons."""
        with self._store.read() as connection:
            return self.known.read(connection)

    def everyone(self) -> dict[int, Person]:
        """Read all persons, hidden ones too, by rising id."""
        return dict(self.persons().by_id)

    def by_key(self, key: str) -> Person:
        """Find the person that a key means now, also that of a merged person; else ``PersonUnknown``."""
        with self._store.read() as connection:
            return self._of_key(connection, key, key)

    def summaries(self) -> tuple[PersonSummary, ...]:
        """Count the faces of everyone, hidden persons too, by name."""
        with self._store.read() as connection:
            persons, counts = self.known.read(connection).by_id, count_faces(connection)
        ranked = sorted(persons.values(), key=lambda each: (folded(each.name), each.id))
        return tuple(_summary(each, counts.get(each.id, NO_FACES)) for each in ranked)

    def summary(self, name: PersonName) -> PersonSummary:
        """Count the faces of a person; for errors see ``named``."""
        with self._store.read() as connection:
            person = self._named(connection, name)
            return _summary(person, count_faces_of(connection, person.id))

    def named(self, name: PersonName) -> Person:
        """Find the person of a name, in any case; a ``PersonUnknown`` if nobody has it.

        A ``Person`` is found by its key, whatever its name is now; one who was merged is the one of both.
        """
        with self._store.read() as connection:
            return self._named(connection, name)

    def faces_of(self, person_id: int) -> PersonFaces:
        """Read the faces of a person."""
        one = named_faces([person_id])
        query = (
            select(one.c.face_id, one.c.similarity)
            .join_from(one, face, face.c.id == one.c.face_id)
            .where(is_in_photo(face.c.content_id))
            .order_by(one.c.similarity.desc(), one.c.face_id)
        )
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        return PersonFaces(
            confirmed=tuple(face_id for face_id, similarity in rows if similarity is None),
            recognised=tuple(RecognisedFace(*row) for row in rows if row.similarity is not None),
        )

    def is_exemplar(self, face_id: int) -> bool:
        """Return whether a face is confirmed, and in no photo any more."""
        one = select(verdict.c.face_id).where(verdict.c.face_id == face_id)
        with self._store.read() as connection:
            return connection.scalar(exemplars(one)) is not None

    def statuses(self, face_ids: Sequence[int]) -> dict[int, FaceStatus]:
        """Read the status of some faces, by id."""
        counts = and_(verdict.c.face_id.is_(None), ~is_refused())
        query = (
            select(
                face.c.id,
                case((counts, recognised.c.person_id), else_=verdict.c.person_id).label("person_id"),
                case((counts, recognised.c.similarity)).label("similarity"),
                verdict.c.status,
                verdict.c.decision_id,
                verdict.c.edited,
                cluster_face.c.cluster_id,
            )
            .outerjoin(verdict, verdict.c.face_id == face.c.id)
            .outerjoin(recognised, recognised.c.face_id == face.c.id)
            .outerjoin(cluster_face, cluster_face.c.face_id == face.c.id)
            .where(is_one_of(face.c.id, face_ids))
        )
        refused = select(rejection.c.face_id, rejection.c.person_id).where(
            is_one_of(rejection.c.face_id, face_ids)
        )
        with self._store.read() as connection:
            persons = self.known.read(connection).by_id
            rejected: dict[int, list[Person]] = {}
            for face_id, person_id in connection.execute(refused.order_by(rejection.c.person_id)):
                rejected.setdefault(face_id, []).append(persons[person_id])
            rows = connection.execute(query).all()
        found = {row.id: _status(row, persons, tuple(rejected.get(row.id, ()))) for row in rows}
        return {face_id: found.get(face_id, FaceStatus()) for face_id in face_ids}

    def clusters(self, only: Collection[int] | None = None) -> tuple[ClusterFaces, ...]:
        """Read the clusters that have a face left, all or some by their numbers, the largest first."""
        query = _clustered()
        if only is not None:
            query = query.where(is_one_of(cluster_face.c.cluster_id, only))
        with self._store.read() as connection:
            found = _clusters(connection, query)
        return tuple(sorted(found, key=lambda each: (-len(each.face_ids), each.cluster_id)))

    def cluster_sizes(self) -> Counter[int]:
        """Count the faces left in each cluster, by its number."""
        with self._store.read() as connection:
            return count_clustered(connection)

    def sizes_of_clusters(self, face_ids: Collection[int], after: int) -> Counter[int]:
        """Count the faces left in the clusters of some faces, perhaps 0, and in those after a number."""
        columns = cluster_face.c
        is_of_faces = is_one_of(columns.face_id, face_ids)
        with self._store.read() as connection:
            clusters = select(columns.cluster_id).where(is_of_faces, columns.cluster_id <= after).distinct()
            theirs = connection.scalars(clusters).all()
            sizes = Counter(dict.fromkeys(theirs, 0))
            for is_asked in (is_one_of(columns.cluster_id, theirs), columns.cluster_id > after):
                sizes.update(row.cluster_id for row in connection.execute(_clustered().where(is_asked)))
        return sizes

    def largest_clusters(self, most: int) -> LargestClusters:
        """Read the largest clusters, and count all that have a face left."""
        with self._store.read() as connection:
            largest, total = largest_clusters(connection, most)
            query = _clustered().where(is_one_of(cluster_face.c.cluster_id, largest))
            found = {each.cluster_id: each for each in _clusters(connection, query)}
        return LargestClusters(tuple(found[each] for each in largest), total)

    def cluster(self, cluster_id: int) -> ClusterFaces:
        """Read one cluster; without a face if it does not exist, or no face is left in it."""
        with self._store.read() as connection:
            found = _clusters(connection, _clustered().where(cluster_face.c.cluster_id == cluster_id))
        return found[0] if found else ClusterFaces(cluster_id, ())

    def best_faces(self, face_ids: Sequence[int], most: int) -> list[int]:
        """Return the ids of the faces of best quality among some, by rising id."""
        best = select(face.c.id).where(is_one_of(face.c.id, face_ids))
        with self._store.read() as connection:
            return sorted(connection.scalars(best.order_by(face.c.quality.desc(), face.c.id).limit(most)))

    def digest_of(self, path: bytes) -> bytes | None:
        """Read the digest of a photo's content when last read; ``None`` for an unknown photo."""
        query = select(content.c.digest).join_from(photo, content).where(photo.c.path == path)
        with self._store.read() as connection:
            return connection.scalar(query)

    def is_in_photos(self, person_id: int, digests: Sequence[bytes]) -> bool:
        """Return whether decisions say that a person is in one of some contents, without a face."""
        there = select(in_photo.c.content_id).join(content).where(in_photo.c.person_id == person_id)
        with self._store.read() as connection:
            return connection.scalar(there.where(content.c.digest.in_(digests)).limit(1)) is not None

    def without_face(self, digest: bytes) -> tuple[Person, ...]:
        """Read who is in a content by a decision that names no face, by id."""
        query = select(in_photo.c.person_id).join_from(in_photo, content).where(content.c.digest == digest)
        with self._store.read() as connection:
            ids = connection.scalars(query.order_by(in_photo.c.person_id)).all()
            persons = self.known.read(connection)
            return tuple(persons.by_id[each] for each in ids)

    def digest_of_photo(self, photo_id: int) -> bytes | None:
        """Read the digest of a photo's content, as ``digest_of``, by the id of the photo."""
        query = select(content.c.digest).join_from(photo, content).where(photo.c.id == photo_id)
        with self._store.read() as connection:
            return connection.scalar(query)

    def _named(self, connection: Connection, name: PersonName) -> Person:
        if isinstance(name, Person):
            return self._of_key(connection, name.key, name.name)
        names = self.known.read(connection).by_name
        if (key := folded(name)) not in names:
            close = get_close_matches(key, names)
            raise PersonUnknown(self._store.path, name, tuple(names[each].name for each in close))
        return names[key]

    def _of_key(self, connection: Connection, key: str, name: str) -> Person:
        by_key = self.known.read(connection).by_key
        found = by_key.get(key) or by_key.get(current_key(connection, key) or "")
        if found is None:
            raise PersonUnknown(self._store.path, name)
        return found


def _status(row: Any, persons: Mapping[int, Person], rejected: tuple[Person, ...]) -> FaceStatus:
    is_open = row.status is None and row.person_id is None
    return FaceStatus(
        person=None if row.person_id is None else persons[row.person_id],
        confirmed=row.status == "confirmed",
        similarity=row.similarity,
        ignored=row.status == "ignored",
        not_a_face=row.status == "not-a-face",
        rejected=rejected,
        cluster_id=row.cluster_id if is_open else None,
        decision_id=row.decision_id,
        edited=bool(row.edited),
    )


def _summary(person: Person, counts: FaceCounts) -> PersonSummary:
    return PersonSummary(
        person, counts.confirmed, counts.recognised, counts.missing, counts.exemplar_ids, counts.added
    )


def _clustered() -> Select[tuple[int, int]]:
    """Select the open faces in a cluster and a photo."""
    return (
        select(cluster_face.c.cluster_id, cluster_face.c.face_id)
        .join(face, face.c.id == cluster_face.c.face_id)
        .where(cluster_face.c.cluster_id.is_not(None), is_open(cluster_face.c.face_id))
        .where(is_in_photo(face.c.content_id))
        .order_by(cluster_face.c.cluster_id, cluster_face.c.face_id)
    )


def _clusters(connection: Connection, query: Select[tuple[int, int]]) -> list[ClusterFaces]:
    groups = groupby(connection.execute(query), key=lambda row: row.cluster_id)
    return [ClusterFaces(number, tuple(row.face_id for row in rows)) for number, rows in groups]
