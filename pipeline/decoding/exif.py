"""Reads a photo's orientation and time from its EXIF.

Tags are those of EXIF 2.32 (CIPA DC-008). Cameras and editors write much nonsense: it counts as absent, and
raises no error.
"""

import re
import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

from PIL import Image

from pipeline.decoding.format_reader import PhotoHeader
from pipeline.values import Size

_EXIF_IFD = 0x8769
_ORIENTATION = 0x0112
_SHORT = 3  # type of a two-byte number
_FIRST_OFFSET = 4  # where the header gives the first directory
_COUNT_BYTES, _ENTRY_BYTES = 2, 12

# Time, offset, subseconds of DateTimeOriginal, DateTimeDigitized, DateTime: the first valid time counts.
# All are in the EXIF directory, except DateTime itself, which is in the first.
_DATE_TIME = 0x0132
_TIMES = ((0x9003, 0x9011, 0x9291), (0x9004, 0x9012, 0x9292), (_DATE_TIME, 0x9010, 0x9290))

# As EXIF has it, and as programs write it: "2019:07:04 12:30:45", "2019-07-04T12:30Z", "2019:7:4 9:05 PM".
# A part may be padded by a space, a value by spaces or NUL bytes.
_DATE = re.compile(r"[\s\0]*(\d{4})[:/.-] ?(\d\d?)[:/.-] ?(\d\d?)(?!\d)")
_CLOCK = re.compile(r"[\s\0T]*(\d\d?): ?(\d\d?)(?:: ?(\d\d?)(?:[.,](\d+))?)?(?: ?([AP])\.?M)?", re.IGNORECASE)
_OFFSET = re.compile(r"[\s\0]*(?:([+-])(\d\d):?(\d\d)\b|Z)")
_SUBSECONDS = re.compile(r"\s*(\d+)")

_WIDEST_OFFSET = timedelta(hours=14)  # Kiribati; a larger one is nonsense

# What Pillow raises on damaged EXIF: foreign headers, values of a wrong type, offsets out of range.
_EXIF_ERRORS = (SyntaxError, ValueError, TypeError, LookupError, OverflowError, OSError, struct.error)


def read_header(image: Image.Image) -> PhotoHeader:
    """Return a picture's size, and orientation and time from its EXIF, or upright and no time.

    The picture must be loaded: PNG may hold EXIF after the pixels, and Pillow turns a TIFF upright while
    loading it and drops the tag.
    """
    size = Size(*image.size)
    try:
        exif = image.getexif()
        orientation = exif.get(_ORIENTATION)
        first = {_DATE_TIME: exif.get(_DATE_TIME)}
    except _EXIF_ERRORS:
        return PhotoHeader(size, _valid_orientation(_orientation_in(image.info.get("exif"))), None)
    if orientation is None:  # Pillow gives up at the first tag that it cannot read
        orientation = _orientation_in(image.info.get("exif"))
    try:
        tags = {**exif.get_ifd(_EXIF_IFD), **first}
    except _EXIF_ERRORS:
        tags = first
    return PhotoHeader(size, _valid_orientation(orientation), _taken_at(tags))


def read_metadata(block: bytes) -> PhotoHeader:
    """Return what a block of EXIF says, of no picture; its size is 1 x 1."""
    image = Image.new("L", (1, 1))
    image.info["exif"] = block
    return read_header(image)


def _orientation_in(block: object) -> int | None:
    """Return the orientation in a block of EXIF, even if the rest is damaged (TIFF 6.0, section 2)."""
    if not isinstance(block, bytes):
        return None
    block = block.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None or len(block) < _FIRST_OFFSET + 4:
        return None
    (start,) = struct.unpack_from(order + "I", block, _FIRST_OFFSET)
    entries = block[start + _COUNT_BYTES :]
    (count,) = struct.unpack(order + "H", block[start : start + _COUNT_BYTES].ljust(_COUNT_BYTES, b"\0"))
    for number in range(min(count, len(entries) // _ENTRY_BYTES)):
        entry = struct.unpack_from(order + "HHIH", entries, number * _ENTRY_BYTES)
        if entry[:3] == (_ORIENTATION, _SHORT, 1):
            return int(entry[3])
    return None


def _valid_orientation(value: object) -> int:
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _taken_at(tags: Mapping[int, object]) -> datetime | None:
    for time, offset, subseconds in _TIMES:
        taken_at = _parse_time(tags.get(time))
        if taken_at is None:
            continue
        if taken_at.tzinfo is None:
            taken_at = taken_at.replace(tzinfo=_parse_offset(tags.get(offset)))
        if not taken_at.microsecond:
            taken_at = taken_at.replace(microsecond=_parse_subseconds(tags.get(subseconds)))
        return taken_at
    return None


def _match(pattern: re.Pattern[str], value: object) -> re.Match[str] | None:
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return pattern.match(text) if isinstance(text, str) else None


def _parse_time(value: object) -> datetime | None:
    """Parse a date, and a time of day and an offset if they follow; a date alone is its midnight."""
    date = _match(_DATE, value)
    if date is None:
        return None
    rest = date.string[date.end() :]
    clock = _CLOCK.match(rest)
    try:
        year, month, day_of_month = map(int, date.groups())
        day = datetime(year, month, day_of_month)
        if clock is None:
            return day
        hour, minute, second = (int(each or 0) for each in clock.groups()[:3])
        if clock[5]:
            hour = hour % 12 + (12 if clock[5] in "Pp" else 0)
        return day.replace(
            hour=hour,
            minute=minute,
            second=second,
            microsecond=_parse_subseconds(clock[4]),
            tzinfo=_parse_offset(rest[clock.end() :]),
        )
    except ValueError:  # 0000:00:00, the 31st of February
        return None


def _parse_subseconds(value: object) -> int:
    """Return microseconds; the tag holds the digits after the decimal point."""
    match = _match(_SUBSECONDS, value)
    return int(match[1][:6].ljust(6, "0")) if match else 0


def _parse_offset(value: object) -> timezone | None:
    match = _match(_OFFSET, value)
    if match is None:
        return None
    if match[1] is None:
        return UTC
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if offset > _WIDEST_OFFSET:
        return None
    return timezone(-offset if match[1] == "-" else offset)
