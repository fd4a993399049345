"""Reads which faces of some persons photos show, in a transaction of the caller."""

from collections.abc import Collection

from sqlalchemy import Connection, exists, or_, select

from index.people.named_faces import is_refused
from index.store.schema import content, face, recognised, verdict
from index.store.statements import is_one_of


def faces_in_photos(
    connection: Connection, digests: Collection[bytes], persons: Collection[int]
) -> dict[bytes, tuple[int, ...]]:
    """Read the faces of some persons in the contents of these digests: rising ids, by digest."""
    is_decided = exists().where(verdict.c.face_id == face.c.id)
    is_confirmed = is_decided.where(is_one_of(verdict.c.person_id, persons))
    is_recognised = exists().where(
        recognised.c.face_id == face.c.id, is_one_of(recognised.c.person_id, persons), ~is_refused()
    )
    query = (
        select(content.c.digest, face.c.id)
        .join_from(content, face, face.c.content_id == content.c.id)
        .where(content.c.digest.in_(sorted(digests)), or_(is_confirmed, is_recognised & ~is_decided))
        .order_by(face.c.id)
    )
    found: dict[bytes, list[int]] = {}
    for digest, face_id in connection.execute(query):
        found.setdefault(digest, []).append(face_id)
    return {digest: tuple(faces) for digest, faces in found.items()}
