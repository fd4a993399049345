"""Computes how old somebody is in a photo; the date of birth may be known only to the month or year."""

from datetime import datetime


def age_at(born: str | None, taken_at: datetime | None) -> int | None:
    """Return the age in full years; where only the year of birth is known, the one reached in that year.

    ``born`` is a day, month or year in ISO 8601. ``None`` without a date, and before the birth.
    """
    if born is None or taken_at is None:
        return None
    year, *rest = map(int, born.split("-"))
    before_birthday = bool(rest) and (taken_at.month, taken_at.day)[: len(rest)] < tuple(rest)
    age = taken_at.year - year - before_birthday
    return age if age >= 0 else None
