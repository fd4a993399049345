"""Queries for who is known, and for what is known of faces.

A face of a person is confirmed, where a decision says so, or recognised, where it only looks like the
person. A face that a decision covers, or from which the person was rejected, is not recognised, whatever
was recognised before; nor is it in a cluster any more, though the tables keep that for when the decision
is undone. Only faces in a photo count, missing photos included. Nothing is written here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import count
from typing import Any

from sqlalchemy import Connection, Select, func, select

from index.decisions.model import folded
from index.errors import PersonUnknown
from index.people.named_faces import contents_in_photos, named_faces, recognised_faces
from index.store.schema import cluster_face, content, face, person, photo, rejection, verdict
from index.store.statements import is_one_of
from index.store.store import Store


@dataclass(frozen=True, slots=True)
class Person:
    """A person that the library knows.

    Attributes:
        id: Its row, stable as long as the person is known.
        key: Names the person in every library, 32 hexadecimal digits.
        name: What to show, and to type: the name, with a number behind it, as in ``Anna (2)``, where an
            earlier person has the same one.
        hidden: To be left out of lists.
    """

    id: int
    key: str
    name: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class PersonSummary:
    """A person with numbers of faces.

    Attributes:
        person: The person.
        confirmed: Faces that a decision says are the person.
        recognised: Faces that look like the person.
        missing: Faces of both kinds whose photos are all missing.
    """

    person: Person
    confirmed: int
    recognised: int
    missing: int


@dataclass(frozen=True, slots=True)
class RecognisedFace:
    """A face that was recognised as a person, and how similar it is, -1 to 1."""

    face_id: int
    similarity: float


@dataclass(frozen=True, slots=True)
class PersonFaces:
    """The faces of a person.

    Attributes:
        confirmed: Ids, rising.
        recognised: The most similar first.
    """

    confirmed: tuple[int, ...]
    recognised: tuple[RecognisedFace, ...]


@dataclass(frozen=True, slots=True)
class FaceStatus:
    """What was decided of a face, or follows; by default nothing.

    Attributes:
        person: Who it is, confirmed or recognised; ``None`` where nobody knows.
        confirmed: A decision says that it is this person.
        similarity: To the person, where it was recognised; else ``None``.
        ignored: Decided: a stranger.
        not_a_face: Decided: no face.
        rejected: Decided: none of these persons.
        cluster_id: The cluster that it is in; ``None`` also where a decision covers it, or it is recognised.
        decision_id: Number of the decision that confirmed it, ignored it, or called it no face.
    """

    person: Person | None = None
    confirmed: bool = False
    similarity: float | None = None
    ignored: bool = False
    not_a_face: bool = False
    rejected: tuple[Person, ...] = ()
    cluster_id: int | None = None
    decision_id: int | None = None


@dataclass(frozen=True, slots=True)
class ClusterFaces:
    """A cluster, with the faces that no decision covers and that are not recognised: ids, rising."""

    cluster_id: int
    face_ids: tuple[int, ...]


class PeopleQueries:
    """Who is known in one library. Every method is one transaction, and may raise a ``LibraryError``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def everyone(self) -> dict[int, Person]:
        """All persons, hidden ones too, by id, rising."""
        with self._store.read() as connection:
            return _everyone(connection)

    def summaries(self) -> tuple[PersonSummary, ...]:
        """Everyone, hidden persons too, by name."""
        one, photos = named_faces(), contents_in_photos()
        query = (
            select(
                one.c.person_id,
                func.count().filter(one.c.similarity.is_(None)),
                func.count().filter(one.c.similarity.is_not(None)),
                func.coalesce(func.sum(photos.c.missing), 0),
            )
            .join_from(one, face, face.c.id == one.c.face_id)
            .join(photos, photos.c.content_id == face.c.content_id)
            .group_by(one.c.person_id)
        )
        with self._store.read() as connection:
            persons = _everyone(connection)
            counts = {person_id: counted for person_id, *counted in connection.execute(query)}
        ranked = sorted(persons.values(), key=lambda each: (folded(each.name), each.id))
        return tuple(PersonSummary(each, *counts.get(each.id, (0, 0, 0))) for each in ranked)

    def named(self, name: str) -> Person:
        """The person of this name, whatever its case.

        Raises:
            PersonUnknown: Nobody has it; the message names the closest.
        """
        names = {folded(each.name): each for each in self.everyone().values()}
        name_folded = folded(name)
        if name_folded not in names:
            close = get_close_matches(name_folded, names, n=_CLOSE_NAMES)
            raise PersonUnknown(self._store.path, name, tuple(names[each].name for each in close))
        return names[name_folded]

    def faces_of(self, person_id: int) -> PersonFaces:
        """The faces of a person."""
        one, photos = named_faces(), contents_in_photos()
        query = (
            select(one.c.face_id, one.c.similarity)
            .join_from(one, face, face.c.id == one.c.face_id)
            .join(photos, photos.c.content_id == face.c.content_id)
            .where(one.c.person_id == person_id)
            .order_by(one.c.similarity.desc(), one.c.face_id)
        )
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        return PersonFaces(
            confirmed=tuple(face_id for face_id, similarity in rows if similarity is None),
            recognised=tuple(RecognisedFace(*row) for row in rows if row.similarity is not None),
        )

    def statuses(self, face_ids: Sequence[int]) -> dict[int, FaceStatus]:
        """What was decided of some faces, or follows, by id; every id that was asked for is in it."""
        seen = recognised_faces().subquery()
        query = (
            select(
                face.c.id,
                func.coalesce(verdict.c.person_id, seen.c.person_id).label("person_id"),
                seen.c.similarity,
                verdict.c.status,
                verdict.c.decision_id,
                cluster_face.c.cluster_id,
            )
            .outerjoin(verdict, verdict.c.face_id == face.c.id)
            .outerjoin(seen, seen.c.face_id == face.c.id)
            .outerjoin(cluster_face, cluster_face.c.face_id == face.c.id)
            .where(is_one_of(face.c.id, face_ids))
        )
        refused = select(rejection.c.face_id, rejection.c.person_id).where(
            is_one_of(rejection.c.face_id, face_ids)
        )
        with self._store.read() as connection:
            persons = _everyone(connection)
            rejected: dict[int, list[Person]] = {}
            for face_id, person_id in connection.execute(refused.order_by(rejection.c.person_id)):
                rejected.setdefault(face_id, []).append(persons[person_id])
            rows = connection.execute(query).all()
        found = {row.id: _status(row, persons, tuple(rejected.get(row.id, ()))) for row in rows}
        return {face_id: found.get(face_id, FaceStatus()) for face_id in face_ids}

    def clusters(self) -> tuple[ClusterFaces, ...]:
        """The clusters with at least one face that is left in them, the largest first."""
        with self._store.read() as connection:
            found = _clusters(connection, _clustered())
        return tuple(sorted(found, key=lambda each: (-len(each.face_ids), each.cluster_id)))

    def cluster(self, cluster_id: int) -> ClusterFaces:
        """One cluster; without a face where there is no such cluster, or no face is left in it."""
        with self._store.read() as connection:
            found = _clusters(connection, _clustered().where(cluster_face.c.cluster_id == cluster_id))
        return found[0] if found else ClusterFaces(cluster_id, ())

    def digest_of(self, path: bytes) -> bytes | None:
        """Digest of the content that a photo had when it was last read; ``None`` for one that is unknown.

        ``Catalog.face_ids_of`` has the faces in it, in the order of ``who``.
        """
        query = select(content.c.digest).join_from(photo, content).where(photo.c.path == path)
        with self._store.read() as connection:
            return connection.scalar(query)


def _everyone(connection: Connection) -> dict[int, Person]:
    """All persons by id, with names of which no two are the same."""
    persons: dict[int, Person] = {}
    taken: set[str] = set()
    for row in connection.execute(select(person).order_by(person.c.id)):
        name = row.name
        for number in count(2):
            if folded(name) not in taken:
                break
            name = f"{row.name} ({number})"
        taken.add(folded(name))
        persons[row.id] = Person(row.id, row.key, name, row.hidden)
    return persons


def _status(row: Any, persons: dict[int, Person], rejected: tuple[Person, ...]) -> FaceStatus:
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
    )


def _clustered() -> Select[tuple[int, int]]:
    """The faces that are in a cluster and in a photo, and that nothing covers."""
    seen = recognised_faces().subquery()
    photos = contents_in_photos()
    return (
        select(cluster_face.c.cluster_id, cluster_face.c.face_id)
        .join(face, face.c.id == cluster_face.c.face_id)
        .join(photos, photos.c.content_id == face.c.content_id)
        .outerjoin(verdict, verdict.c.face_id == face.c.id)
        .outerjoin(seen, seen.c.face_id == face.c.id)
        .where(cluster_face.c.cluster_id.is_not(None), verdict.c.face_id.is_(None), seen.c.face_id.is_(None))
        .order_by(cluster_face.c.cluster_id, cluster_face.c.face_id)
    )


def _clusters(connection: Connection, query: Select[tuple[int, int]]) -> list[ClusterFaces]:
    members: dict[int, list[int]] = {}
    for row in connection.execute(query):
        members.setdefault(row.cluster_id, []).append(row.face_id)
    return [ClusterFaces(cluster_id, tuple(faces)) for cluster_id, faces in members.items()]


_CLOSE_NAMES = 3
"""So many names are offered in the place of one that nobody has."""
