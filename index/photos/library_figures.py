"""Counts what is in a library, in a transaction of the caller."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from index.store.schema import content, descriptor, face, is_shown, library, photo, root, vector_index
from index.values import ReasonCount, Statistics
from pipeline.values import ModelId


def summarise(connection: Connection, store_bytes: int) -> Statistics:
    """Count everything."""
    chosen = select(library.c.model, library.c.created_at, library.c.detector)
    model, created_at, detector = connection.execute(chosen).one_or_none() or (None, None, None)
    saved = select(vector_index.c.kind, vector_index.c.count).where(vector_index.c.model == model)
    index_kind, indexed_faces = connection.execute(saved).one_or_none() or (None, 0)
    photos, shown = _photos(connection), _contents(connection)
    return Statistics(
        **photos,
        **shown,
        **_descriptors(connection, model),
        model=model,
        detector=detector,
        created_at=_time(created_at),
        roots=tuple(connection.scalars(select(root.c.path).where(~root.c.forgotten).order_by(root.c.id))),
        failed=_failed(connection),
        duplicates=_readable(connection) - shown["contents"],
        database_bytes=store_bytes,
        index_kind=index_kind,
        indexed_faces=indexed_faces,
    )


def count_present(connection: Connection) -> tuple[int, int]:
    """Count the present photos, and the faces in them; reads no face."""
    photos = connection.scalar(select(func.count()).where(photo.c.missing_since.is_(None))) or 0
    present = select(photo.c.id).where(photo.c.content_id == content.c.id, photo.c.missing_since.is_(None))
    gone = select(content.c.id).where(~present.exists())
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


def _readable(connection: Connection) -> int:
    """Count present photos with a content that could be decoded."""
    query = select(func.count()).select_from(photo.join(content))
    readable = query.where(photo.c.missing_since.is_(None), content.c.failed_reason.is_(None))
    return connection.scalar(readable) or 0


def _failed(connection: Connection) -> tuple[ReasonCount, ...]:
    reason = func.coalesce(photo.c.failed_reason, content.c.failed_reason)
    photos = func.count()
    rows = connection.execute(
        select(reason, photos)
        .select_from(photo)
        .outerjoin(content)
        .where(photo.c.missing_since.is_(None), reason.is_not(None))
        .group_by(reason)
        .order_by(photos.desc(), reason)
    )
    return tuple(ReasonCount(reason, photos) for reason, photos in rows)


def _contents(connection: Connection) -> dict[str, Any]:
    faces = select(func.count()).where(face.c.content_id == content.c.id).scalar_subquery()
    present = select(photo.c.id).where(photo.c.content_id == content.c.id, photo.c.missing_since.is_(None))
    each = (
        select(content.c.taken_at, faces.label("faces"))
        .where(content.c.failed_reason.is_(None), present.exists())
        .subquery()
    )
    query = select(
        func.count().label("contents"),
        func.count().filter(each.c.faces == 0).label("contents_without_face"),
        func.coalesce(func.sum(each.c.faces), 0).label("faces"),
        func.coalesce(func.max(each.c.faces), 0).label("most_faces"),
        # Compared as text, whatever their offsets: near enough for photos years apart.
        func.min(each.c.taken_at).label("first_taken"),
        func.max(each.c.taken_at).label("last_taken"),
    ).select_from(each)
    row = connection.execute(query).mappings().one()
    return {**row, **{name: _time(row[name]) for name in ("first_taken", "last_taken")}}


def _descriptors(connection: Connection, model: ModelId | None) -> RowMapping:
    size = func.coalesce(func.sum(func.length(descriptor.c.vector)), 0)
    query = select(func.count().label("descriptors"), size.label("descriptor_bytes"))
    query = query.where(descriptor.c.model == model, is_shown(descriptor.c.face_id))
    return connection.execute(query).mappings().one()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
