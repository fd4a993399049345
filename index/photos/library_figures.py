"""Counts what is in a library, in a transaction of the caller."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, or_, select

from index.figures import ReasonCount, Statistics
from index.people.named_faces import is_in_present_photo, missing_contents, read_lost_contents
from index.photos.films import is_film
from index.photos.left_out import count_left_out
from index.store.schema import (
    content,
    descriptor,
    face,
    film,
    is_shown,
    library,
    photo,
    root,
    stored_face,
    tracklet,
    vector_index,
)
from index.store.statements import is_one_of
from pipeline.values import ModelId


def summarise(connection: Connection, store_bytes: int) -> Statistics:
    """Count everything."""
    chosen = select(library.c.model, library.c.created_at, library.c.detector)
    model, created_at, detector = connection.execute(chosen).one_or_none() or (None, None, None)
    saved = select(vector_index.c.kind, vector_index.c.count).where(vector_index.c.model == model)
    index_kind, indexed_faces = connection.execute(saved).one_or_none() or (None, 0)
    failed = connection.scalars(select(content.c.id).where(content.c.failed_reason.is_not(None))).all()
    photos, shown = _photos(connection), _contents(connection, failed)
    return Statistics(
        **photos,
        **shown,
        **_descriptors(connection, model),
        model=model,
        detector=detector,
        created_at=_time(created_at),
        roots=tuple(connection.scalars(select(root.c.path).where(~root.c.forgotten).order_by(root.c.id))),
        failed=_failed(connection, failed),
        duplicates=_readable(connection, failed) - shown["contents"],
        database_bytes=store_bytes,
        index_kind=index_kind,
        indexed_faces=indexed_faces,
        left_out=count_left_out(connection),
    )


def count_present(connection: Connection) -> tuple[int, int]:
    """Count the present photos, and the faces in their contents."""
    photos = connection.scalar(select(func.count()).where(photo.c.missing_since.is_(None))) or 0
    gone = select(content.c.id).where(
        or_(content.c.failed_reason.is_not(None), ~is_in_present_photo(content.c.id))
    )
    shown = select(func.count()).select_from(face)
    absent = connection.scalar(shown.where(face.c.content_id.in_(gone))) or 0
    return photos, (connection.scalar(shown) or 0) - absent


def _photos(connection: Connection) -> RowMapping:
    present = photo.c.missing_since.is_(None)
    query = select(
        func.count().filter(present).label("photos"),
        func.count().filter(~present).label("missing"),
        func.coalesce(func.sum(photo.c.size).filter(present), 0).label("photo_bytes"),
    ).select_from(photo)
    return connection.execute(query).mappings().one()


def _readable(connection: Connection, failed: Sequence[int]) -> int:
    """Count present photos with a content that could be decoded."""
    has_content = select(func.count()).where(photo.c.missing_since.is_(None), photo.c.content_id.is_not(None))
    failed_ones = has_content.where(is_one_of(photo.c.content_id, failed))
    query = select(has_content.scalar_subquery() - failed_ones.scalar_subquery())
    return connection.scalar(query) or 0


def _failed(connection: Connection, failed: Sequence[int]) -> tuple[ReasonCount, ...]:
    present, itself = photo.c.missing_since.is_(None), photo.c.failed_reason
    files = select(itself).where(present, itself.is_not(None))
    contents = select(content.c.failed_reason).join_from(content, photo)
    reasons = files.union_all(contents.where(present, itself.is_(None), is_one_of(content.c.id, failed)))
    reason, photos = reasons.subquery().c[0], func.count()
    rows = connection.execute(select(reason, photos).group_by(reason).order_by(photos.desc(), reason))
    return tuple(ReasonCount(reason, photos) for reason, photos in rows)


def _contents(connection: Connection, failed: Sequence[int]) -> dict[str, Any]:
    """Count the decoded contents in present photos, and the faces in them, each table in one pass."""
    left_out = sorted({*read_lost_contents(connection), *failed})
    contents = select(
        func.count().label("contents"),
        # Compared as text, whatever their offsets: near enough for photos years apart.
        func.min(content.c.taken_at).label("first_taken"),
        func.max(content.c.taken_at).label("last_taken"),
    ).where(~is_one_of(content.c.id, left_out), content.c.id.not_in(missing_contents()))
    content_id = stored_face.c.content_id
    each = (
        select(func.count().label("faces"))
        .where(is_shown(stored_face.c.id), ~is_one_of(content_id, left_out))
        .where(content_id.not_in(missing_contents()))
        .group_by(content_id)
        .subquery()
    )
    faces = select(
        func.count().label("with_face"),
        func.coalesce(func.sum(each.c.faces), 0).label("faces"),
        func.coalesce(func.max(each.c.faces), 0).label("most_faces"),
    ).select_from(each)
    shown, found = (connection.execute(query).mappings().one() for query in (contents, faces))
    return {
        "contents": shown["contents"],
        "contents_without_face": shown["contents"] - found["with_face"],
        "faces": found["faces"],
        **_films(connection, left_out),
        "most_faces": found["most_faces"],
        **{name: _time(shown[name]) for name in ("first_taken", "last_taken")},
    }


def _films(connection: Connection, left_out: Sequence[int]) -> RowMapping:
    """Count the films in present photos, without some contents, and their faces."""
    films = select(content.c.id).where(is_film)  # others are behind photos
    shown = (
        film.c.content_id.in_(films),
        ~is_one_of(film.c.content_id, left_out),
        film.c.content_id.not_in(missing_contents()),
    )
    faces = (
        select(func.count())
        .select_from(film)
        .join(stored_face, stored_face.c.content_id == film.c.content_id)
    )
    faces = faces.join(tracklet).where(is_shown(stored_face.c.id), *shown)
    query = select(
        func.count().label("films"),
        func.coalesce(func.sum(film.c.duration), 0.0).label("film_seconds"),
        faces.scalar_subquery().label("tracklets"),
    )
    return connection.execute(query.select_from(film).where(*shown)).mappings().one()


def _descriptors(connection: Connection, model: ModelId | None) -> RowMapping:
    size = func.coalesce(func.sum(func.length(descriptor.c.vector)), 0)
    query = select(func.count().label("descriptors"), size.label("descriptor_bytes"))
    query = query.where(descriptor.c.model == model, is_shown(descriptor.c.face_id))
    return connection.execute(query).mappings().one()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
