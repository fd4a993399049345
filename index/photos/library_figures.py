"""A library in figures, counted inside a transaction that the caller began."""

from datetime import datetime

from sqlalchemy import Connection, RowMapping, Subquery, func, select

from index.store.schema import content, descriptor, face, library, photo, root, vector_index
from index.values import ReasonCount, Statistics
from pipeline.values import ModelId


def summarise(connection: Connection, store_bytes: int) -> Statistics:
    """Count everything."""
    chosen = connection.execute(select(library.c.model, library.c.created_at)).one_or_none()
    model = None if chosen is None else ModelId(chosen.model)
    failed = _failed(connection)
    photos = _photos(connection)
    shown = _contents(connection)
    described = _descriptors(connection, model)
    query = select(vector_index.c.kind, vector_index.c.count).where(vector_index.c.model == model)
    saved = connection.execute(query).one_or_none()
    return Statistics(
        model=model,
        created_at=None if chosen is None else _time(chosen.created_at),
        roots=tuple(connection.scalars(select(root.c.path).order_by(root.c.id))),
        photos=photos["present"],
        photo_bytes=photos["bytes"],
        missing=photos["missing"],
        failed=failed,
        contents=shown["contents"],
        contents_without_face=shown["without_face"],
        most_faces=shown["most_faces"],
        duplicates=photos["present"] - sum(each.photos for each in failed) - shown["contents"],
        faces=shown["faces"],
        first_taken=_time(shown["first"]),
        last_taken=_time(shown["last"]),
        descriptors=described["count"],
        descriptor_bytes=described["bytes"],
        database_bytes=store_bytes,
        index_kind=saved[0] if saved else None,
        indexed_faces=saved[1] if saved else 0,
    )


def _photos(connection: Connection) -> RowMapping:
    present = photo.c.missing_since.is_(None)
    query = select(
        func.count().filter(present).label("present"),
        func.count().filter(~present).label("missing"),
        func.coalesce(func.sum(photo.c.size).filter(present), 0).label("bytes"),
    ).select_from(photo)
    return connection.execute(query).mappings().one()


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


def _contents(connection: Connection) -> RowMapping:
    each = _shown()
    query = select(
        func.count().label("contents"),
        func.count().filter(each.c.faces == 0).label("without_face"),
        func.coalesce(func.sum(each.c.faces), 0).label("faces"),
        func.coalesce(func.max(each.c.faces), 0).label("most_faces"),
        # As text: local times in order, whatever their offsets. Years apart, that is near enough.
        func.min(each.c.taken_at).label("first"),
        func.max(each.c.taken_at).label("last"),
    ).select_from(each)
    return connection.execute(query).mappings().one()


def _shown() -> Subquery:
    """The readable contents of present photos, each once, with how many faces it has."""
    faces = select(func.count()).where(face.c.content_id == content.c.id).scalar_subquery()
    present = select(photo.c.id).where(photo.c.content_id == content.c.id, photo.c.missing_since.is_(None))
    return (
        select(content.c.taken_at, faces.label("faces"))
        .where(content.c.failed_reason.is_(None), present.exists())
        .subquery()
    )


def _descriptors(connection: Connection, model: ModelId | None) -> RowMapping:
    size = func.coalesce(func.sum(func.length(descriptor.c.vector)), 0)
    query = select(func.count().label("count"), size.label("bytes")).where(descriptor.c.model == model)
    return connection.execute(query).mappings().one()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
