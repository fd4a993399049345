"""Parses dates and times as cameras, editors and archives write them, and tells nonsense from dates.

Nonsense counts as absent, and raises no error.
"""

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from enum import IntEnum

# As EXIF has it, and as programs write it: "2019:07:04 12:30:45", "2019-07-04T12:30Z", "2019:7:4 9:05 PM",
# "2003:08:27:00:09:15". A part may be padded by a space, a value by spaces or NUL bytes.
_DATE = re.compile(r"[\s\0]*(\d{4})[:/.-] ?(\d\d?)[:/.-] ?(\d\d?)(?!\d)")
_PARTIAL = re.compile(r"[\s\0]*(\d{4})(?:[:-](\d\d))?[\s\0]*\Z")
_CLOCK = re.compile(
    r"[\s\0T:]*(\d\d?): ?(\d\d?)(?:: ?(\d\d?)(?:[.,](\d+))?)?(?: ?([AP])\.?M)?", re.IGNORECASE
)
_OFFSET = re.compile(r"[\s\0]*(?:([+-])(\d\d):?(\d\d)\b|Z)")
_SUBSECONDS = re.compile(r"\s*(\d+)")

_WIDEST_OFFSET = timedelta(hours=14)  # Kiribati; a larger one is nonsense

_FIRST_YEAR = 1826
"""Of the oldest photograph that is known."""

_CLOCKS_DIFFER = timedelta(days=2)
"""A photo may be so much younger than this computer's clock says, by time zones and clocks that are wrong."""

_RESET_DAYS = frozenset({(1904, 1, 1), (1969, 12, 31), (1970, 1, 1), (1980, 1, 1)})
"""Days at which a camera's clock, of 0 seconds by QuickTime, Unix (east and west of Greenwich) or FAT, starts
when its battery was empty."""

_RESET_MOMENT = datetime(2000, 1, 1)
"""Where others start; photos of that night were taken later."""


class Precision(IntEnum):
    """The part of a date that is known."""

    YEAR = 1
    MONTH = 2
    DAY = 3
    TIME = 4


@dataclass(frozen=True, slots=True)
class ReadTime:
    """A time that was read: of a date without a time of day its midnight, of a month or year its middle."""

    at: datetime
    precision: Precision = Precision.TIME

    def holds(self, other: "ReadTime") -> bool:
        """Tell whether another time is in the same year, month or day, and known more precisely."""
        parts = self.precision.value
        return other.precision > self.precision and _parts(self.at)[:parts] == _parts(other.at)[:parts]

    def is_plausible(self, now: datetime, *, by_a_clock: bool) -> bool:
        """Tell whether a photo may be of this time; ``by_a_clock``: a camera wrote it, no person."""
        if self.at.year < _FIRST_YEAR or self.at.replace(tzinfo=None) > now + _CLOCKS_DIFFER:
            return False
        is_reset = _parts(self.at) in _RESET_DAYS or self.at.replace(tzinfo=None) == _RESET_MOMENT
        return not (by_a_clock and is_reset)


def parse_time(value: object) -> ReadTime | None:
    """Parse a date, and a time of day and an offset if they follow, or a year or month alone."""
    date = _match(_DATE, value)
    if date is None:
        partial = _match(_PARTIAL, value)
        return partial_date(int(partial[1]), int(partial[2] or 0)) if partial else None
    year, month, day = map(int, date.groups())
    if not day:  # as archives write it: "1998:00:00 00:00:00"
        return partial_date(year, month)
    rest = date.string[date.end() :]
    clock = _CLOCK.match(rest)
    try:
        at = datetime(year, month, day)
        if clock is None:
            return ReadTime(at, Precision.DAY)
        hour, minute, second = (int(each or 0) for each in clock.groups()[:3])
        if clock[5]:
            hour = hour % 12 + (12 if clock[5] in "Pp" else 0)
        at = at_clock(at, hour, minute, second)
    except (ValueError, OverflowError):  # the 31st of February
        return None
    offset = parse_offset(rest[clock.end() :])
    return ReadTime(at.replace(microsecond=parse_subseconds(clock[4]), tzinfo=offset))


def at_clock(day: datetime, hour: int, minute: int, second: int) -> datetime:
    """Return a moment of a day; 24:00:00 is the next midnight, and a leap second the next minute.

    Raises a ``ValueError`` if no clock shows this.
    """
    if minute > 59 or second > 60 or (hour, minute, second) > (24, 0, 0):
        raise ValueError("no time of day")
    return day + timedelta(hours=hour, minutes=minute, seconds=second)


def partial_date(year: int, month: int) -> ReadTime | None:
    """Return the middle of a month, or of a year if ``month`` is 0; ``None`` if there is none."""
    if not 1 <= year <= 9999 or not 0 <= month <= 12:
        return None
    if not month:
        return ReadTime(datetime(year, 7, 2, 12), Precision.YEAR)
    return ReadTime(datetime(year, month, monthrange(year, month)[1] // 2 + 1), Precision.MONTH)


def parse_mail_time(value: str) -> ReadTime | None:
    """Parse a time as ``parse_time`` does, or as in e-mails, as the specification of PNG proposes."""
    found = parse_time(value)
    if found is not None:
        return found
    try:
        return ReadTime(parsedate_to_datetime(value[:100]))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def with_details(time: ReadTime, offset: object, subseconds: object) -> ReadTime:
    """Add an offset and subseconds, as EXIF has them in tags of their own, if ``time`` has none."""
    at = time.at
    if at.tzinfo is None:
        at = at.replace(tzinfo=parse_offset(offset))
    if not at.microsecond:
        at = at.replace(microsecond=parse_subseconds(subseconds))
    return replace(time, at=at)


def parse_subseconds(value: object) -> int:
    """Return microseconds; the value holds the digits after the decimal point."""
    match = _match(_SUBSECONDS, value)
    return int(match[1][:6].ljust(6, "0")) if match else 0


def parse_offset(value: object) -> timezone | None:
    """Parse an offset from UTC, such as ``+05:45`` or ``Z``."""
    match = _match(_OFFSET, value)
    if match is None:
        return None
    if match[1] is None:
        return UTC
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if offset > _WIDEST_OFFSET:
        return None
    return timezone(-offset if match[1] == "-" else offset)


def _match(pattern: re.Pattern[str], value: object) -> re.Match[str] | None:
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return pattern.match(text) if isinstance(text, str) else None


def _parts(at: datetime) -> tuple[int, int, int]:
    return at.year, at.month, at.day
