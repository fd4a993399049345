"""Reads the faces of a person, of a cluster, or some others, with what lists are ordered by; only in photos.

All functions work in a transaction of the caller.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, null, select

from index.people.named_faces import is_in_photo, is_open, named_faces
from index.store.schema import cluster_face, content, face
from index.store.statements import is_one_of


@dataclass(frozen=True, slots=True)
class ListedFace:
    """A face in a list.

    Attributes:
        taken_at: When its photo was taken, by the photo's own clock; in a film, when the film was.
        similarity: Of a recognised face to its person; ``None`` for others.
        quality: 0 to 1.
    """

    face_id: int
    taken_at: datetime | None
    similarity: float | None
    quality: float


def faces_of_person(connection: Connection, person_id: int) -> tuple[ListedFace, ...]:
    """Read the confirmed and recognised faces of a person, in no order."""
    named = named_faces([person_id])
    return tuple(_listed(connection, _faces_in(named, named.c.similarity)))


def faces_in_cluster(connection: Connection, cluster_id: int) -> tuple[ListedFace, ...]:
    """Read the open faces of a cluster, in no order."""
    is_in_it = (cluster_face.c.cluster_id == cluster_id, is_open(cluster_face.c.face_id))
    return tuple(_listed(connection, _faces_in(cluster_face, null()).where(*is_in_it)))


def faces_by_id(connection: Connection, face_ids: Iterable[int]) -> tuple[ListedFace, ...]:
    """Read some faces, in no order."""
    chosen = select(face.c.id.label("face_id")).where(is_one_of(face.c.id, face_ids)).subquery()
    return tuple(_listed(connection, _faces_in(chosen, null())))


def _faces_in(source: FromClause, similarity: ColumnElement[Any]) -> Select[Any]:
    """Select the columns of a ``ListedFace`` for the rows of a table that has a ``face_id``."""
    return (
        select(face.c.id, content.c.taken_at, similarity, face.c.quality)
        .join_from(source, face, face.c.id == source.c.face_id)
        .join(content, content.c.id == face.c.content_id)
        .where(is_in_photo(face.c.content_id))
    )


def _listed(connection: Connection, query: Select[Any]) -> Iterator[ListedFace]:
    for face_id, taken_at, similarity, quality in connection.execute(query):
        yield ListedFace(
            face_id, None if taken_at is None else datetime.fromisoformat(taken_at), similarity, quality
        )
