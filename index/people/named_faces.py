"""Parts of queries: the person of a face, and the contents in photos.

A face is confirmed by a decision, or recognised where no decision covers it or rejects that person.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Float,
    FromClause,
    Select,
    and_,
    case,
    exists,
    func,
    null,
    or_,
    select,
)

from index.store.schema import content, face, photo, recognised, rejection, same_face, verdict
from index.store.store import Store
from index.values import RELIABLE


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

    A face that is in a photo after an edit is none (``is_edited``). ``contents`` selects the ids of those
    that count as in a photo, by default all that are.
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
    """Select faces in none of these contents that are in one before or after edits of their photo.

    There the face must be no worse evidence: an edit that blurs it must not cost what its person is known by.
    """
    version, here, there = _versions(contents), content.alias(), face.alias()
    shown = (
        exists()
        .where(here.c.digest == version.c.digest, there.c.content_id == here.c.id)
        .where((here.c.id + 0).in_(contents))  # else SQLite tries each of these contents with the digest
        .where(*(there.c[name] == version.c[name] for name in "xywh"))
        .where(or_(there.c.quality >= RELIABLE, there.c.quality >= version.c.quality))
    )
    return face.c.id.in_(select(version.c.face_id).where(shown))


def _versions(contents: Select[Any]) -> CTE:
    """Select the edited faces in none of these contents, each with itself before and after every edit."""
    linked = select(same_face.c.digest).union(select(same_face.c.later_digest))
    key = [content.c.digest, *(face.c[name] for name in "xywh")]
    start = select(face.c.id.label("face_id"), face.c.quality, *key).join(content)
    edited = start.where(content.c.digest.in_(linked), content.c.id.not_in(contents))
    known = edited.cte(recursive=True)
    link = same_face.alias()
    earlier, later = _ends(link, [*known.c][2:])
    others = (case((earlier, link.c[f"later_{name}"]), else_=link.c[name]) for name in ("digest", *"xywh"))
    step = select(known.c.face_id, known.c.quality, *others).join(link, or_(earlier, later))
    is_certain = case((link.c.certain, 1), else_=0) == 1  # SQLite must search by digest, not by this column
    return known.union(step.where(is_certain))


def _ends(link: FromClause, key: Sequence[ColumnElement[Any]]) -> list[ColumnElement[bool]]:
    """Compare the earlier and the later face of a link with a key: digest, x, y, w and h."""
    return [
        and_(*(link.c[prefix + name] == part for name, part in zip(("digest", *"xywh"), key, strict=True)))
        for prefix in ("", "later_")
    ]


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
