"""Parts of queries: the person of a face, and the contents in photos.

A face is confirmed by a decision, or recognised where no decision covers it or rejects that person.
"""

from sqlalchemy import CTE, Float, Select, and_, case, func, null, select

from index.store.schema import photo, recognised, rejection, verdict


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


def contents_in_photos() -> CTE:
    """Select contents in a photo: content_id, and missing: 1 if all its photos are missing, else 0."""
    missing = func.min(case((photo.c.missing_since.is_(None), 0), else_=1))
    return (
        select(photo.c.content_id, missing.label("missing"))
        .where(photo.c.content_id.is_not(None))
        .group_by(photo.c.content_id)
        .cte("in_photos")
    )
