"""Parts of queries: the person of a face, and whether its content is in a photo.

A face is confirmed by a decision, or recognised where no decision covers it or rejects that person.
Conditions on persons or faces belong into these parts, or all named faces are read for one of them.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Float,
    FromClause,
    Select,
    Subquery,
    and_,
    case,
    exists,
    func,
    null,
    or_,
    select,
)

from index.store.schema import BOX, content, face, photo, recognised, rejection, same_face, verdict
from index.store.statements import is_one_of
from index.store.store import Store
from index.values import RELIABLE


def confirmed_faces() -> Select[tuple[int, int, None]]:
    """Select rows of ``verdict`` with a person, as ``recognised_faces`` does those of ``recognised``."""
    no_similarity = null().cast(Float).label("similarity")
    query = select(verdict.c.face_id, verdict.c.person_id, no_similarity)
    return query.where(verdict.c.person_id.is_not(None))


def recognised_faces() -> Select[tuple[int, int, float]]:
    """Select rows of ``recognised`` that no decision covers or contradicts."""
    is_decided = exists().where(verdict.c.face_id == recognised.c.face_id)
    columns = recognised.c
    return select(columns.face_id, columns.person_id, columns.similarity).where(~is_decided, ~is_refused())


def is_refused(row: FromClause = recognised) -> ColumnElement[bool]:
    """Select rows of a table, with a face and a person, whose person a decision rejects for the face."""
    return exists().where(rejection.c.face_id == row.c.face_id, rejection.c.person_id == row.c.person_id)


def is_open(face_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Select faces that no decision covers, and that are not recognised as a person."""
    is_decided = exists().where(verdict.c.face_id == face_id)
    is_recognised = exists().where(recognised.c.face_id == face_id, ~is_refused())
    return and_(~is_decided, ~is_recognised)


def named_faces(persons: Iterable[int] | None = None) -> Subquery:
    """Select faces with a person: face_id, person_id, and the similarity of a recognised face.

    Only the faces of ``persons`` are read, or all.
    """
    confirmed, seen = confirmed_faces(), recognised_faces()
    if persons is not None:
        whose = tuple(persons)
        confirmed = confirmed.where(is_one_of(verdict.c.person_id, whose))
        seen = seen.where(is_one_of(recognised.c.person_id, whose))
    return confirmed.union_all(seen).subquery()


def is_in_photo(content_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Select contents in a photo, perhaps a missing one."""
    return exists().where(photo.c.content_id == content_id)


def is_in_present_photo(content_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Select contents in a photo that is not missing."""
    return exists().where(photo.c.content_id == content_id, photo.c.missing_since.is_(None))


ContentCondition: TypeAlias = Callable[[ColumnElement[int]], ColumnElement[bool]]
"""Makes a condition of a query on the id of a content."""


def read_lost_contents(connection: Connection) -> list[int]:
    """Find the ids of the contents in no photo, rising. They are few, and found in an index of all."""
    query = select(content.c.id).where(~is_in_photo(content.c.id)).order_by(content.c.id)
    return list(connection.scalars(query))


def missing_contents() -> Select[tuple[int]]:
    """Select the ids of the contents in photos that are all missing: one pass over an index."""
    is_missing = func.min(case((photo.c.missing_since.is_(None), 0), else_=1)) == 1
    with_content = select(photo.c.content_id).where(photo.c.content_id.is_not(None))
    return with_content.group_by(photo.c.content_id).having(is_missing)


def exemplars(
    among: Select[tuple[int]] | None = None, is_shown: ContentCondition = is_in_photo
) -> Select[tuple[int, int]]:
    """Select confirmed faces in no photo, by which their persons are still known: face_id, person_id.

    A face that somebody drew, and in which no landmarks were found, is none: nobody is known by it.

    A face that is in a photo after an edit is none (``is_edited``). Only the faces that ``among`` selects are
    read, or all. ``is_shown`` tells which contents count as in a photo.
    """
    query = (
        select(verdict.c.face_id, verdict.c.person_id)
        .join(face, face.c.id == verdict.c.face_id)
        .where(verdict.c.person_id.is_not(None), ~is_shown(face.c.content_id), ~is_edited(among, is_shown))
        .where(func.length(face.c.landmarks) > 0)
    )
    return query if among is None else query.where(verdict.c.face_id.in_(among))


def is_edited(
    among: Select[tuple[int]] | None = None, is_shown: ContentCondition = is_in_photo
) -> ColumnElement[bool]:
    """Select faces in no content that is shown that are in one before or after edits of their photo.

    There the face must be no worse evidence: an edit that blurs it must not cost what its person is known by.
    For ``among`` and ``is_shown`` see ``exemplars``.
    """
    version, here, there = _versions(among, is_shown), content.alias(), face.alias()
    shown = (
        exists()
        .where(here.c.digest == version.c.digest, there.c.content_id == here.c.id, is_shown(here.c.id))
        .where(*(there.c[name].is_not_distinct_from(version.c[name]) for name in BOX))
        .where(or_(there.c.quality >= RELIABLE, there.c.quality >= version.c.quality))
    )
    return face.c.id.in_(select(version.c.face_id).where(shown))


def _versions(among: Select[tuple[int]] | None, is_shown: ContentCondition) -> CTE:
    """Select the edited faces in no content that is shown, each with itself before and after every edit."""
    key = [content.c.digest, *(face.c[name] for name in BOX)]
    start = select(face.c.id.label("face_id"), face.c.quality, *key).join(content)
    if among is None:
        linked = select(same_face.c.digest).union(select(same_face.c.later_digest))
        start = start.where(content.c.digest.in_(linked))
    else:
        start = start.where(face.c.id.in_(among))
    known = start.where(~is_shown(content.c.id)).cte(recursive=True)
    link = same_face.alias()
    earlier, later = _ends(link, [*known.c][2:])
    others = (case((earlier, link.c[f"later_{name}"]), else_=link.c[name]) for name in ("digest", *BOX))
    step = select(known.c.face_id, known.c.quality, *others).join(link, or_(earlier, later))
    is_certain = case((link.c.certain, 1), else_=0) == 1  # SQLite must search by digest, not by this column
    return known.union(step.where(is_certain))


def _ends(link: FromClause, key: Sequence[ColumnElement[Any]]) -> list[ColumnElement[bool]]:
    """Compare the earlier and the later face of a link with a key: a digest and a box."""
    digest, *box = key
    return [
        and_(
            link.c[f"{prefix}digest"] == digest,
            *(link.c[prefix + name].is_not_distinct_from(part) for name, part in zip(BOX, box, strict=True)),
        )
        for prefix in ("", "later_")
    ]


def count_exemplars(store: Store) -> int:
    """Count the exemplars of a library."""
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(exemplars().subquery())) or 0
