"""Decides which of two dates of a content counts, where it is in several files, or in one written anew.

Dates that were read before sources were stored are read again, once, by `faceindex.scanning.date_again`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update

from index.people.named_faces import is_in_present_photo
from index.photos.films import is_film
from index.photos.known_contents import read_contents
from index.store.schema import content
from index.store.statements import is_one_of
from index.store.store import Store
from index.values import KnownContent
from pipeline.values import DateSource, Taken

_RANKS = {source: rank for rank, source in enumerate(DateSource)}

_GUESSES = frozenset({DateSource.FILE_NAME, DateSource.CHANGED})
"""What may say another day in each copy: no metadata say when the photo was taken."""


NO_SOURCE = "none"
"""Stored as the source where all sources were looked at and none has a date."""


@dataclass(frozen=True, slots=True)
class StoredDate:
    """A content's ``taken_at`` and ``taken_from``, as its row has them."""

    taken_at: str | None
    taken_from: str | None


def stored_source(taken_at: datetime | None, source: DateSource | None) -> str | None:
    """Return what is stored as the source of a date; of none, too."""
    return NO_SOURCE if taken_at is None else source


def source_of(stored: str | None) -> DateSource | None:
    """Return the stored source; ``None`` without a date, or where a date was read before 0008."""
    return None if stored in (None, NO_SOURCE) else DateSource(stored)


class OldDates:
    """The contents whose dates were looked for before 0008, in EXIF alone; each method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def contents(self, after: int, limit: int) -> tuple[KnownContent, ...]:
        """Read the first of them after an id that have a present photo and are no films, by rising id."""
        columns = content.c
        query = (
            select(columns.id, columns.digest)
            .where(columns.id > after, columns.taken_from.is_(None), columns.failed_reason.is_(None))
            .where(is_in_present_photo(columns.id), ~is_film)
            .order_by(columns.id)
            .limit(limit)
        )
        with self._store.read() as connection:
            return tuple(read_contents(connection, connection.execute(query).all()))

    def store(self, dates: Mapping[int, Taken | None]) -> int:
        """Store the dates that were found, by content; count those that are others than before."""
        with self._store.write() as connection:
            known = select(content.c.id, content.c.taken_at).where(is_one_of(content.c.id, sorted(dates)))
            before = {row.id: row.taken_at for row in connection.execute(known)}
            rows = [
                {
                    "content": content_id,
                    "at": None if found is None else found.at.isoformat(),
                    "source": NO_SOURCE if found is None else found.source.value,
                }
                for content_id, found in dates.items()
            ]
            if rows:
                change = update(content).where(content.c.id == bindparam("content"))
                change = change.values(taken_at=bindparam("at"), taken_from=bindparam("source"))
                connection.execute(change, rows)
            return sum(row["at"] != before.get(row["content"]) for row in rows)


def counts(source: DateSource | None, stored: StoredDate, is_only_file: Callable[[], bool]) -> bool:
    """Tell whether a date that was read now takes the place of the stored one.

    Of several files the better source counts, of equally good ones that was read last; a name only if no
    earlier name says a date, so that renaming changes none. What the metadata of the only file say now
    counts always. What is known since before 0008 is what EXIF says, so that no name counts before its
    metadata are read again.
    """
    before = source_of(stored.taken_from)
    if stored.taken_from is None and source in _GUESSES:
        return source is DateSource.CHANGED and is_only_file()
    if stored.taken_at is None or source is None or before is None:
        return True
    if source in _GUESSES:
        return _RANKS[source] < _RANKS[before] or source is before is DateSource.CHANGED
    return _RANKS[source] <= _RANKS[before] or is_only_file()
