"""Reads photos and films as values, by id or by a content that several files may have."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, select, tuple_

from index.photos.dates import source_of
from index.photos.films import is_film
from index.store.schema import content, film, photo
from index.store.store import Store
from pipeline.values import DateSource, Size


@dataclass(frozen=True, slots=True)
class PhotoCopy:
    """A file that has the content of a photo; ``missing`` when its folder was last scanned."""

    photo_id: int
    path: bytes
    missing: bool


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
        note: What of the content is not read, in one line.
        looked_at: Up to which second a film was looked at; ``None`` if to its end.
        copies: Other files with this content, by path.
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
    note: str | None = None
    looked_at: float | None = None
    copies: tuple[PhotoCopy, ...] = ()


@dataclass(frozen=True, slots=True)
class PhotoNeighbours:
    """The photos taken before and after one, of those that are there; photos without a date are the last."""

    previous: int | None
    following: int | None


def read_photo(store: Store, photo_id: int) -> PhotoRecord | None:
    """Read a photo; ``None`` if there is none of this id."""
    with store.read() as connection:
        row = connection.execute(_photos().where(photo.c.id == photo_id)).one_or_none()
        if row is None:
            return None
        others = (
            select(photo.c.id, photo.c.path, photo.c.missing_since.is_not(None))
            .where(photo.c.content_id == row.content_id, photo.c.id != photo_id)
            .order_by(photo.c.path)
        )
        copies = tuple(PhotoCopy(*each) for each in connection.execute(others))
    return _record(row, copies if row.content_id is not None else ())


def read_neighbours(store: Store, photo_id: int) -> PhotoNeighbours:
    """Read which photos were taken before and after one; those of one moment follow as they were found."""
    query = select(content.c.id, content.c.taken_at).join_from(photo, content).where(photo.c.id == photo_id)
    with store.read() as connection:
        here = connection.execute(query).one_or_none()
        if here is None:
            return PhotoNeighbours(None, None)
        return PhotoNeighbours(*(_neighbour(connection, here, later=each) for each in (False, True)))


def _neighbour(connection: Connection, here: Any, *, later: bool) -> int | None:
    taken, number = content.c.taken_at, content.c.id
    undated = taken.is_(None)
    if here.taken_at is None:
        beside = [_first(undated, number > here.id if later else number < here.id, later=later)]
        beside += [] if later else [_first(taken.is_not(None), later=False)]
    else:
        place, own = tuple_(taken, number), tuple_(here.taken_at, here.id)
        beside = [_first(place > own if later else place < own, later=later)]
        beside += [_first(undated, later=True)] if later else []
    for each in beside:
        if (found := connection.execute(each).first()) is not None:
            return int(found[0])
    return None


def _first(*conditions: ColumnElement[bool], later: bool) -> Select[Any]:
    """Select the first content that meets conditions, or the last one, by a photo that is there."""
    of_content = photo.c.content_id == content.c.id, photo.c.missing_since.is_(None)
    shown = select(func.min(photo.c.id)).where(*of_content).scalar_subquery()
    order = (content.c.taken_at, content.c.id)
    return (
        select(shown)
        .select_from(content)
        .where(*conditions, content.c.failed_reason.is_(None), exists(photo.c.id).where(*of_content))
        .order_by(*(order if later else (each.desc() for each in order)))
        .limit(1)
    )


def _photos() -> Select[Any]:
    failure = func.coalesce(photo.c.failed_message, content.c.failed_message).label("failure")
    columns = (photo.c.id, photo.c.path, photo.c.size, photo.c.missing_since, photo.c.content_id)
    of_content = (content.c[name] for name in ("digest", "width", "height", "taken_at", "taken_from", "note"))
    query = select(*columns, *of_content, is_film.label("is_film"), film.c.duration, film.c.until, failure)
    return query.select_from(photo.outerjoin(content).outerjoin(film))


def _record(row: Row[Any], copies: tuple[PhotoCopy, ...]) -> PhotoRecord:
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
        note=row.note,
        looked_at=row.until,
        copies=copies,
    )
