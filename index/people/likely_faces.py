"""Reads faces that are like a person where the similarity leaves a doubt; only faces in a photo count."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, and_, exists, select

from index.people.named_faces import is_in_photo, is_open, is_refused, recognised_faces
from index.store.schema import cluster_face, content, descriptor, face, grouping, likeness, verdict
from index.store.statements import is_one_of
from pipeline.values import ModelId


def is_known_whom_faces_are_like(connection: Connection) -> bool:
    """Return whether faces were judged, or nobody is confirmed whom they could be like."""
    is_judged = exists(grouping.c.id)
    is_somebody = exists(verdict.c.face_id).where(verdict.c.person_id.is_not(None))
    return bool(connection.scalar(select(is_judged | ~is_somebody)))


def faces_like_others(connection: Connection, least: float) -> list[tuple[int, int, int, float]]:
    """Select confirmed faces at least this similar to another person.

    Rows of face, its person, the other one and the similarity to that one, by rising face, then falling
    similarity, then rising other person.
    """
    query = (
        select(likeness.c.face_id, verdict.c.person_id, likeness.c.person_id, likeness.c.similarity)
        .join(verdict, verdict.c.face_id == likeness.c.face_id)
        .join(face, face.c.id == likeness.c.face_id)
        .where(verdict.c.person_id.is_not(None), likeness.c.similarity >= least)
        .where(is_in_photo(face.c.content_id))
        .order_by(likeness.c.face_id, likeness.c.similarity.desc(), likeness.c.person_id)
    )
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]


def is_of_single_face() -> ColumnElement[bool]:
    """Select the likeness of open faces in no cluster to persons whom they were not rejected for."""
    face_id = likeness.c.face_id
    is_clustered = exists().where(cluster_face.c.face_id == face_id, cluster_face.c.cluster_id.is_not(None))
    return and_(is_open(face_id), ~is_clustered, ~is_refused(likeness), _is_in_photo(face_id))


def is_of_face_like(*person_ids: int) -> ColumnElement[bool]:
    """Select the likeness of open faces that may be some persons, to all whom they were not rejected for."""
    theirs = likeness.alias()
    like = select(theirs.c.face_id).where(
        is_one_of(theirs.c.person_id, person_ids), ~is_refused(theirs), is_open(theirs.c.face_id)
    )
    return and_(likeness.c.face_id.in_(like), ~is_refused(likeness), _is_in_photo(likeness.c.face_id))


def beside_whom_they_are_like(connection: Connection, face_ids: Collection[int]) -> dict[int, bytes]:
    """Find faces whose photo shows a confirmed face of a person whom they are like: digests by face."""
    beside, said = face.alias(), verdict.alias()
    is_beside = exists().where(
        beside.c.content_id == content.c.id,
        said.c.face_id == beside.c.id,
        said.c.person_id == likeness.c.person_id,
    )
    query = (
        select(face.c.id, content.c.digest)
        .join(content, content.c.id == face.c.content_id)
        .join(likeness, likeness.c.face_id == face.c.id)
        .where(is_one_of(face.c.id, face_ids), is_beside)
    )
    return {row.id: row.digest for row in connection.execute(query)}


def _is_in_photo(face_id: ColumnElement[int]) -> ColumnElement[bool]:
    return exists().where(face.c.id == face_id, is_in_photo(face.c.content_id))


def barely_recognised(
    connection: Connection, below: float, persons: Collection[int] | None = None
) -> dict[int, list[tuple[float, int]]]:
    """Read recognised faces below a similarity, of everybody or of some persons.

    By person: minus the similarity, and the face; rising.
    """
    seen = recognised_faces().subquery()
    query = (
        select(seen.c.person_id, seen.c.similarity, seen.c.face_id)
        .join(face, face.c.id == seen.c.face_id)
        .where(seen.c.similarity < below, is_in_photo(face.c.content_id))
        .order_by(seen.c.person_id, seen.c.similarity.desc(), seen.c.face_id)
    )
    if persons is not None:
        query = query.where(is_one_of(seen.c.person_id, persons))
    found: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for person_id, similarity, face_id in connection.execute(query):
        found[person_id].append((-similarity, face_id))
    return found


def confirmed_faces_in_photos(
    connection: Connection, model: ModelId, persons: Collection[int]
) -> dict[int, list[int]]:
    """Read the confirmed faces of some persons that a model has described, by person, rising."""
    query = (
        select(verdict.c.person_id, verdict.c.face_id)
        .join(face, face.c.id == verdict.c.face_id)
        .join(descriptor, (descriptor.c.face_id == face.c.id) & (descriptor.c.model == model))
        .where(is_one_of(verdict.c.person_id, persons), is_in_photo(face.c.content_id))
        .order_by(verdict.c.face_id)
    )
    found: dict[int, list[int]] = defaultdict(list)
    for person_id, face_id in connection.execute(query):
        found[person_id].append(face_id)
    return found
