"""Counts in how many photos persons are together, in a transaction of the caller."""

from sqlalchemy import Connection, func, select, union

from index.people.named_faces import is_in_photo, named_faces, recognised_faces
from index.store.schema import face, in_photo, recognised, verdict


def seen_together(connection: Connection, person_id: int) -> dict[int, int]:
    """Count the contents in photos that show a person and another one, by the other person."""
    named = named_faces([person_id])
    theirs = select(face.c.content_id).join_from(named, face, face.c.id == named.c.face_id)
    said = select(in_photo.c.content_id).where(in_photo.c.person_id == person_id)
    contents = union(theirs, said).subquery()
    shown = select(contents.c.content_id).where(is_in_photo(contents.c.content_id)).cte()
    there = face.alias()
    beside = select(there.c.id, there.c.content_id).join_from(
        shown, there, there.c.content_id == shown.c.content_id
    )
    faces = beside.cte()
    confirmed = (
        select(faces.c.content_id, verdict.c.person_id)
        .join_from(faces, verdict, verdict.c.face_id == faces.c.id)
        .where(verdict.c.person_id.is_not(None))
    )
    seen = recognised_faces().with_only_columns(faces.c.content_id, recognised.c.person_id)
    seen = seen.join_from(faces, recognised, recognised.c.face_id == faces.c.id)
    without_face = select(in_photo.c.content_id, in_photo.c.person_id).join_from(
        shown, in_photo, in_photo.c.content_id == shown.c.content_id
    )
    pairs = union(confirmed, seen, without_face).subquery()
    query = (
        select(pairs.c.person_id, func.count())
        .where(pairs.c.person_id != person_id)
        .group_by(pairs.c.person_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
