"""Reads photos and films as values, by id or by a content that several files may have."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from index.photos.dates import source_of
from index.photos.films import is_film
from index.store.schema import content, film, photo
from index.store.store import Store
from pipeline.values import DateSource, Size


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """A photo or film of the library, as it was last read.

    Attributes:
        photo_id: Stays the same where the file moves.
        path: Absolute.
        digest: Of its content, 32 bytes; ``None`` where it never could be read, like ``size``.
        size: Width and height in pixels, upright.
        file_bytes: The size of the file.
        taken_at: By the photo's own clock.
        missing: The file was gone when its folder was last scanned.
        film: Seconds of a film, or of the film behind a photo; ``None`` without one, or if not looked at.
        is_film: The file is a film.
        failure: Why the file could not be read, in one line; what was read earlier stays.
        copies: Paths of other files with this content, present ones.
    """

    photo_id: int
    path: bytes
    digest: bytes | None
    size: Size | None
    file_bytes: int
    taken_at: datetime | None
    taken_from: DateSource | None
    missing: bool
    film: float | None
    is_film: bool
    failure: str | None
    copies: tuple[bytes, ...] = ()


def read_photo(store: Store, photo_id: int) -> PhotoRecord | None:
    """Read a photo; ``None`` if there is none of this id."""
    with store.read() as connection:
        row = connection.execute(_photos().where(photo.c.id == photo_id)).one_or_none()
        if row is None:
            return None
        others = (
            select(photo.c.path)
            .where(photo.c.content_id == row.content_id, photo.c.missing_since.is_(None))
            .where(photo.c.id != photo_id)
            .order_by(photo.c.path)
        )
        copies = () if row.content_id is None else tuple(connection.scalars(others))
    return _record(row, copies)


def _photos() -> Select[Any]:
    failure = func.coalesce(photo.c.failed_message, content.c.failed_message).label("failure")
    columns = (photo.c.id, photo.c.path, photo.c.size, photo.c.missing_since, photo.c.content_id)
    of_content = (content.c[name] for name in ("digest", "width", "height", "taken_at", "taken_from"))
    query = select(*columns, *of_content, is_film.label("is_film"), film.c.duration, failure)
    return query.select_from(photo.outerjoin(content).outerjoin(film))


def _record(row: Row[Any], copies: tuple[bytes, ...]) -> PhotoRecord:
    taken_at = None if row.taken_at is None else datetime.fromisoformat(row.taken_at)
    return PhotoRecord(
        photo_id=row.id,
        path=row.path,
        digest=row.digest,
        size=None if row.width is None else Size(row.width, row.height),
        file_bytes=row.size,
        taken_at=taken_at,
        taken_from=None if taken_at is None else source_of(row.taken_from),
        missing=row.missing_since is not None,
        film=row.duration,
        is_film=bool(row.is_film),
        failure=row.failure,
        copies=copies,
    )
