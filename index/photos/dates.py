"""Decides which of two dates of a content counts, where it is in several files, or in one written anew."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pipeline.values import DateSource

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


def counts(source: DateSource | None, stored: StoredDate, is_only_file: Callable[[], bool]) -> bool:
    """Tell whether a date that was read now takes the place of the stored one.

    Of several files the better source counts, of equally good ones that was read last; a name only if no
    earlier name says a date, so that renaming changes none. What the metadata of the only file say now
    counts always. A date of an unknown source, from before 0008, was in EXIF.
    """
    if stored.taken_at is None:
        return True
    if stored.taken_from is None or source is None:
        return source not in _GUESSES or is_only_file()
    before = DateSource(stored.taken_from)
    if source in _GUESSES:
        return _RANKS[source] < _RANKS[before] or source is before is DateSource.CHANGED
    return _RANKS[source] <= _RANKS[before] or is_only_file()
