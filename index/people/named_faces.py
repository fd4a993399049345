"""Parts of queries: the person of a face, and the contents in photos.

A face is confirmed by a decision, or recognised where no decision covers it or rejects that person.
"""

from typing import Any

from sqlalchemy import CTE, ColumnElement, Float, Select, and_, case, exists, func, null, select

from index.store.schema import content, face, photo, recognised, rejection, same_face, verdict
from index.store.store import Store


def recognised_faces() -> Select[tuple[int, int, float]]:
    """Select rows of ``recognised`` that no decision covers or contradicts."""
    refused = and_(
        rejection.c.face_id == recognised.c.face_id, rejection.c.person_id == recognised.c.person_id
    )
    return (
        select(recognised.c.face_id, recognised.c.person_id, recognised.c.similarity)
        .outerjoin(verdict, verdict.c.face_id == recognised.c.face_id)
        .outerjoin(rejection, refused)
        .where(verdict.c.face_id.is_(None), rejection.c.face_id.is_(None))
    )


def named_faces() -> CTE:
    """Select faces with a person: face_id, person_id, and the similarity of a recognised face."""
    confirmed = select(verdict.c.face_id, verdict.c.person_id, null().cast(Float).label("similarity"))
    return confirmed.where(verdict.c.person_id.is_not(None)).union_all(recognised_faces()).cte("named")


def exemplars(contents: Select[Any] | None = None) -> Select[tuple[int, int]]:
    """Select confirmed faces in no photo, by which their persons are still known: face_id, person_id.

    A face that is in a photo after an edit is none. ``contents`` selects the ids of those that count as in a
    photo, by default all that are.
    """
    shown = (
        select(photo.c.content_id).where(photo.c.content_id.is_not(None)) if contents is None else contents
    )
    return (
        select(verdict.c.face_id, verdict.c.person_id)
        .join(face, face.c.id == verdict.c.face_id)
        .join(content, content.c.id == face.c.content_id)
        .where(verdict.c.status == "confirmed", content.c.id.not_in(shown), ~is_edited(shown))
    )


def is_edited(contents: Select[Any]) -> ColumnElement[bool]:
    """Select faces, joined to ``content``, that are in one of these contents after an edit of their photo."""
    later = content.alias()
    return (
        exists()
        .where(same_face.c.certain, same_face.c.digest == content.c.digest)
        .where(*(same_face.c[name] == face.c[name] for name in "xywh"))
        .where(later.c.digest == same_face.c.later_digest, later.c.id.in_(contents))
    )


def count_exemplars(store: Store) -> int:
    """Count the exemplars of a library."""
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(exemplars().subquery())) or 0


def contents_in_photos() -> CTE:
    """Select contents in a photo: content_id, and missing: 1 if all its photos are missing, else 0."""
    missing = func.min(case((photo.c.missing_since.is_(None), 0), else_=1))
    return (
        select(photo.c.content_id, missing.label("missing"))
        .where(photo.c.content_id.is_not(None))
        .group_by(photo.c.content_id)
        .cte("in_photos")
    )
