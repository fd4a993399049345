"""Reads the date in the name that a phone, a camera or a messenger gives to a photo.

A date needs year, month and day in this order: together, as 20190704, or with one separator between both. A
number that merely begins like a year is none.
"""

import os
import re
from datetime import UTC, datetime

from pipeline.decoding.metadata.times import Precision, ReadTime, at_clock
from pipeline.values import DateSource, Taken

# 20190704, 20190704_123045, 20190704123045678: IMG_, PXL_, VID_, IMG-...-WA0001, Screenshot_.
_TOGETHER = re.compile(
    r"(?<!\d)(?P<date>\d{8})(?:[-_ T.]?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?:\d{3})?)?(?!\d)"
)

# 2019-07-04 12.30.45, 2019-07-04 at 1.30.45 PM, 2019-07-04-123045, 2019_07_04: Dropbox, WhatsApp, Signal.
_APART = re.compile(
    r"(?<!\d)(?P<date>\d{4}(?P<between>[-._ ])\d\d(?P=between)\d\d)(?!\d)"
    r"(?:\D{0,8}?[-_ T.](?P<hour>\d\d?)(?P<colon>[-.:_h]?)(?P<minute>\d\d)(?P=colon)(?P<second>\d\d)(?!\d)"
    r"(?:\s?(?P<half>[AP])\.?M)?)?",
    re.IGNORECASE,
)

_SCANNED = re.compile(r"scan", re.IGNORECASE)
"""How scanners begin a name: its date is the day of scanning."""

_IN_UTC = "PXL_"  # as Google's Pixel phones name photos


def file_name_date(path: bytes, now: datetime | None = None) -> Taken | None:
    """Return the time in a file's name; without a time of day it is the date's midnight.

    ``now`` is local time without an offset; later dates make no sense.
    """
    name = os.path.splitext(os.fsdecode(os.path.basename(path)))[0]
    if _SCANNED.match(name):
        return None
    for pattern in (_APART, _TOGETHER):
        for match in pattern.finditer(name):
            time = _time_of(match)
            if time is not None and time.is_plausible(now or datetime.now(), by_a_clock=True):
                is_utc = name.startswith(_IN_UTC) and match["hour"]
                return Taken(time.at.replace(tzinfo=UTC) if is_utc else time.at, DateSource.FILE_NAME)
    return None


def or_by_name(taken: Taken | None, path: bytes) -> Taken | None:
    """Return the date of a file's metadata, or of its name if they say at most when it was last changed."""
    if taken is not None and taken.source is not DateSource.CHANGED:
        return taken
    return file_name_date(path) or taken


def _time_of(match: re.Match[str]) -> ReadTime | None:
    digits = re.sub(r"\D", "", match["date"])
    try:
        day = datetime(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    if match["hour"] is None:
        return ReadTime(day, Precision.DAY)
    hour, minute, second = (int(match[each]) for each in ("hour", "minute", "second"))
    if half := match.groupdict().get("half"):
        hour = hour % 12 + (12 if half in "Pp" else 0)
    try:
        return ReadTime(at_clock(day, hour, minute, second))
    except ValueError:
        return ReadTime(day, Precision.DAY)
